"""A cron-like pattern over wall times: finds the matching minute after or before a wall time with bit masks.

Knows nothing of zones. A search costs a few steps for each month passed, whatever the expression.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import MAXYEAR, MINYEAR, date, datetime

from tasks_app.recurrence.days import LONGEST_MONTH, SHORTEST_MONTH, WEEK

LAST_MONTH = 12
# The rarest dates, 29 February on a given weekday, are up to 40 years apart. The rest is for zones whose gaps eat some.
SEARCH_YEARS = 100
YEARS_OF_A_CYCLE = 400
ALL_MINUTES = (1 << 60) - 1
ALL_HOURS = (1 << 24) - 1
ALL_MONTHS = (1 << 13) - 2
_LENGTHS = (0, 31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31)


def lowest_bit(mask: int) -> int:
    """Give the number of the lowest bit that is set."""
    return (mask & -mask).bit_length() - 1


def highest_bit(mask: int) -> int:
    """Give the number of the highest bit that is set."""
    return mask.bit_length() - 1


def _shape_of(year: int, month: int) -> int:
    length = _LENGTHS[month]
    if month == 2 and not year % 4 and (year % 100 or not year % 400):  # noqa: PLR2004  # the rule of leap years
        length += 1
    return (length - SHORTEST_MONTH) * WEEK + date(year, month, 1).toordinal() % WEEK


# The index of a month into a table of `days.table_of`; the calendar repeats itself, weekdays included.
_SHAPES = bytes(
    _shape_of(year or YEARS_OF_A_CYCLE, month) for year in range(YEARS_OF_A_CYCLE) for month in range(1, LAST_MONTH + 1)
)


def shape_of(year: int, month: int) -> int:
    """Give the index of a month into a table of `days.table_of`."""
    return _SHAPES[year % YEARS_OF_A_CYCLE * LAST_MONTH + month - 1]


@dataclass(frozen=True)
class Pattern:
    """Masks of minutes, hours and months, the day table, and whether it follows elapsed time across clock changes."""

    minutes: int
    hours: int
    months: int
    table: tuple[int, ...]
    elapsed: bool

    def can_match(self) -> bool:
        """Tell whether any date satisfies it."""
        for month in range(1, LAST_MONTH + 1):
            if not self.months >> month & 1:
                continue
            longest = _LENGTHS[month] + (month == 2)  # noqa: PLR2004  # February
            low = (_LENGTHS[month] - SHORTEST_MONTH) * WEEK
            if any(self.table[low : (longest - SHORTEST_MONTH + 1) * WEEK]):
                return True
        return False

    def after(self, wall: datetime, /) -> datetime | None:
        """Give the first matching minute after a wall time."""
        year, month, day, hour = wall.year, wall.month, wall.day, wall.hour
        if self.months >> month & 1 and self.table[shape_of(year, month)] >> day & 1:
            if self.hours >> hour & 1:
                minute = wall.minute + 1
                left = self.minutes >> minute
                if left:
                    return datetime(year, month, day, hour, minute + lowest_bit(left))
            left = self.hours >> (hour + 1)
            if left:
                return datetime(year, month, day, hour + 1 + lowest_bit(left), lowest_bit(self.minutes))
        return self._from_day(year, month, day + 1)

    def _from_day(self, year: int, month: int, day: int) -> datetime | None:
        last_year = min(year + SEARCH_YEARS, MAXYEAR)
        while year <= last_year:
            left = self.months >> month
            if not left:
                year, month, day = year + 1, 1, 0
                continue
            if not left & 1:
                month, day = month + lowest_bit(left), 0
            left = self.table[shape_of(year, month)] >> day
            if left:
                return datetime(year, month, day + lowest_bit(left), lowest_bit(self.hours), lowest_bit(self.minutes))
            month, day = month + 1, 0
        return None

    def before(self, wall: datetime, /) -> datetime | None:
        """Give the last matching minute before a wall time."""
        year, month, day, hour = wall.year, wall.month, wall.day, wall.hour
        if self.months >> month & 1 and self.table[shape_of(year, month)] >> day & 1:
            if self.hours >> hour & 1:
                # The minute of the wall itself has begun before it, unless the wall is its very beginning.
                begun = wall.minute + (wall.second > 0 or wall.microsecond > 0)
                left = self.minutes & ((1 << begun) - 1)
                if left:
                    return datetime(year, month, day, hour, highest_bit(left))
            left = self.hours & ((1 << hour) - 1)
            if left:
                return datetime(year, month, day, highest_bit(left), highest_bit(self.minutes))
        return self._back_from_day(year, month, day - 1)

    def _back_from_day(self, year: int, month: int, day: int) -> datetime | None:
        first_year = max(year - SEARCH_YEARS, MINYEAR)
        while year >= first_year:
            left = self.months & ((2 << month) - 1)
            if not left:
                year, month, day = year - 1, LAST_MONTH, LONGEST_MONTH
                continue
            if not left >> month:
                month, day = highest_bit(left), LONGEST_MONTH
            left = self.table[shape_of(year, month)] & ((2 << day) - 1)
            if left:
                return datetime(year, month, highest_bit(left), highest_bit(self.hours), highest_bit(self.minutes))
            month, day = month - 1, LONGEST_MONTH
        return None

    def has_day(self, wall: datetime) -> bool:
        """Tell whether the day of a wall time matches."""
        return bool(self.months >> wall.month & 1 and self.table[shape_of(wall.year, wall.month)] >> wall.day & 1)

    def count(self, low: datetime, until: datetime) -> int:
        """Count the matching minutes from a wall time to before another."""
        a_day = self.hours.bit_count() * self.minutes.bit_count()
        days = sum(mask.bit_count() for mask in self._days_between(low, until))
        return days * a_day + self._on_day_before(until) - self._on_day_before(low)

    def _days_between(self, low: datetime, until: datetime) -> Iterator[int]:
        """Give the matching days of each month, from the day of one wall time to before that of another."""
        for place in range(low.year * LAST_MONTH + low.month, until.year * LAST_MONTH + until.month + 1):
            year, month = (place - 1) // LAST_MONTH, (place - 1) % LAST_MONTH + 1
            if self.months >> month & 1:
                days = self.table[shape_of(year, month)]
                if (year, month) == (until.year, until.month):
                    days &= (1 << until.day) - 1
                yield days >> low.day if (year, month) == (low.year, low.month) else days

    def _on_day_before(self, wall: datetime) -> int:
        """Count the minutes on the day of a wall that have begun before it."""
        if not self.has_day(wall):
            return 0
        found = (self.hours & ((1 << wall.hour) - 1)).bit_count() * self.minutes.bit_count()
        begun = wall.minute + (wall.second > 0 or wall.microsecond > 0)
        return found + ((self.minutes & ((1 << begun) - 1)).bit_count() if self.hours >> wall.hour & 1 else 0)
