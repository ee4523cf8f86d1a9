"""Counting by arithmetic gives what walking from slot to slot gives."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from tasks_app.recurrence import ScheduleError, build
from tasks_app.recurrence.counting import count_slots
from tasks_app.recurrence.recurrence import Recurrence
from tests.core.recurrence.steps import steps_of
from tests.core.recurrence.strategies import FAST, places, schedules

INSTANT = timedelta(microseconds=1)
MOST = 400


def walked(rule: Recurrence, first: datetime, last: datetime) -> list[datetime]:
    """Give the slots from `first` to `last`, no more than `MOST`."""
    found: list[datetime] = []
    slot = rule.next_after(first - INSTANT)
    while slot is not None and slot <= last and len(found) < MOST:
        found.append(slot)
        slot = rule.next_after(slot)
    return found


@FAST
@given(schedules(), places(), st.integers(1, MOST), st.integers(0, 90_000_000))
def test_it_gives_what_walking_gives(
    schedule: dict[str, Any], place: tuple[str, datetime], most: int, microseconds: int
) -> None:
    zone, first = place
    try:
        rule = build(schedule, zone)
    except ScheduleError:
        assume(False)
    slots = walked(rule, first, first + timedelta(days=3000))[:most]
    last = (slots[-1] if slots else first) + timedelta(microseconds=microseconds)
    assume(len(slots) < MOST)
    assert count_slots(rule, first, last) == len(walked(rule, first, last))


@pytest.mark.parametrize(
    ("schedule", "zone", "count"),
    [
        ({"kind": "every", "seconds": 5}, "UTC", 3652 * 17_280 + 1),
        ({"kind": "cron", "expression": "* * * * *"}, "Europe/Berlin", 3652 * 1440 + 1),
        ({"kind": "cron", "expression": "30 2 * * *"}, "Europe/Berlin", 3652),
        ({"kind": "cron", "expression": "0 9 L * *"}, "America/New_York", 120),
        (
            {"kind": "any", "of": [{"kind": "every", "seconds": 10}, {"kind": "hourly", "minute": 7}]},
            "UTC",
            3652 * 8640 + 1,
        ),
    ],
)
def test_ten_years_are_counted_in_few_steps(schedule: dict[str, Any], zone: str, count: int) -> None:
    rule = build(schedule, zone)
    first, last = datetime(2025, 1, 1, tzinfo=UTC), datetime(2035, 1, 1, tzinfo=UTC)
    assert count_slots(rule, first, last) == count
    assert steps_of(lambda: count_slots(rule, first, last)) < (600_000 if schedule["kind"] == "any" else 60_000)
