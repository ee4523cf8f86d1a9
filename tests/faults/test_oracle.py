"""The oracle against what people know of calendars and clocks, and the engine's own slots against the oracle."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from tasks_app import recurrence
from tests.faults.oracle import Plan, cron_slots, every, expect

START = datetime(2026, 5, 1, 12, 0, tzinfo=UTC)
SECOND = timedelta(seconds=1)
BERLIN = "Europe/Berlin"
SPRING, AUTUMN = datetime(2026, 3, 28, 12, tzinfo=UTC), datetime(2026, 10, 24, 12, tzinfo=UTC)
LINES = [
    "* * * * *",
    "*/7 * * * *",
    "5,35 8-17 * * *",
    "30 2 * * *",
    "0 2 * * *",
    "30 3 * * *",
    "*/30 2 * * *",
    "15 * 1 * 5",
]


def told(line: str, zone: str, start: datetime, days: int) -> list[str]:
    found = cron_slots(line, ZoneInfo(zone), start, start + timedelta(days=days))
    return [f"{slot:%d %H:%M}" for slot in found]


def test_an_interval_is_counted_from_the_epoch() -> None:
    assert [slot.second for slot in every(7, START, START + 30 * SECOND)] == [
        second for second in range(1, 31) if (int(START.timestamp()) + second) % 7 == 0
    ]


def test_a_fixed_time_in_the_gap_is_due_right_after_it() -> None:
    assert told("30 2 * * *", BERLIN, SPRING, 2) == ["29 01:00", "30 00:30"]


def test_a_fixed_time_that_comes_twice_is_due_the_first_time() -> None:
    assert told("30 2 * * *", BERLIN, AUTUMN, 2) == ["25 00:30", "26 01:30"]


def test_an_elapsed_line_has_both_passes_and_nothing_for_the_gap() -> None:
    assert told("*/30 2 * * *", BERLIN, AUTUMN, 1) == ["25 00:00", "25 00:30", "25 01:00", "25 01:30"]
    assert told("*/30 2 * * *", BERLIN, SPRING, 1) == []


@pytest.mark.parametrize("line", LINES)
@pytest.mark.parametrize("start", [START, SPRING, AUTUMN])
@pytest.mark.parametrize("zone", ["UTC", BERLIN, "Australia/Lord_Howe"])
def test_the_engine_finds_the_slots_that_the_oracle_finds(line: str, start: datetime, zone: str) -> None:
    end = start + timedelta(days=2)
    expected = list(cron_slots(line, ZoneInfo(zone), start, end))
    rule, found, instant = recurrence.parse(line, zone), [], start
    while (following := rule.next_after(instant)) is not None and following <= end:
        found.append(following)
        instant = following
    assert found == expected


def test_what_lies_within_a_change_of_plans_may_be_either_way() -> None:
    def at(second: float) -> datetime:
        return START + second * SECOND

    first = Plan(since=(at(0), at(1.5)), until=(at(10), at(10.5)), seconds=5)
    second = Plan(since=(at(10), at(10.5)), until=(at(16.5), at(18)), seconds=2)
    found = expect(first, second)
    base = int(START.timestamp())
    assert {int(slot.timestamp()) - base for slot in found.must} == {5, 10, 12, 14, 16}
    assert {int(slot.timestamp()) - base for slot in found.may} == {0, 18}
