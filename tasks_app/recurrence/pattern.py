"""A cron-like pattern over wall times: finds the matching minute at, after or before a wall time with bit masks.

Knows nothing of zones. A search costs a few steps for each month passed, whatever the expression.
"""

from dataclasses import dataclass
from datetime import date, datetime

from tasks_app.recurrence.days import LONGEST_MONTH, SHORTEST_MONTH, WEEK

LAST_MONTH = 12
# The rarest dates, 29 February on a given weekday, are up to 40 years apart. The rest is for zones whose gaps eat some.
SEARCH_YEARS = 100
ALL_MINUTES = (1 << 60) - 1
ALL_HOURS = (1 << 24) - 1
ALL_MONTHS = (1 << 13) - 2
_LENGTHS = (0, 31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31)


def lowest_bit(mask: int) -> int:
    """Give the number of the lowest bit that is set."""
    return (mask & -mask).bit_length() - 1


def shape_of(year: int, month: int) -> int:
    """Give the index of a month into a table of `days.table_of`."""
    length = _LENGTHS[month]
    if month == 2 and not year % 4 and (year % 100 or not year % 400):  # noqa: PLR2004  # the rule of leap years
        length += 1
    return (length - SHORTEST_MONTH) * WEEK + date(year, month, 1).toordinal() % WEEK


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

    def wall_from(self, wall: datetime) -> datetime | None:
        """Give the first matching wall time that is not before `wall`, which is on a whole minute."""
        year, month, day, hour = wall.year, wall.month, wall.day, wall.hour
        if self.months >> month & 1 and self.table[shape_of(year, month)] >> day & 1:
            if self.hours >> hour & 1:
                left = self.minutes >> wall.minute
                if left:
                    return wall.replace(minute=wall.minute + lowest_bit(left))
            left = self.hours >> (hour + 1)
            if left:
                return wall.replace(hour=hour + 1 + lowest_bit(left), minute=lowest_bit(self.minutes))
        found = self._day_from(year, month, day + 1)
        return found and found.replace(hour=lowest_bit(self.hours), minute=lowest_bit(self.minutes))

    def _day_from(self, year: int, month: int, day: int) -> datetime | None:
        last_year = min(year + SEARCH_YEARS, datetime.max.year)
        while year <= last_year:
            if self.months >> month & 1:
                left = self.table[shape_of(year, month)] >> day
                if left:
                    return datetime(year, month, day + lowest_bit(left))
            day, month = 0, month + 1
            if month > LAST_MONTH:
                month, year = 1, year + 1
        return None

    def wall_back(self, wall: datetime) -> datetime | None:
        """Give the last matching wall time that is not after `wall`, which is on a whole minute."""
        year, month, day, hour = wall.year, wall.month, wall.day, wall.hour
        if self.months >> month & 1 and self.table[shape_of(year, month)] >> day & 1:
            if self.hours >> hour & 1:
                left = self.minutes & ((2 << wall.minute) - 1)
                if left:
                    return wall.replace(minute=left.bit_length() - 1)
            left = self.hours & ((1 << hour) - 1)
            if left:
                return wall.replace(hour=left.bit_length() - 1, minute=self.minutes.bit_length() - 1)
        found = self._day_back(year, month, day - 1)
        return found and found.replace(hour=self.hours.bit_length() - 1, minute=self.minutes.bit_length() - 1)

    def _day_back(self, year: int, month: int, day: int) -> datetime | None:
        first_year = max(year - SEARCH_YEARS, datetime.min.year)
        while year >= first_year:
            if self.months >> month & 1:
                left = self.table[shape_of(year, month)] & ((2 << day) - 1)
                if left:
                    return datetime(year, month, left.bit_length() - 1)
            day, month = LONGEST_MONTH, month - 1
            if month < 1:
                month, year = LAST_MONTH, year - 1
        return None
