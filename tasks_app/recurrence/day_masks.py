"""Counting what several schedules name together: a day is a number with a bit for each second, and days are combined.

What does not begin on whole seconds cannot meet what does, and is kept apart by its fraction.
"""

from collections import defaultdict
from collections.abc import Iterator
from datetime import datetime, timedelta
from functools import lru_cache

from tasks_app.recurrence.pattern import Pattern
from tasks_app.recurrence.walkers import (
    JUST_BEFORE,
    EveryWalker,
    UnionWalker,
    Walker,
    ZoneWalker,
    within_calendar,
)
from tasks_app.recurrence.zones import SECOND, steady_offset

_DAY = timedelta(days=1)
_DAY_SECONDS = 86_400
_MINUTE_SECONDS = 60
_HOURS = 24
_WHOLE_DAY = (1 << _DAY_SECONDS) - 1
Masks = dict[int, int]
"""The seconds of a day, by the fraction (in microseconds) at which they are counted."""


def count_together(walker: UnionWalker, low: datetime, until: datetime) -> int:
    """Count the instants from `low` to before `until`; one that several parts name counts once."""
    return sum(_on_day(walker, start, max(start, low), min(start + _DAY, until)) for start in _days(low, until))


def _days(low: datetime, until: datetime) -> Iterator[datetime]:
    start = datetime(low.year, low.month, low.day)
    while start < until:
        yield start
        start += _DAY


def _on_day(walker: UnionWalker, start: datetime, low: datetime, until: datetime) -> int:
    joined: Masks = defaultdict(int)
    for part in walker.parts:
        for fraction, mask in _mask(part, start).items():
            joined[fraction] |= mask
    if until - low == _DAY:
        return sum(mask.bit_count() for mask in joined.values())
    first, last = (low - start) // JUST_BEFORE, (until - start) // JUST_BEFORE
    return sum(
        (mask & ((1 << _seconds_before(last, fraction)) - 1)).bit_count()
        - (mask & ((1 << _seconds_before(first, fraction)) - 1)).bit_count()
        for fraction, mask in joined.items()
    )


def _seconds_before(moment: int, fraction: int) -> int:
    """Count the seconds whose moment at this fraction lies before one, both in microseconds."""
    return max(0, -((fraction - moment) // 1_000_000))


def _mask(part: Walker, start: datetime) -> Masks:
    """Give what a part has on a day in UTC."""
    if isinstance(part, EveryWalker) and part.step % SECOND == timedelta(0):
        return _steps(part, start)
    if isinstance(part, ZoneWalker) and isinstance(part.walls, Pattern):
        first, last = steady_offset(part.zone, start), steady_offset(part.zone, start + _DAY)
        if first is not None and first == last:
            return {0: _walls(part.walls, start + first)}
    return _walked(part, start)


def _steps(every: EveryWalker, start: datetime) -> Masks:
    first = every.after(start - JUST_BEFORE) - start
    step = every.step // SECOND
    place, fraction = first // SECOND, (first % SECOND) // JUST_BEFORE
    if place >= _DAY_SECONDS:
        return {}
    return {fraction: (_comb(step) << place) & _WHOLE_DAY}


@lru_cache(maxsize=256)
def _comb(step: int) -> int:
    """Give the seconds of a day that are so far apart, beginning with its first; dividing such numbers is slow."""
    count = (_DAY_SECONDS - 1) // step + 1
    return ((1 << (count * step)) - 1) // ((1 << step) - 1)


def _walls(pattern: Pattern, wall: datetime) -> int:
    """Give the seconds from a wall time on for a day, which may reach into the next one of the wall."""
    midnight = datetime(wall.year, wall.month, wall.day)
    gone = (wall - midnight) // SECOND
    mask = _times(pattern.minutes, pattern.hours) >> gone if pattern.has_day(midnight) else 0
    if gone and pattern.has_day(midnight + _DAY):
        mask |= _times(pattern.minutes, pattern.hours) << (_DAY_SECONDS - gone)
    return mask & _WHOLE_DAY


@lru_cache(maxsize=1024)
def _times(minutes: int, hours: int) -> int:
    hour = sum(1 << (minute * _MINUTE_SECONDS) for minute in range(_MINUTE_SECONDS) if minutes >> minute & 1)
    return sum(hour << (number * 3600) for number in range(_HOURS) if hours >> number & 1)


def _walked(part: Walker, start: datetime) -> Masks:
    found: Masks = defaultdict(int)
    moment = within_calendar(part.after, start - JUST_BEFORE)
    while moment is not None and moment < start + _DAY:
        place = moment - start
        found[(place % SECOND) // JUST_BEFORE] |= 1 << (place // SECOND)
        moment = within_calendar(part.after, moment)
    return found
