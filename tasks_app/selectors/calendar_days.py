"""What is off in a span of days, and why each day is."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date

from tasks_app.models import Calendar
from tasks_app.recurrence.days_off import DAY, holidays_of, read_day
from tasks_app.recurrence.writing import WEEKDAYS

WEEKEND, HOLIDAY, TYPED, ICAL = "weekend", "holiday", "typed", "ical"


@dataclass(frozen=True)
class DayOff:
    """A day off: its names, and what makes it one, in the order weekend, holiday, typed, ical."""

    date: date
    names: tuple[str, ...]
    kinds: tuple[str, ...]


def days_off_between(calendar: Calendar, first: date, last: date) -> Iterator[DayOff]:
    """Give the days off from `first` to `last`, in their order. The calendar need not be stored."""
    weekend = frozenset(WEEKDAYS.index(name) for name in calendar.weekend)
    single = _by_day(calendar)
    day = first
    while day <= last:
        named = _holiday(calendar, day) + single.get(day, []) + single.get((day.month, day.day), [])
        kinds = [kind for _, kind in named]
        if day.weekday() in weekend:
            kinds.insert(0, WEEKEND)
        if kinds:
            names = dict.fromkeys(name for name, _ in named if name)
            yield DayOff(day, tuple(names), tuple(dict.fromkeys(kinds)))
        day += DAY


def _holiday(calendar: Calendar, day: date) -> list[tuple[str, str]]:
    found = holidays_of(calendar.country, calendar.subdivision, day.year) if calendar.country else {}
    return [(found[day], HOLIDAY)] if day in found else []


def _by_day(calendar: Calendar) -> dict[date | tuple[int, int], list[tuple[str, str]]]:
    """The names and sources of single days, by date or by (month, day); typed before imported."""
    found: dict[date | tuple[int, int], list[tuple[str, str]]] = {}
    for day in sorted(calendar.days, key=lambda day: day["source"] == ICAL):
        found.setdefault(read_day(day["date"]), []).append((day["name"], day["source"]))
    return found
