"""Rules by which whole days repeat, as iCalendar writes them (RFC 5545, 3.3.10), read day by day.

Not by dateutil: a rule that matches nothing, such as `FREQ=DAILY;BYMONTH=2;BYMONTHDAY=30`, keeps it busy until the year
9999, for 11 s. Here every day that is looked at is paid for out of a `Budget`. Tests compare the two.
"""

from calendar import monthrange
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Any

from tasks_app.recurrence.days_off import DAY
from tasks_app.recurrence.writing import WEEKDAYS

FREQUENCIES = ("DAILY", "WEEKLY", "MONTHLY", "YEARLY")
_READ = {"FREQ", "INTERVAL", "COUNT", "UNTIL", "BYMONTH", "BYMONTHDAY", "BYDAY", "WKST"}
_WEEK = 7
_YEAR = 366
_LEAP_YEAR = 2000
_MOST = 1_000_000_000


class Unread(ValueError):
    """The rule means something, but it is not read here; says what."""


class Impossible(ValueError):
    """No rule of whole days can say this."""


class TooMuchWork(Exception):
    """The budget is used up."""


@dataclass
class Budget:
    """How many days may still be looked at."""

    left: int

    def take(self, count: int = 1) -> None:
        """Pay for some days; raises TooMuchWork."""
        self.left -= count
        if self.left < 0:
            raise TooMuchWork


@dataclass(frozen=True)
class DayRule:
    """A rule. `weekdays` holds (ordinal, weekday), the ordinal 0 for every one; Monday is 0."""

    frequency: str
    interval: int = 1
    count: int | None = None
    until: date | None = None
    months: frozenset[int] = frozenset()
    month_days: frozenset[int] = frozenset()
    weekdays: frozenset[tuple[int, int]] = field(default_factory=frozenset)
    week_start: int = 0

    @classmethod
    def of(cls, parts: Mapping[str, Sequence[Any]]) -> "DayRule":
        """Build it of the parts of an RRULE, by name; raises Unread or Impossible."""
        given = {name.upper(): values for name, values in parts.items() if values}
        frequency = str(given.get("FREQ", [""])[0]).upper()
        if frequency not in FREQUENCIES:
            raise Impossible(f"FREQ={frequency}")
        if unread := sorted(set(given) - _READ):
            raise Unread(unread[0])
        weekdays = frozenset(_weekday(str(day).upper()) for day in given.get("BYDAY", ()))
        if frequency in ("DAILY", "WEEKLY") and any(ordinal for ordinal, _ in weekdays):
            raise Impossible(f"FREQ={frequency} with a numbered day")
        return cls(
            frequency,
            interval=_one(given, "INTERVAL", 1) or 1,
            count=_one(given, "COUNT", None),
            until=_date(given["UNTIL"][0]) if "UNTIL" in given else None,
            months=_numbers(given, "BYMONTH", 1, 12),
            month_days=_numbers(given, "BYMONTHDAY", -31, 31),
            weekdays=weekdays,
            week_start=_weekday(str(given.get("WKST", ["MO"])[0]).upper())[1],
        )

    def days(self, start: date, first: date, last: date, budget: Budget) -> Iterator[date]:
        """Give the days of the rule that begins on `start`, from `first` to `last`."""
        matched = 0
        day = start if self.count is not None else max(start, first)
        end = min(last, self.until) if self.until is not None else last
        while day <= end and (self.count is None or matched < self.count):
            budget.take()
            if self._matches(day, start):
                matched += 1
                if day >= first:
                    yield day
            day += DAY

    def fixed(self, start: date) -> list[tuple[int, int]] | None:
        """Give (month, day) where the rule means just these days of every year; None where it says anything else."""
        if (self.frequency, self.interval, self.count, self.until) != ("YEARLY", 1, None, None) or self.weekdays:
            return None
        if any(day < 0 for day in self.month_days):
            return None
        months = self.months or (range(1, 13) if self.month_days else [start.month])
        pairs = [(month, day) for month in months for day in self.month_days or [start.day]]
        return [(month, day) for month, day in pairs if day <= monthrange(_LEAP_YEAR, month)[1]]

    def _matches(self, day: date, start: date) -> bool:
        return (
            self._is_in_turn(day, start)
            and (not self.months or day.month in self.months)
            and (not self.month_days or day.day in self.month_days or _from_end(day) in self.month_days)
            and (not self.weekdays or self._is_weekday(day))
            and self._is_default(day, start)
        )

    def _is_in_turn(self, day: date, start: date) -> bool:
        if self.interval == 1:
            return True
        if self.frequency == "YEARLY":
            passed = day.year - start.year
        elif self.frequency == "MONTHLY":
            passed = (day.year - start.year) * 12 + day.month - start.month
        elif self.frequency == "WEEKLY":
            passed = (self._week(day) - self._week(start)) // _WEEK
        else:
            passed = day.toordinal() - start.toordinal()
        return passed % self.interval == 0

    def _week(self, day: date) -> int:
        return day.toordinal() - (day.weekday() - self.week_start) % _WEEK

    def _is_weekday(self, day: date) -> bool:
        weekday = day.weekday()
        return any(
            wanted == weekday and (not ordinal or ordinal in self._ordinals(day)) for ordinal, wanted in self.weekdays
        )

    def _ordinals(self, day: date) -> tuple[int, int]:
        """Which of its weekday a day is, from the beginning and from the end of its month, or of its year."""
        if self.frequency == "YEARLY" and not self.months:
            number, rest = day.timetuple().tm_yday, (date(day.year, 12, 31) - day).days
        else:
            number, rest = day.day, -_from_end(day) - 1
        return (number - 1) // _WEEK + 1, -(rest // _WEEK + 1)

    def _is_default(self, day: date, start: date) -> bool:
        """What the rule leaves open is taken from the day on which it begins."""
        if self.month_days or self.weekdays or self.frequency == "DAILY":
            return True
        if self.frequency == "WEEKLY":
            return day.weekday() == start.weekday()
        is_month = self.frequency == "MONTHLY" or bool(self.months) or day.month == start.month
        return is_month and day.day == start.day


def spans(starts: Iterator[date], length: int, first: date, last: date, budget: Budget) -> Iterator[date]:
    """Give the days from `first` to `last` that are covered by `length` days from each start on."""
    for start in starts:
        day, end = max(start, first), min(start + timedelta(length - 1), last)
        while day <= end:
            budget.take()
            yield day
            day += DAY


def _from_end(day: date) -> int:
    """The number of a day from the end of its month: -1 is the last."""
    return day.day - monthrange(day.year, day.month)[1] - 1


def _weekday(text: str) -> tuple[int, int]:
    ordinal, name = text[:-2] or "0", text[-2:]
    names = [day[:2].upper() for day in WEEKDAYS]
    if name not in names or not -53 <= int(ordinal) <= 53:  # noqa: PLR2004  # the weeks of a year
        raise Impossible(f"the day {text[:10]}")
    return int(ordinal), names.index(name)


def _one(parts: Mapping[str, Sequence[Any]], name: str, default: int | None) -> int | None:
    if name not in parts:
        return default
    number = int(parts[name][0])
    if not 1 <= number <= _MOST:
        raise Impossible(f"{name}={number}")
    return number


def _numbers(parts: Mapping[str, Sequence[Any]], name: str, low: int, high: int) -> frozenset[int]:
    try:
        numbers = frozenset(int(str(value)) for value in parts.get(name, ()))
    except ValueError:  # 5L, a month of another calendar
        raise Impossible(name) from None
    if any(not low <= number <= high or number == 0 for number in numbers):
        raise Impossible(name)
    return numbers


def _date(value: Any) -> date:
    if not isinstance(value, date):
        raise Impossible("UNTIL")
    return value.date() if isinstance(value, datetime) else value
