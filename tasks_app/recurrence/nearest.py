"""The nearest crontab, in Celery's reading, that has every minute of a schedule, and whether it has no others.

Celery knows plain lists, ranges and steps, counts weekdays from Sunday = 0 to 6, and where both day fields are
restricted it requires both. So days are read from the shapes of months: which days and which weekdays a schedule can
have, and whether these two together say it already.
"""

import re
from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple

from tasks_app.recurrence.days import LONGEST_MONTH, SHORTEST_MONTH, WEEK
from tasks_app.recurrence.pattern import Pattern
from tasks_app.recurrence.recurrence import Recurrence
from tasks_app.recurrence.time_words import bits
from tasks_app.recurrence.walkers import ElapsedWalker, FixedWalker, parts_of
from tasks_app.recurrence.writing import joined

_PLAIN = re.compile(r"(\*(/\d+)?|\d+(-\d+(/\d+)?)?)(,(\*(/\d+)?|\d+(-\d+(/\d+)?)?))*")
_MINUTES, _HOURS, _MONTHS = 60, 24, 12
_LONGEST = (0, 31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31)
_FEBRUARY = 2


class Crontab(NamedTuple):
    """The fields in the order of an expression."""

    minute: str
    hour: str
    day_of_month: str
    month_of_year: str
    day_of_week: str


EVERY_MINUTE = Crontab("*", "*", "*", "*", "*")


class _Masks(NamedTuple):
    minutes: int
    hours: int
    days: int
    months: int
    weekdays: int


def nearest_crontab(rule: Recurrence, *, on_any_day: bool = False) -> tuple[Crontab, bool]:
    """Give the crontab, and whether it says exactly the same; `on_any_day` leaves the days open."""
    patterns = [_pattern(part) for part in parts_of(rule.walker)]
    known = [pattern for pattern in patterns if pattern is not None]
    if len(known) < len(patterns):
        return EVERY_MINUTE, False
    masks = _joined(map(_masks, known))
    written = _written(masks, (rule.cron or "").split())
    if on_any_day:
        written = Crontab(written.minute, written.hour, "*", "*", "*")
    return written, len(known) == 1 and not on_any_day and _is_all(known[0], masks)


def _pattern(walker: object) -> Pattern | None:
    walls = walker.walls if isinstance(walker, FixedWalker | ElapsedWalker) else None
    return walls if isinstance(walls, Pattern) else None


def _joined(several: Iterable[_Masks]) -> _Masks:
    found = _Masks(0, 0, 0, 0, 0)
    for masks in several:
        found = _Masks(*(one | other for one, other in zip(found, masks, strict=True)))
    return found


def _masks(pattern: Pattern) -> _Masks:
    days = weekdays = 0
    for _, first, mask in _shapes(pattern):
        days |= mask
        weekdays |= sum(1 << (first + place) % WEEK for place in range(WEEK) if mask & _on_weekday(place))
    return _Masks(pattern.minutes, pattern.hours, days, pattern.months, weekdays)


def _shapes(pattern: Pattern) -> Iterator[tuple[int, int, int]]:
    """Give the length, the weekday of day 1 and the days of each shape that its months may have."""
    months = bits(pattern.months)
    lengths = {_LONGEST[month] for month in months} | ({SHORTEST_MONTH} if _FEBRUARY in months else set())
    for length in sorted(lengths):
        for first in range(WEEK):
            yield length, first, pattern.table[(length - SHORTEST_MONTH) * WEEK + first]


def _on_weekday(place: int) -> int:
    """Give the days 1 + place, a week later, and so on."""
    return sum(1 << day for day in range(1 + place, LONGEST_MONTH + 1, WEEK))


def _is_all(pattern: Pattern, masks: _Masks) -> bool:
    """Tell whether all days that both day fields allow are days of the pattern."""
    for length, first, mask in _shapes(pattern):
        allowed = sum(_on_weekday(place) for place in range(WEEK) if masks.weekdays >> (first + place) % WEEK & 1)
        if allowed & masks.days & ((1 << (length + 1)) - 1) != mask:
            return False
    return True


def _written(masks: _Masks, fields: Sequence[str]) -> Crontab:
    """Write the masks; a field stays as a person wrote it where Celery reads it the same way."""
    plain = Crontab(
        joined(bits(masks.minutes), _MINUTES),
        joined(bits(masks.hours), _HOURS),
        joined(bits(masks.days), LONGEST_MONTH),
        joined(bits(masks.months), _MONTHS),
        joined(bits(masks.weekdays), WEEK),
    )
    if len(fields) != len(plain):
        return plain
    lowest = (0, 0, 1, 1, 0)
    highest = (_MINUTES - 1, _HOURS - 1, LONGEST_MONTH, _MONTHS, WEEK - 1)
    chosen = [
        own if _PLAIN.fullmatch(own) and _read(own, low, high) == mask else made
        for own, made, mask, low, high in zip(fields, plain, masks, lowest, highest, strict=True)
    ]
    return Crontab(*chosen)


def _read(field: str, low: int, high: int) -> int:
    """Read a plain field as Celery does."""
    mask = 0
    for item in field.split(","):
        base, _, step = item.partition("/")
        first, dash, last = base.partition("-")
        start = low if base == "*" else int(first)
        end = high if base == "*" else int(last) if dash else start
        mask |= sum(1 << value for value in range(start, end + 1, int(step or 1)))
    return mask
