"""What is off in a span of days, and why each day is; and what is stored, read leniently."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date

from tasks_app.models import Calendar
from tasks_app.recurrence.days_off import DAY, DaysOff, holidays_of, read_day
from tasks_app.recurrence.writing import WEEKDAYS

WEEKEND, HOLIDAY, TYPED, ICAL = "weekend", "holiday", "typed", "ical"


@dataclass(frozen=True)
class DayOff:
    """A day off: its names, and what makes it one, in the order weekend, holiday, typed, ical."""

    date: date
    names: tuple[str, ...]
    kinds: tuple[str, ...]


def days_of(calendar: Calendar) -> DaysOff:
    """Give the calendar as a set of days; ValueError, in words for its people, where what is stored cannot be read."""
    try:
        return calendar.days_off
    except (ValueError, TypeError, KeyError, AttributeError):
        raise ValueError(f"The calendar “{calendar.name}” holds something that is no day.") from None


def is_readable(calendar: Calendar) -> bool:
    """Whether tasks can keep it."""
    try:
        days_of(calendar)
    except ValueError:
        return False
    return True


def stored_days(calendar: Calendar) -> list[dict[str, str]]:
    """Give the single days as they are stored; what is none stands among them as text, so that it can be mended."""
    return [_as_day(day) for day in (calendar.days if isinstance(calendar.days, list) else [calendar.days]) if day]


def stored_weekend(calendar: Calendar) -> list[str]:
    """Give the weekdays that are off; what is none is left out."""
    return [day for day in WEEKDAYS if isinstance(calendar.weekend, list) and day in calendar.weekend]


def days_off_between(calendar: Calendar, first: date, last: date) -> Iterator[DayOff]:
    """Give the days off from `first` to `last`, in their order. The calendar need not be stored.

    Raises ValueError where what it holds cannot be read.
    """
    weekend = days_of(calendar).weekend
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
    for day in sorted(stored_days(calendar), key=lambda day: day["source"] == ICAL):
        found.setdefault(read_day(day["date"]), []).append((day["name"], day["source"]))
    return found


def _as_day(day: object) -> dict[str, str]:
    known = day if isinstance(day, Mapping) and "date" in day else {"date": day}
    date, name = (" ".join(str(known.get(part, "")).split()) for part in ("date", "name"))
    return {"date": date, "name": name, "source": ICAL if known.get("source") == ICAL else TYPED}
