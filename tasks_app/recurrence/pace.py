"""How often a schedule runs, on average: counted from its masks, without walking through it."""

from collections.abc import Iterable
from datetime import datetime, timedelta

from tasks_app.recurrence.counting import count_instants
from tasks_app.recurrence.days import LONGEST_MONTH, SHORTEST_MONTH, WEEK
from tasks_app.recurrence.pattern import LAST_MONTH, Pattern
from tasks_app.recurrence.recurrence import Recurrence
from tasks_app.recurrence.walkers import (
    DaySteps,
    ElapsedWalker,
    EveryWalker,
    FixedWalker,
    UnionWalker,
    Walker,
    parts_of,
)

DAY = timedelta(days=1)
MINUTES_PER_HOUR = 60
DAYS_PER_YEAR = 365.2425
# How often a month has each length; every weekday is as good a first day as any other.
_FEBRUARY = {28: 303 / 400, 29: 97 / 400}
_LENGTHS = {month: {30 if month in (4, 6, 9, 11) else LONGEST_MONTH: 1.0} for month in range(1, LAST_MONTH + 1)}
_LENGTHS[2] = _FEBRUARY
# Intervals that meet other parts are counted in four weeks, the same for everybody and at any time.
_SAMPLE_DAYS = 28
_SAMPLE_START = datetime(2027, 1, 4)
_SAMPLE_END = _SAMPLE_START + timedelta(days=_SAMPLE_DAYS)


def runs_per_day(rule: Recurrence) -> float | None:
    """Give the average number of runs a day, over all years; None for what runs once."""
    if rule.kind == "once":
        return None
    parts = parts_of(rule.walker)
    patterns = [pattern for part in parts if (pattern := _pattern(part))]
    times = [_times(pattern) for pattern in patterns]
    by_the_clock = sum(
        _times_left(number, patterns, times) * _days_per_year(pattern) / DAYS_PER_YEAR
        for number, pattern in enumerate(patterns)
    )
    return sum(_steps_per_day(part) for part in parts) + by_the_clock - _met_per_day(parts)


def _met_per_day(parts: Iterable[Walker]) -> float:
    """Count the instants of intervals that another part names too: each runs once."""
    steps = [part for part in parts if _steps_per_day(part)]
    others = [part for part in parts if not _steps_per_day(part)]
    if not steps or len(steps) + len(others) == 1:
        return 0.0
    alone = [*steps, *([UnionWalker(tuple(others))] if others else [])]
    apart = sum(count_instants(walker, _SAMPLE_START, _SAMPLE_END) for walker in alone)
    together = count_instants(UnionWalker((*steps, *others)), _SAMPLE_START, _SAMPLE_END)
    return (apart - together) / _SAMPLE_DAYS


def is_on_whole_minutes(rule: Recurrence) -> bool:
    """Tell whether all of its instants are: then no two of them are closer than a minute."""
    return all(_pattern(part) for part in parts_of(rule.walker))


def _pattern(walker: Walker) -> Pattern | None:
    walls = walker.walls if isinstance(walker, FixedWalker | ElapsedWalker) else None
    return walls if isinstance(walls, Pattern) else None


def _steps_per_day(walker: Walker) -> float:
    if isinstance(walker, EveryWalker):
        return DAY / walker.step
    is_days = isinstance(walker, FixedWalker) and isinstance(walker.walls, DaySteps)
    return DAY / walker.walls.step if is_days else 0.0  # type: ignore[attr-defined]  # the line above says that it has


def _times_left(number: int, patterns: list[Pattern], times: list[int]) -> int:
    """Count the times of day that no other pattern has on the same days: what two name runs once."""
    mine, left = patterns[number], times[number]
    for place, other in enumerate(patterns):
        if place == number or not left & times[place]:
            continue
        if _covers(other, mine) and (place < number or not _covers(mine, other)):
            left &= ~times[place]
    return left.bit_count()


def _covers(wide: Pattern, narrow: Pattern) -> bool:
    """Tell whether one has all days of another."""
    if narrow.months & ~wide.months:
        return False
    return wide.table is narrow.table or not any(
        own & ~other for own, other in zip(narrow.table, wide.table, strict=True)
    )


def _times(pattern: Pattern) -> int:
    """Give a mask of the minutes of a day."""
    return sum(pattern.minutes << (hour * MINUTES_PER_HOUR) for hour in range(24) if pattern.hours >> hour & 1)


def _days_per_year(pattern: Pattern) -> float:
    return sum(
        share * sum(mask.bit_count() for mask in _shapes(pattern, length)) / WEEK
        for month in range(1, LAST_MONTH + 1)
        if pattern.months >> month & 1
        for length, share in _LENGTHS[month].items()
    )


def _shapes(pattern: Pattern, length: int) -> tuple[int, ...]:
    start = (length - SHORTEST_MONTH) * WEEK
    return pattern.table[start : start + WEEK]
