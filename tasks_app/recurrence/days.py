"""Which days of a month a schedule means, as bit masks.

A month is fully described by its length and the weekday it begins with: 4 x 7 shapes, so each rule becomes a table of
28 masks (bit n = day n) and the walker never looks at single days. The Gregorian calendar meets every shape, 29
February on each weekday included, hence a rule whose masks are all empty can never match and any other will some day.
"""

from dataclasses import dataclass
from functools import lru_cache

SHORTEST_MONTH = 28
LONGEST_MONTH = 31
WEEK = 7
SATURDAY = 6
WORKDAYS = 0b0111110
SUNDAY = 0
_ONE_WEEK = (1 << WEEK) - 1
_EACH_WEEK = sum(1 << day for day in (1, 8, 15, 22, 29))


@dataclass(frozen=True)
class DayRule:
    """What day-of-month and weekday fields ask for. Weekdays count from Sunday = 0, days from the end from 0 = last."""

    days: int = 0
    from_end: frozenset[int] = frozenset()
    last_workday: bool = False
    nearest_workday: frozenset[int] = frozenset()
    workdays: frozenset[int] = frozenset()
    weekdays: int = 0
    last_weekdays: int = 0
    nth_weekdays: frozenset[tuple[int, int]] = frozenset()
    either: bool = False
    """Both fields are restricted: a day that satisfies one of them is enough (Vixie cron)."""


@lru_cache(maxsize=4096)
def table_of(rule: DayRule) -> tuple[int, ...]:
    """Give the masks for every shape of month, at index (length - 28) * 7 + weekday of day 1."""
    return tuple(
        _mask(rule, length, first) for length in range(SHORTEST_MONTH, LONGEST_MONTH + 1) for first in range(WEEK)
    )


def _mask(rule: DayRule, length: int, first: int) -> int:
    by_day = _by_day(rule, length, first)
    by_weekday = _by_weekday(rule, length, first)
    chosen = by_day | by_weekday if rule.either else by_day & by_weekday
    return chosen & _all_days(length)


def _all_days(length: int) -> int:
    return (1 << (length + 1)) - 2


def _weekday_mask(weekdays: int, first: int) -> int:
    """Give the days on these weekdays: their seven bits, turned to the weekday of day 1, once for each week."""
    return ((weekdays >> first | weekdays << (WEEK - first)) & _ONE_WEEK) * _EACH_WEEK


def _by_weekday(rule: DayRule, length: int, first: int) -> int:
    mask = _weekday_mask(rule.weekdays, first)
    if rule.last_weekdays:
        mask |= _weekday_mask(rule.last_weekdays, first) & ~_all_days(length - WEEK)
    for weekday, nth in rule.nth_weekdays:
        mask |= 1 << (1 + (weekday - first) % WEEK + WEEK * (nth - 1))
    return mask


def _by_day(rule: DayRule, length: int, first: int) -> int:
    mask = rule.days
    for distance in rule.from_end:
        if distance < length:
            mask |= 1 << (length - distance)
    for day in rule.nearest_workday:
        if day <= length:
            mask |= 1 << _nearest_workday(day, length, first)
    if rule.last_workday or rule.workdays:
        mask |= _workday_mask(rule, length, first)
    return mask


def _nearest_workday(day: int, length: int, first: int) -> int:
    weekday = (first + day - 1) % WEEK
    if weekday == SATURDAY:
        return day - 1 if day > 1 else day + 2
    if weekday == SUNDAY:
        return day + 1 if day < length else day - 2
    return day


def _workday_mask(rule: DayRule, length: int, first: int) -> int:
    workdays = _weekday_mask(WORKDAYS, first) & _all_days(length)
    mask = 1 << (workdays.bit_length() - 1) if rule.last_workday else 0
    if rule.workdays:
        numbered = [day for day in range(1, length + 1) if workdays >> day & 1]
        mask |= sum(1 << numbered[nth - 1] for nth in rule.workdays if nth <= len(numbered))
    return mask
