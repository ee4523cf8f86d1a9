"""Last, nearest, nth: each against a plain look at the calendar."""

import calendar
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta

import pytest

from tasks_app.recurrence import Recurrence, build, parse
from tests.core.recurrence.oracle import nearest_workday

FIRST, LAST = date(2023, 1, 1), date(2029, 12, 31)
DAY = timedelta(days=1)


def length(day: date) -> int:
    return calendar.monthrange(day.year, day.month)[1]


def workdays(day: date) -> list[int]:
    days = range(1, length(day) + 1)
    return [number for number in days if day.replace(day=number).weekday() < 5]


def days_of(recurrence: Recurrence) -> list[date]:
    found: list[date] = []
    instant = recurrence.next_after(datetime(FIRST.year, 1, 1, tzinfo=UTC))
    while instant and instant.date() <= LAST:
        found.append(instant.date())
        instant = recurrence.next_after(instant)
    return found


def days_where(rule: Callable[[date], bool]) -> list[date]:
    every = (FIRST + place * DAY for place in range((LAST - FIRST).days + 1))
    return [day for day in every if rule(day)]


@pytest.mark.parametrize(
    ("fields", "rule"),
    [
        ("L * *", lambda day: day.day == length(day)),
        ("L-3 * *", lambda day: day.day == length(day) - 3),
        ("L-30 * *", lambda day: day.day == length(day) - 30),
        ("LW * *", lambda day: day.day == workdays(day)[-1]),
        ("1,L * *", lambda day: day.day in (1, length(day))),
        ("* * 5L", lambda day: day.weekday() == 4 and day.day + 7 > length(day)),
        ("* * FRIL", lambda day: day.weekday() == 4 and day.day + 7 > length(day)),
        ("* * 7L", lambda day: day.weekday() == 6 and day.day + 7 > length(day)),
        ("* * FRI#2", lambda day: day.weekday() == 4 and 8 <= day.day <= 14),
        ("* * 0#5", lambda day: day.weekday() == 6 and day.day >= 29),
        ("* * MON#1,5L", lambda day: (day.weekday(), (day.day - 1) // 7) == (0, 0) or days_left(day) == (4, 0)),
        ("13 * 5", lambda day: day.day == 13 or day.weekday() == 4),
        ("L * MON#1", lambda day: day.day == length(day) or (day.weekday() == 0 and day.day <= 7)),
        ("*/2 * 1", lambda day: day.day % 2 == 1 and day.weekday() == 0),
        ("29-31 2,4 *", lambda day: day.day >= 29 and day.month in (2, 4)),
    ],
)
def test_days_equal_a_look_at_the_calendar(fields: str, rule: Callable[[date], bool]) -> None:
    assert days_of(parse(f"0 12 {fields}", "UTC")) == days_where(rule)


def days_left(day: date) -> tuple[int, int]:
    return day.weekday(), (length(day) - day.day) // 7


@pytest.mark.parametrize("wanted", range(1, 32))
def test_the_nearest_workday_never_leaves_its_month(wanted: int) -> None:
    expected = days_where(lambda day: day.day == nearest_workday(day.year, day.month, wanted))
    assert days_of(parse(f"0 12 {wanted}W * *", "UTC")) == expected


@pytest.mark.parametrize("nth", [1, 2, 10, 20, 21, 22, 23])
def test_the_nth_workday_is_counted_without_weekends(nth: int) -> None:
    expected = days_where(lambda day: day.day in workdays(day)[nth - 1 : nth])
    assert days_of(build({"kind": "monthly", "workday": nth, "time": "12:00"}, "UTC")) == expected
