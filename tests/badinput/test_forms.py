"""The table through the form of the pages, as a browser sends it: the same faults, said at the same fields."""

from collections.abc import Iterator
from typing import Any

import pytest

from tests.badinput.conftest import Site
from tests.badinput.good import GOOD
from tests.badinput.table import GROUPS, Case
from tests.badinput.thinning import thinned
from tests.badinput.values import BLANKS, CONTROLS
from tests.web.reading import errors

pytestmark = pytest.mark.live
_WHEN = {"cron": ("cron", "expression"), "run_at": ("once", "run_at")}
_BLANK_IS_NOTHING = ("description", "key", "starts_at", "ends_at", "timezone", "queue")
_NUMBERS = ("priority", "max_retries", "timeout_seconds", "soft_timeout_seconds", "max_runs", "jitter_seconds")
GOOD_FORM = {"name": "Good", "timezone": "Europe/Berlin", "schedule.kind": "manual", "priority": "5", "queue": ""}
_ZONED = {"schedule.kind": "daily", "schedule.daily.time": "09:00"}
PAYLOAD = {"http": {"payload.url": "https://example.org/", "payload.method": "GET"}}
ODD_FORMS: list[dict[str, Any]] = [
    {"_add": "payload." + "a." * 50_000 + "b"},
    {"_add": "payload.headers.\u00b2"},
    {"_remove": "payload.expected_status.\u00b2"},
    {"_remove": "payload.expected_status." + "9" * 5000},
    {"_apply": "[" * 100_000},
    {"_apply": '["schedule.cron.expression", NaN]'},
    {"_apply": '["timezone", "\x00"]'},
    {"_preview": "1", "schedule.kind": "\x00"},
    {"schedule.kind": "other", "schedule.other": "[" * 100_000},
    {"schedule.kind": "other", "schedule.other": "9" * 5000},
    {"schedule.kind": "any", "schedule.of.__row": ["\u00b2", "9" * 5000, "-1", "0"]},
    {"payload.json": "[" * 100_000},
    {"payload.json": "NaN"},
    {"payload.json": "1e400"},
    {"payload.json": '{"a": 1, "a": 2}'},
    {"payload.json": "9" * 5000},
    {"payload.json": '"\\ud800"'},
    {"payload.timeout_seconds": "9" * 5000},
    {"payload.timeout_seconds": "1e400"},
    {"payload.timeout_seconds": "\u0663"},
    {"payload.expected_status": "\u00b2\n" + "9" * 4000},
    {"payload.headers": ":\n" * 500},
    {"payload.method": "\x00"},
    {"misfire.grace_seconds": "\u0663", "retry.style": "delays", "retry.delays": "1e400, nan, \u00b2"},
    {"retry.style": "backoff", "retry.base_seconds": "9" * 5000, "retry.factor": "inf", "retry.cap_seconds": "-"},
    {"version": "\u00b2"},
    {"tags": ",".join("\u200b" * 30)},
    {"name": "\x00" * 3, "description": "\x1b[31m", "tags": "a\x00,b"},
]


def form_of(case: Case) -> dict[str, Any] | None:
    """Give the form with a case's value in it; None where a form cannot say such a thing."""
    if (
        not isinstance(case.value, str)
        or case.thing not in ("task", "http")
        or "\ud800" <= max(case.value, default="") <= "\udfff"
    ):
        return None
    blank = not case.value.strip()
    if case.field in _WHEN:
        kind, name = _WHEN[case.field]
        return {**GOOD_FORM, "schedule.kind": kind, f"schedule.{kind}.{name}": case.value}
    if case.field in ("name", "description", "payload.url") or case.field in (
        *_NUMBERS,
        "timezone",
        "starts_at",
        "ends_at",
    ):
        if blank and (case.field in _BLANK_IS_NOTHING or case.field in _NUMBERS):
            return None
        return {**GOOD_FORM, **PAYLOAD.get(case.thing, {}), **_ZONED, case.field: case.value}
    return None


def faults(site: Site, cases: list[Case]) -> Iterator[str]:
    """Give the cases that the form takes, or does not refuse at the right field."""
    for case in cases:
        form = form_of(case)
        if form is None or (case.field in _NUMBERS and case.value.isdecimal()):
            continue
        answer = site.post_form(site.browser, f"/tasks/new/?type={GOOD[case.thing]['type']}", form)
        place = ".".join(("schedule", *_WHEN[case.field])) if case.field in _WHEN else case.field
        if answer.status_code != 400 or not errors(answer, place):
            yield f"{case}: {answer.status_code} {errors(answer, place)!r}"


@pytest.mark.parametrize("groups", [("cron", "zones", "dates"), ("task texts", "task numbers", "payloads")])
def test_each_value_is_refused_at_its_field(site: Site, groups: tuple[str, ...]) -> None:
    cases = [case for group in groups for case in GROUPS[group] if form_of(case) is not None]
    assert len(cases) > 80
    with site.unharmed():
        assert list(faults(site, thinned(cases, lambda case: (case.thing, case.field)))) == []


def test_what_no_browser_sends_is_refused_or_shown_again(site: Site) -> None:
    def answers() -> Iterator[str]:
        for odd in thinned(ODD_FORMS, tuple):
            form = {**GOOD_FORM, **PAYLOAD["http"], "name": "", **odd}
            for path in ("/tasks/new/?type=http_request", "/tasks/preview/"):
                answer = site.post_form(site.browser, path, form)
                if answer.status_code not in (200, 400):
                    yield f"{str(odd)[:80]} at {path}: {answer.status_code}"

    with site.unharmed():
        assert list(answers()) == []


def test_forms_of_other_things_refuse_texts_that_cannot_be_kept(site: Site) -> None:
    forms: dict[str, dict[str, Any]] = {
        "/settings/api-keys/": {"name": "x", "scope": "read", "days": "30"},
        "/settings/calendars/new/": {"name": "x", "country": "", "weekend": "sat"},
        "/settings/email-templates/new/": {"name": "x", "subject": "x", "text": "x"},
        "/settings/credentials/new/?kind=bearer": {"name": "x", "hosts": "api.example.org", "secret": "x"},
    }
    bad = [
        *BLANKS,
        *(text for text in CONTROLS if text.isprintable() or text.encode("utf-8", "ignore").decode() == text),
    ]
    with site.unharmed():
        for path, form in forms.items():
            for text in thinned(bad, type):
                answer = site.post_form(site.browser, path, {**form, "name": text})
                assert answer.status_code == 400, (path, text, answer.status_code)
        for path, form in (("/settings/", {"email": "a\x00@example.org"}), ("/settings/", {"timezone": "UTC\x00"})):
            assert site.post_form(site.browser, path, form).status_code == 400


def test_notes_that_cannot_be_kept_are_refused_on_the_page(site: Site) -> None:
    task = site.api.get("/api/tasks").json()["results"][0]["id"]
    with site.unharmed():
        for note in ("a\x00b", "\x1b[31m", "x" * 501):
            answer = site.post_form(site.browser, f"/tasks/{task}/pause/", {"note": note})
            assert answer.status_code == 302
            assert "The note was not accepted" in site.browser.get(answer.headers["location"]).text
    assert site.api.get(f"/api/tasks/{task}").json()["status"] == "active"


def test_addresses_with_odd_filters_are_shown(site: Site) -> None:
    odd = ["%00", "%ED%A0%80", "9" * 5000, "²"]
    names = (
        "search",
        "status",
        "type",
        "queue",
        "tag",
        "owner",
        "page",
        "before",
        "after",
        "task",
        "batch",
        "ordering",
    )
    more = (
        "from",
        "until",
        "at",
        "minutes",
        "example",
        "name",
        "calendar",
        "kind",
        "day",
        "year",
        "view",
        "worker",
        "reason",
    )
    with site.unharmed():
        for path in site.pages:
            for text in thinned(odd, type):
                query = "&".join(f"{name}={text}" for name in (*names, *more))
                answer = site.browser.get(f"{path}?{query}"[:60_000])
                assert answer.status_code in (200, 400, 404), (path, text, answer.status_code)
