"""How often a schedule runs: the count from its masks against a count of its instants."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from tasks_app.recurrence import Recurrence, build
from tasks_app.recurrence.pace import runs_per_day

START = datetime(2025, 1, 1, tzinfo=UTC)
# From a leap year to the next, on the way to which each weekday begins a year: four years, as the masks count.
DAYS = 1461


NOON = {"kind": "daily", "time": "12:00"}


def counted(rule: Recurrence) -> int:
    """Count the instants of four years."""
    count, instant = 0, START - timedelta(seconds=1)
    while (found := rule.next_after(instant)) is not None and found < START + timedelta(days=DAYS):
        count, instant = count + 1, found
    return count


def cron(expression: str) -> dict[str, Any]:
    """A schedule by a cron line."""
    return {"kind": "cron", "expression": expression}


@pytest.mark.parametrize(
    "schedule",
    [
        {"kind": "daily", "time": "09:00"},
        {"kind": "weekly", "days": ["mon", "fri"], "time": "09:00"},
        {"kind": "monthly", "day": 31, "time": "09:00"},
        {"kind": "monthly", "day": "last", "time": "09:00"},
        {"kind": "monthly", "workday": 5, "time": "09:00"},
        {"kind": "monthly", "nth": 5, "weekday": "fri", "time": "09:00"},
        {"kind": "yearly", "month": 2, "day": 29, "time": "09:00"},
        {"kind": "every", "days": 3},
        {"kind": "every", "hours": 7},
        cron("0 9-17/2 * * 1-5"),
        cron("0 0 1,15 * MON"),
        {"kind": "any", "of": [{"kind": "daily", "time": "09:00"}, {"kind": "daily", "time": "17:00"}]},
        {"kind": "any", "of": [cron("0 9,12 * * *"), cron("0 9 * * MON"), {"kind": "daily", "time": "12:00"}]},
        {"kind": "any", "of": [{"kind": "every", "days": 2}, {"kind": "daily", "time": "12:00"}]},
    ],
)
def test_the_average_is_that_of_the_instants(schedule: dict[str, Any]) -> None:
    rule = build(schedule, "UTC")
    average = runs_per_day(rule)
    assert average is not None
    assert average * DAYS == pytest.approx(counted(rule), rel=0.04, abs=1)


@pytest.mark.parametrize(
    ("schedule", "average"),
    [
        (cron("*/15 * * * *"), 96.0),
        ({"kind": "every", "minutes": 15}, 96.0),
        ({"kind": "hourly", "minute": 5}, 24.0),
        ({"kind": "daily", "time": "09:00"}, 1.0),
        ({"kind": "weekly", "days": ["mon"], "time": "09:00"}, 1 / 7),
        ({"kind": "any", "of": [{"kind": "hourly", "minute": 0}, {"kind": "daily", "time": "09:00"}]}, 24.0),
        ({"kind": "any", "of": [{"kind": "text", "text": "every weekday at 9 and on Saturday at 11"}, NOON]}, 13 / 7),
        ({"kind": "any", "of": [{"kind": "every", "minutes": 10}, {"kind": "every", "minutes": 20}]}, 144.0),
        ({"kind": "any", "of": [{"kind": "hourly", "minute": 0}, {"kind": "every", "hours": 1}]}, 24.0),
        ({"kind": "any", "of": [cron("*/7 * * * *"), {"kind": "every", "seconds": 90}]}, 1104.0),
        ({"kind": "any", "of": [{"kind": "every", "days": 1}, {"kind": "daily", "time": "00:00"}]}, 1.0),
        ({"kind": "once", "run_at": "2031-01-01T00:00:00Z"}, None),
    ],
)
def test_whole_numbers_are_exact(schedule: dict[str, Any], average: float | None) -> None:
    assert runs_per_day(build(schedule, "Europe/Berlin")) == (average and pytest.approx(average, abs=1e-9))


def test_the_first_instants_are_no_measure() -> None:
    """A count from a sample would say 96 a day, because the sample lies within one day."""
    assert runs_per_day(build(cron("*/15 9-16 * * 1"), "UTC")) == pytest.approx(32 / 7)
