"""The table: what is sent in which field, and the code with which it is refused.

A row names the thing that is made (its good body is in `good.py`), the field, the code as a pattern, and the values. A
field that is named in the answer by another path says so.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from tests.badinput.values import (
    BIG_NUMBERS,
    BLANKS,
    CONTROLS,
    FOREIGN_ZONES,
    INNER_URLS,
    NOT_A_NUMBER,
    NOT_A_TEXT,
    NOT_AN_OBJECT,
    TWO_LINES,
    ZONE_PATHS,
)


@dataclass(frozen=True)
class Case:
    """One bad value in one field."""

    thing: str
    field: str
    code: str
    value: Any
    at: str

    def __str__(self) -> str:
        return f"{self.thing}.{self.field} = {str(self.value)[:60]!r}"

    def is_told_by(self, fields: dict[str, list[dict[str, Any]]]) -> bool:
        """Say whether the answer names the fault where it is."""
        return any(
            re.fullmatch(self.code, fault["code"])
            for path, faults in fields.items()
            if path == self.at or path.startswith(f"{self.at}.")
            for fault in faults
        )


def _rows(thing: str, field: str, code: str, values: list[Any], at: str = "") -> Iterator[Case]:
    for value in values:
        yield Case(thing, field, code, value, at or field)


def _group(thing: str, *rows: tuple[Any, ...]) -> list[Case]:
    return [case for row in rows for case in _rows(thing, *row)]


_NAME = [
    ("name", "blank", BLANKS),
    ("name", "characters", CONTROLS),
    ("name", "one_line", TWO_LINES),
    ("name", "type", NOT_A_TEXT),
]

CRON = _group(
    "task",
    (
        "cron",
        "cron_.*",
        ["", "   ", "\t", "* * * *", "* * * * * *", "* * * * * * *", "*****", "a b c d e", "0 0 * * * root"],
    ),
    (
        "cron",
        "cron_.*",
        ["60 * * * *", "-1 * * * *", "1.5 * * * *", "1e1 * * * *", "0x5 * * * *", "+5 * * * *", "９ * * * *"],
    ),
    (
        "cron",
        "cron_.*",
        ["* 24 * * *", "* -1 * * *", "* * 0 * *", "* * 32 * *", "* * * 0 *", "* * * 13 *", "* * * * 8"],
    ),
    (
        "cron",
        "cron_.*",
        ["*/0 * * * *", "*/-1 * * * *", "*/61 * * * *", "*/ * * * *", "5-1 * * * *", "5- * * * *", "-5 * * * *"],
    ),
    (
        "cron",
        "cron_.*",
        ["1,,2 * * * *", ",1 * * * *", "1, * * * *", "1;2 * * * *", "* * * FOO *", "* * * * MOO", "* * * * MON-"],
    ),
    (
        "cron",
        "cron_.*",
        [
            "0 0 30 2 *",
            "0 0 31 2 *",
            "0 0 31 4,6,9,11 *",
            "0 0 * * FRI#6",
            "0 0 * * FRI#0",
            "0 0 32W * *",
            "0 0 0W * *",
        ],
    ),
    (
        "cron",
        "cron_.*",
        ["@never", "@reboot", "@", "@every", "@every 0s", "@dailyy", "%s", "${x}", "`id`", "; rm -rf /", "L * * * *"],
    ),
    (
        "cron",
        "cron_.*|characters|too_long",
        ["* * * * *\x00", "0 0 * * *\n0 1 * * *", "1," * 200 + "1 * * * *", "*" * 5000, "1-5/" * 80 + " * * * *"],
    ),
    ("cron", "type", [0, 5, True, 1.5, [], ["* * * * *"], {}, {"minute": "5"}]),
)
ZONES = _group(
    "task",
    ("timezone", "timezone_unknown", [*FOREIGN_ZONES, *ZONE_PATHS, "", " ", "\u200b", "x" * 5000]),
    ("timezone", "characters", CONTROLS),
    ("timezone", "type|timezone_unknown", NOT_A_TEXT),
)
DATES = _group(
    "task",
    ("run_at", "time_nonexistent|dst_gap|.*gap.*|nonexistent", ["2027-03-28T02:30:00", "2027-03-28T02:00:00"]),
    ("run_at", ".*ambiguous.*|.*overlap.*|.*twice.*", ["2026-10-25T02:30:00", "2027-10-31T02:59:59"]),
    ("run_at", "in_past", ["2001-01-01T00:00:00Z", "1970-01-01T00:00:00Z"]),
    (
        "run_at",
        ".*",
        [
            "",
            "now",
            "tomorrow at",
            "2027-13-01T00:00:00Z",
            "2027-02-29T00:00:00Z",
            "2027-01-01T24:30:00Z",
            "2027-01-01T00:60:00Z",
        ],
    ),
    (
        "run_at",
        ".*",
        [
            "2027-01-01T00:00:00+25:00",
            "20270101",
            "1767225600",
            "2027-W01-1",
            "0000-01-01T00:00:00Z",
            "0001-01-01T00:00:00+14:00",
        ],
    ),
    (
        "run_at",
        ".*",
        [
            "9999-12-31T23:59:59-14:00",
            "9999-12-31T23:59:59Z",
            "+002027-01-01T00:00:00Z",
            "2027-01-01T00:00:00Z\x00",
            "２027-01-01T00:00:00Z",
        ],
    ),
    ("run_at", "type", [0, 1767225600, 1.5, True, [], {}, ["2027-01-01T00:00:00Z"]]),
    (
        "starts_at",
        ".*",
        [
            "",
            "x",
            "2027-03-28T02:30:00",
            "2026-10-25T02:30:00",
            "9999-12-31T23:59:59-14:00",
            "0001-01-01T00:00:00+14:00",
        ],
    ),
    ("ends_at", ".*", ["", "x", "2001-01-01T00:00:00Z", "2027-03-28T02:30:00", "9999-12-31T23:59:59-14:00"]),
)
SCHEDULES = _group(
    "task",
    ("schedule", "type", [*NOT_AN_OBJECT]),
    (
        "schedule",
        ".*",
        [
            {},
            {"kind": None},
            {"kind": "x"},
            {"kind": []},
            {"kind": {}},
            {"kind": "cron"},
            {"kind": "cron", "expression": None},
        ],
    ),
    (
        "schedule",
        ".*",
        [
            {"kind": "every"},
            {"kind": "every", "minutes": 0},
            {"kind": "every", "minutes": -1},
            {"kind": "every", "minutes": "5"},
        ],
    ),
    (
        "schedule",
        ".*",
        [
            {"kind": "every", "minutes": True},
            {"kind": "every", "minutes": 1.5},
            {"kind": "every", "days": 10**12},
            {"kind": "every", "seconds": 1},
        ],
    ),
    (
        "schedule",
        ".*",
        [
            {"kind": "every", "minutes": 5, "hours": 1},
            {"kind": "every", "minutes": 5, "more": 1},
            {"kind": "hourly", "minute": 60},
        ],
    ),
    (
        "schedule",
        ".*",
        [
            {"kind": "daily", "time": "24:00"},
            {"kind": "daily", "time": "9"},
            {"kind": "daily", "time": 540},
            {"kind": "weekly", "days": [], "time": "09:00"},
        ],
    ),
    (
        "schedule",
        ".*",
        [{"kind": "weekly", "days": "mon", "time": "09:00"}, {"kind": "weekly", "days": ["mond"], "time": "09:00"}],
    ),
    (
        "schedule",
        ".*",
        [
            {"kind": "monthly", "day": 0, "time": "09:00"},
            {"kind": "monthly", "day": 32, "time": "09:00"},
            {"kind": "yearly", "month": 2, "day": 30, "time": "09:00"},
        ],
    ),
    (
        "schedule",
        ".*",
        [
            {"kind": "text", "text": ""},
            {"kind": "text", "text": "\x00"},
            {"kind": "text", "text": "every"},
            {"kind": "text", "text": "every " * 2000},
        ],
    ),
    (
        "schedule",
        ".*",
        [
            {"kind": "any", "of": []},
            {"kind": "any", "of": {}},
            {"kind": "any", "of": [1]},
            {"kind": "any", "of": [{"kind": "any", "of": []}]},
        ],
    ),
    (
        "schedule",
        ".*",
        [
            {"kind": "once", "run_at": "2001-01-01T00:00:00Z"},
            {"kind": "once"},
            {"kind": "any", "of": [{"kind": "daily", "time": "09:00"}] * 500},
        ],
    ),
)
TASK_TEXTS = _group(
    "task",
    *_NAME,
    ("name", "too_long", ["x" * 201, "😀" * 201]),
    ("description", "characters", CONTROLS),
    ("description", "too_long", ["x" * 10_001]),
    ("description", "type", NOT_A_TEXT),
    ("key", "blank", BLANKS),
    ("key", "characters", CONTROLS),
    ("key", "one_line", TWO_LINES),
    ("key", "too_long", ["k" * 201]),
    ("tags", "type", ["a", 5, {}, True, {"0": "a"}]),
    ("tags", "too_many", [["t"] * 21]),
    (
        "tags",
        "blank|type|too_long|characters|one_line",
        [[""], [None], [5], [["a"]], ["x" * 51], ["\u200b"], ["a\x00"], ["\ud800"], ["a\nb"]],
    ),
    ("type", "unknown", ["", "nope", "../x", "EXPORT_REPORT", "export_report ", "probe", "ｅxport_report"]),
    ("type", "characters", CONTROLS),
    ("type", "type", NOT_A_TEXT),
    ("queue", "unknown", ["", "nope", "DEFAULT", "default ", "x" * 5000]),
    ("queue", "characters", CONTROLS),
    ("calendar", "unknown|.*", ["nope", "00000000-0000-0000-0000-000000000000", "\u200b"]),
    ("nonsense", "unknown_field", [1, None, "x"]),
    ("id", "unknown_field", ["00000000-0000-0000-0000-000000000001", 999]),
    ("owner", "unknown_field", ["admin", 1]),
    ("status", "unknown_field", ["completed"]),
    ("next_run_at", "unknown_field", ["2030-01-01T00:00:00Z"]),
    ("enabled", "type", [1, 0, "true", "yes", None, []]),
    ("notify_on_failure", "type", [1, "false", None]),
)
TASK_NUMBERS = _group(
    "task",
    *((name, "type", NOT_A_NUMBER) for name in ("priority", "max_retries", "timeout_seconds", "soft_timeout_seconds")),
    *(
        (name, "type", NOT_A_NUMBER)
        for name in ("jitter_seconds", "spread_seconds", "max_runs", "pause_after_failures")
    ),
    *((name, "out_of_range", [-1, *BIG_NUMBERS]) for name in ("priority", "max_retries", "timeout_seconds")),
    *(
        (name, "out_of_range", [-1, *BIG_NUMBERS])
        for name in ("jitter_seconds", "spread_seconds", "soft_timeout_seconds")
    ),
    *((name, "out_of_range", [0, -1, *BIG_NUMBERS]) for name in ("max_runs", "pause_after_failures")),
    ("priority", "out_of_range", [10]),
    ("priority", "type", [None]),
    ("max_retries", "out_of_range", [51]),
    ("overlap", "unknown", ["", "SKIP", "maybe", "skip "]),
    ("overlap", "type", NOT_A_TEXT),
    ("on_exhausted", "unknown", ["", "explode"]),
    ("calendar_policy", "unknown", ["", "sometimes"]),
    (
        "misfire",
        ".*",
        [
            [],
            "skip",
            {"policy": "x"},
            {"policy": None},
            {"policy": "all", "max": 0},
            {"policy": "all", "max": 10**6},
            {"grace_seconds": -1},
            {"x": 1},
        ],
    ),
    (
        "retry",
        ".*",
        [
            [],
            "no",
            {"delays": []},
            {"delays": [-1]},
            {"delays": ["1"]},
            {"delays": [1] * 1000},
            {"base_seconds": 1e300},
            {"factor": 0},
            {"x": 1},
        ],
    ),
)
PAYLOADS = _group(
    "http",
    ("payload", "type", NOT_AN_OBJECT),
    ("payload.json", "too_large", [[0] * 11_000, {f"k{n}": n for n in range(5_500)}], "payload"),
    ("payload.body", "too_large|too_long|string_too_long", ["x" * 60_000, "x" * 70_000], "payload"),
    ("payload.body", "characters", CONTROLS),
    ("payload.nonsense", "unknown_field", [1, None, {}]),
    ("payload.url", "required|string_type", [*NOT_A_TEXT]),
    ("payload.url", "url_not_allowed|characters", INNER_URLS),
    (
        "payload.url",
        "url_not_allowed",
        [
            "https://example.org:22/",
            "https://example.org:99999/",
            "https://example.org:0/",
            "http://" + "a" * 3000 + ".org/",
        ],
    ),
    ("payload.method", ".*", ["get", "TRACE", "", 5, None, "GET\r\nX: y"]),
    (
        "payload.headers",
        ".*",
        [
            "x",
            [],
            {"Host": "x"},
            {"A b": "x"},
            {"X": "a\r\nB: c"},
            {"X": 5},
            {"": "x"},
            {f"X{n}": "x" for n in range(51)},
        ],
    ),
    ("payload.expected_status", ".*", [[99], [600], ["200"], 200, [200] * 21, [None], [True]]),
    ("payload.timeout_seconds", ".*", [0, 301, -1, "30", 1.5, None, True, 2**53]),
    ("payload.follow_redirects", ".*", [1, "true", None]),
    ("payload.extract", ".*", [{"a": "x" * 5000}, {"a": ""}, [], {"a": 1}]),
)
REPORTS = _group(
    "export",
    ("payload.source", ".*", ["", "nope", "runs; DROP TABLE x", "__class__", "auth.User", None, 5, []]),
    ("payload.format", ".*", ["", "pdf", "CSV", None, 1]),
    (
        "payload.filters",
        ".*",
        [
            {"owner__password__startswith": "p"},
            {"pk": 1},
            {"id__in": [1]},
            {"status": "nope"},
            {"nope": 1},
            {"__class__": 1},
            [],
            "x",
        ],
    ),
    (
        "payload.filters",
        ".*",
        [
            {"last_hours": -1},
            {"last_hours": "24"},
            {"status": {"a": 1}},
            {"status__regex": "(a+)+$"},
            {"status": "' OR 1=1 --"},
        ],
    ),
    ("payload.columns", ".*", ["id", ["nope"], ["id", "id"], [5], [None], ["owner__password"]]),
    ("payload.filename", ".*", ["../x.csv", "a/b.csv", "..", "x" * 101, "a\x00.csv", "a\nb.csv", "C:\\x.csv"]),
    ("payload.link_days", ".*", [0, 91, "7", None, True, 1.5]),
    (
        "payload.email",
        ".*",
        [
            "a@example.org",
            ["a@b"],
            ["A <a@example.org>"],
            ["a@example.org,b@example.org"],
            ["a@example.org", "A@example.org"],
            [None],
            [[]],
        ],
    ),
    (
        "payload.email",
        ".*",
        [
            ["a@[127.0.0.1]"],
            ["a" * 65 + "@example.org"],
            ["a@" + "b" * 300 + ".org"],
            ["a@example.org\nBcc: x@y.zz"],
            ["x@example.org"] * 51,
        ],
    ),
    (
        "payload.upload",
        ".*",
        [
            "x",
            {},
            {"url": "http://127.0.0.1/"},
            {"url": "ftp://example.org/"},
            {"url": "https://example.org/", "method": "DELETE"},
        ],
    ),
    ("payload.gzip", ".*", ["yes", 1, None]),
)
OTHER_TYPES = [
    *_group(
        "cleanup",
        (
            "payload.rules",
            ".*",
            [[], {}, None, "x", [{}], [{"what": "nope"}], [{"what": "runs"}], [1], [{"kind": "runs"}]],
        ),
        ("payload.rules.0.older_than_days", ".*", [0, -1, 1.5, "30", 10**12, True, None]),
    ),
    *_group(
        "mail",
        ("payload.recipients", ".*", ["a@example.org", [[]], ["x"], ["a@b"], [5], {"a": 1}]),
        ("payload.subject", ".*", ["x" * 300, "a\nBcc: b@example.org", "\x00", 5, "{unclosed", "{0.__class__}"]),
        ("payload.text", ".*", ["\x00", 5, "{name.__class__}", "{% load x %}{"]),
    ),
    *_group(
        "sync",
        ("payload.url", "required|string_type|url_not_allowed", [*NOT_A_TEXT, *INNER_URLS[:8]]),
        ("payload.collection", ".*", ["", " ", "x" * 101, 5, None, "\x00"]),
    ),
    *_group(
        "run",
        ("type", "unknown", ["", "nope", "x" * 5000]),
        ("type", "type", NOT_A_TEXT),
        ("payload", "type", NOT_AN_OBJECT),
        ("delay_seconds", ".*", [-1, "5", True, 1e300, 10**12, [], -0.5]),
        ("run_at", ".*", ["", "x", "2001-01-01T00:00:00Z", "9999-12-31T23:59:59-14:00", 5, []]),
        ("queue", "unknown", ["", "nope"]),
        ("priority", ".*", [-1, 10, "5", 1.5, True]),
        ("tags", ".*", [["t"] * 21, [""], "x", [5], ["a\nb"]]),
        ("nonsense", "unknown_field", [1]),
    ),
]
BELONGINGS = [
    *_group(
        "key",
        *_NAME,
        ("scope", ".*", ["", "root", 5, None, []]),
        ("expires_at", ".*", ["x", "2001-01-01T00:00:00Z", 5, "9999-12-31T23:59:59-14:00"]),
    ),
    *_group(
        "template",
        *_NAME,
        ("subject", ".*", ["", "a\nb", "\x00", "{", 5]),
        ("text", ".*", ["", "\x00", "{", 5]),
        ("html", ".*", ["\x00", 5, "{"]),
    ),
    *_group(
        "calendar",
        *_NAME,
        ("country", ".*", ["XX", "\x00", 5, "x" * 500]),
        ("weekend", ".*", ["sat", ["x"], [5], ["mon", "tue", "wed", "thu", "fri", "sat", "sun"]]),
        (
            "days",
            ".*",
            [
                "x",
                ["13-01"],
                [5],
                [{}],
                [{"date": "2027-02-30"}],
                [{"date": "12-24", "name": "\x00"}],
                [{"date": "12-24", "x": 1}],
            ],
        ),
    ),
    *_group(
        "credential",
        *_NAME,
        ("kind", ".*", ["", "nope", 5, None]),
        ("hosts", ".*", [[], ["*"], ["*.org"], ["http://example.org"], ["a b"], [5], "example.org", ["\x00"]]),
        ("secret", ".*", ["", "\x00", 5, None, "a\nb"]),
    ),
]
GROUPS: dict[str, list[Case]] = {
    "cron": CRON,
    "zones": ZONES,
    "dates": DATES,
    "schedules": SCHEDULES,
    "task texts": TASK_TEXTS,
    "task numbers": TASK_NUMBERS,
    "payloads": PAYLOADS,
    "reports": REPORTS,
    "other types": OTHER_TYPES,
    "belongings": BELONGINGS,
}
