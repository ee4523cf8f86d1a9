"""What is said of clock changes must be what happens at them."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from tasks_app.recurrence import build
from tasks_app.recurrence.changes import ClockNote, clock_notes
from tests.core.recurrence.oracle import ZONES

START = datetime(2026, 12, 1, tzinfo=UTC)
YEAR = timedelta(days=366)
BERLIN = "Europe/Berlin"
FORWARD, BACK = datetime(2027, 3, 28, 1, tzinfo=UTC), datetime(2027, 10, 31, 1, tzinfo=UTC)


def notes(schedule: dict[str, Any], zone: str = BERLIN, *, year: int = 2026) -> list[ClockNote]:
    """Give the notes of a year."""
    start = START.replace(year=year)
    return clock_notes(build(schedule, zone), [(start, start + YEAR)])


def cron(expression: str) -> dict[str, Any]:
    """A schedule by a cron line."""
    return {"kind": "cron", "expression": expression}


def said(schedule: dict[str, Any], zone: str = BERLIN) -> list[tuple[datetime, str, str]]:
    """Give them as plain values."""
    return [(note.at, note.code, note.message) for note in notes(schedule, zone)]


def test_a_fixed_time_runs_at_the_end_of_the_gap_and_in_the_first_pass() -> None:
    assert said({"kind": "daily", "time": "02:30"}) == [
        (FORWARD, "gap", "Clocks go forward: 02:30 does not exist, so it runs at 03:00."),
        (
            BACK - timedelta(minutes=30),
            "overlap",
            "Clocks go back: 02:30 comes twice, and it runs the first time only.",
        ),
    ]


def test_several_times_of_a_gap_run_once() -> None:
    assert [text for _, _, text in said(cron("0,30 2 * * *"))] == [
        "Clocks go forward: 02:00 to 02:30 do not exist, so it runs once, at 03:00.",
        "Clocks go back: 02:00 to 02:30 come twice, and it runs the first time only.",
    ]


def test_what_follows_elapsed_time_runs_both_times_and_not_in_the_gap() -> None:
    assert said(cron("*/30 2 * * *")) == [
        (FORWARD, "left_out", "Clocks go forward: 02:00 to 03:00 does not exist, and nothing runs in its place."),
        (BACK, "twice", "Clocks go back: 02:00 to 03:00 comes twice, and it runs both times."),
    ]


def test_an_interval_of_hours_moves_on_the_clock() -> None:
    assert [(code, text) for _, code, text in said({"kind": "every", "hours": 6})] == [
        ("shifted", "Clocks go forward: from then on it runs an hour later by the clock."),
        ("shifted", "Clocks go back: from then on it runs an hour earlier by the clock."),
    ]
    assert "30 minutes earlier" in said({"kind": "every", "hours": 6}, "Australia/Lord_Howe")[0][2]


@pytest.mark.parametrize(
    "schedule",
    [
        {"kind": "daily", "time": "09:00"},
        {"kind": "weekly", "days": ["mon"], "time": "02:30"},
        {"kind": "every", "minutes": 15},
        {"kind": "every", "days": 2, "anchor": "2026-01-01T08:00:00Z"},
        {"kind": "once", "run_at": "2027-03-28T01:00:00Z"},
    ],
)
def test_what_no_change_touches_has_no_note(schedule: dict[str, Any]) -> None:
    assert notes(schedule) == []


def test_a_zone_without_changes_has_no_notes() -> None:
    assert notes({"kind": "daily", "time": "02:30"}, "UTC") == []


def test_what_nobody_would_miss_is_not_striking() -> None:
    assert [note.is_striking for note in notes(cron("*/15 * * * *"))] == [False, False]
    assert [note.is_striking for note in notes(cron("*/15 1-5 * * *"))] == [True, True]


def test_spans_that_meet_tell_a_change_once() -> None:
    rule = build({"kind": "daily", "time": "02:30"}, BERLIN)
    day = timedelta(days=1)
    spans = [(FORWARD - day, FORWARD), (FORWARD - day, FORWARD + day), (BACK, BACK + day), (START, START + day)]
    assert [note.code for note in clock_notes(rule, spans)] == ["gap"]


def test_the_parts_of_a_union_speak_each_for_themselves_once() -> None:
    night, day = {"kind": "daily", "time": "02:30"}, {"kind": "daily", "time": "09:00"}
    assert notes({"kind": "any", "of": [day, night, cron("30 2 * * *")]}) == notes(night)


SHAPES = [
    {"kind": "daily", "time": "00:30"},
    {"kind": "daily", "time": "02:15"},
    cron("0,20,40 0,1,2,3 * * *"),
    cron("*/20 0-3 * * *"),
    {"kind": "hourly", "minute": 10},
    {"kind": "every", "days": 1, "anchor": "2020-01-01T01:20:30Z"},
]


@pytest.mark.parametrize("zone", ZONES)
def test_a_note_is_about_an_instant_at_which_it_runs(zone: str) -> None:
    for schedule in SHAPES:
        rule = build(schedule, zone)
        for note in (note for year in (2010, 2014, 2026) for note in notes(schedule, zone, year=year)):
            runs = rule.next_after(note.at - timedelta(microseconds=1)) == note.at
            assert runs or note.code == "left_out", (schedule, note)
