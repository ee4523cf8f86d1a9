"""Schedules that differ are not described the same."""

import random
from datetime import UTC, datetime
from typing import Any

import pytest

from tasks_app.recurrence import Recurrence, ScheduleError, build, parse

ZONES = ["Europe/Berlin", "Asia/Kolkata", "Australia/Lord_Howe", "UTC"]
SIZE = 3000
MANY = 50
STARTS = [datetime(2026, month, day, tzinfo=UTC) for month, day in ((1, 1), (3, 28), (4, 4), (10, 3), (10, 24))]
DAYS = ["*"] * 4 + ["?", "1", "29", "31", "L", "L-3", "LW", "15W", "*/2", "1,15", "10-20/3", "L,1,31W", "1-31", "*/1"]
MONTHS = ["*"] * 3 + ["2", "FEB,APR", "*/3", "JUN-AUG", "12", "1-12", "10", "3"]
WEEKDAYS = ["*"] * 4 + ["?", "1", "MON-FRI", "7", "5L", "FRI#2", "*/2", "SAT-SUN", "TUE#5,0L", "0-6", "*/1"]
COUNTS = [1, 2, 3, 4, 5, 6, 7, 8, 12, 14, 21, 24, 30, 36, 45, 48, 60, 90]
ANCHORS = [
    *("2026-01-01T00:00:00Z", "2026-01-01T01:00:00Z", "2020-02-03T04:05:06Z", "2026-01-02T00:00:00Z"),
    *("2026-10-25T00:30:00Z", "2026-10-25T01:30:00Z"),
]


def field(dice: random.Random, high: int) -> str:
    low, top = sorted((dice.randint(0, high), dice.randint(0, high)))
    step = dice.choice([1, 2, 3, 4, 5, 6, 7, 10, 12, 15, 20])
    forms = ["*", f"*/{step}", f"{low}-{top}", f"{dice.randint(0, 5)}/{step}", f"0-{high}", f"{low},{top}", "0", "2"]
    return dice.choice([*forms, str(low)])


def one(dice: random.Random) -> dict[str, Any]:
    kind = dice.choice(["cron", "cron", "cron", "every", "hourly", "daily", "workday"])
    time = dice.choice(["00:00", "01:45", "02:30", "09:00"])
    match kind:
        case "cron":
            parts = [field(dice, 59), field(dice, 23), *(dice.choice(some) for some in (DAYS, MONTHS, WEEKDAYS))]
            return {"kind": "cron", "expression": " ".join(parts)}
        case "every":
            unit = dice.choice(["seconds", "minutes", "hours", "days"])
            anchor = dice.choice([None, *ANCHORS])
            return {"kind": "every", unit: dice.choice(COUNTS)} | ({"anchor": anchor} if anchor else {})
        case "hourly":
            return {"kind": "hourly", "minute": dice.choice([0, 5, 30])}
        case "daily":
            return {"kind": "daily", "time": time}
        case _:
            return {"kind": "monthly", "workday": dice.randint(1, 23), "time": time}


def some(dice: random.Random) -> dict[str, Any]:
    if dice.random() < 0.75:
        return one(dice)
    return {"kind": "any", "of": [one(dice) for _ in range(dice.randint(2, 3))]}


def instants(rule: Recurrence) -> tuple[datetime, ...]:
    found: list[datetime] = []
    for start in STARTS:
        at = rule.next_after(start)
        for _ in range(MANY):
            if at is None:
                break
            found.append(at)
            at = rule.next_after(at)
    return tuple(found)


@pytest.mark.parametrize("zone", ZONES)
def test_what_is_said_the_same_runs_the_same(zone: str) -> None:
    dice = random.Random(20260301)
    known: dict[str, tuple[tuple[datetime, ...], object]] = {}
    for _ in range(SIZE):
        schedule = some(dice)
        try:
            rule = build(schedule, zone)
        except ScheduleError:
            continue  # it can never happen
        found = instants(rule)
        earlier, other = known.setdefault(rule.describe(), (found, schedule))
        assert earlier == found, f"{rule.describe()}: {schedule} and {other}"


@pytest.mark.parametrize(
    ("expression", "sentence"),
    [
        ("0 * * * *", "Every hour"),
        ("0 0-23 * * *", "Every hour, once when clocks go back, Berlin time"),
        ("0,30 2 * * *", "Every day at 02:00 and 02:30, Berlin time"),
        ("*/30 2 * * *", "Every day at 02:00 and 02:30, twice when clocks go back, Berlin time"),
        ("*/30 3 * * *", "Every day at 03:00 and 03:30, Berlin time"),
        ("*/30 2 * 3 *", "Every day in March at 02:00 and 02:30, left out when clocks go forward, Berlin time"),
        ("5 0-23 * 3 *", "Every hour at minute 5 in March, kept when clocks go forward, Berlin time"),
    ],
)
def test_a_clock_change_is_said_where_the_words_would_be_taken_otherwise(expression: str, sentence: str) -> None:
    assert parse(expression, "Europe/Berlin").describe() == sentence


def test_nothing_is_said_of_clock_changes_where_there_are_none() -> None:
    assert parse("0 0-23 * * *", "UTC").describe() == parse("0 * * * *", "UTC").describe() == "Every hour"


@pytest.mark.parametrize(
    ("schedule", "zone", "sentence"),
    [
        ({"hours": 1}, "Europe/Berlin", "Every hour"),
        ({"hours": 2}, "UTC", "Every 2 hours"),
        ({"hours": 2}, "Europe/Berlin", "Every 2 hours, counted from midnight UTC"),
        ({"hours": 1}, "Asia/Kolkata", "Every hour, counted from midnight UTC"),
        ({"minutes": 30}, "Asia/Kathmandu", "Every 30 minutes, counted from midnight UTC"),
        ({"minutes": 7}, "Asia/Kathmandu", "Every 7 minutes"),
        ({"hours": 5}, "Europe/Berlin", "Every 5 hours, counted from 1 January 1970 at 01:00, Berlin time"),
        ({"days": 2}, "Europe/Berlin", "Every 2 days at 00:00, counted from 1 January 1970, Berlin time"),
        (
            {"hours": 5, "anchor": "2026-10-25T00:30:00Z"},
            "Europe/Berlin",
            "Every 5 hours, counted from 25 October 2026 at 02:30 (+02:00), Berlin time",
        ),
    ],
)
def test_an_interval_says_from_when_it_counts(schedule: dict[str, Any], zone: str, sentence: str) -> None:
    assert build({"kind": "every", **schedule}, zone).describe() == sentence
