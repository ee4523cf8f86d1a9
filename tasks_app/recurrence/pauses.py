"""A pause that two runs of a schedule always keep, proven from its times of day and intervals without walking.

It may be shorter than the shortest pause there is, never longer. All lengths are whole microseconds.
"""

from collections.abc import Iterable, Iterator
from datetime import datetime, timedelta
from itertools import combinations, pairwise
from math import gcd
from typing import NamedTuple
from zoneinfo import ZoneInfo

from tasks_app.recurrence.days import LONGEST_MONTH, SHORTEST_MONTH, WEEK
from tasks_app.recurrence.pattern import Pattern
from tasks_app.recurrence.recurrence import Recurrence
from tasks_app.recurrence.shifts import Change, changes_of_this_age
from tasks_app.recurrence.walkers import DaySteps, ElapsedWalker, EveryWalker, OnceWalker, Walker, ZoneWalker, parts_of
from tasks_app.recurrence.zones import EPOCH, load_zone, offset_at

_TICK = timedelta(microseconds=1)
_MINUTE = timedelta(minutes=1) // _TICK
_DAY = timedelta(days=1) // _TICK
_DAYS = (-_DAY, 0, _DAY)
_THIS_AGE = datetime(2025, 1, 1)


class _Grid(NamedTuple):
    """Instants that all lie at `base` or a whole number of steps from it; a step of 0 is a single one."""

    base: int
    step: int


class _Times(NamedTuple):
    """Times of day of the parts that name some: fixed ones, and those that follow elapsed time."""

    fixed: frozenset[int]
    elapsed: frozenset[int]
    has_neighbours: bool
    """Whether they may come on two days in a row."""


def shortest_pause(rule: Recurrence, *, moves: bool = False) -> timedelta | None:
    """Give a pause that any two runs keep, on clock changes too; None for what runs once.

    With `moves` a calendar may put the slots of a day on any other, at the same times.
    """
    if rule.kind == "once":
        return None
    zone, parts = load_zone(rule.timezone), parts_of(rule.walker)
    times = _times(parts, moves=moves)
    found = [*_between_times(times, zone), *_own(parts, zone, moves=moves)]
    grids = [_grid(part, zone, moves=moves) for part in parts if not isinstance(part, ZoneWalker)]
    if times.fixed or times.elapsed:
        grids.append(_grid_of_times(times, zone))
    found += [_apart(one, other) for one, other in combinations(grids, 2)]
    return min(found) * _TICK if found else None


def _times(parts: Iterable[Walker], *, moves: bool) -> _Times:
    walls = [part for part in parts if isinstance(part, ZoneWalker)]
    elapsed = {time for part in walls if isinstance(part, ElapsedWalker) for time in _of_day(part.walls)}
    fixed = {time for part in walls if not isinstance(part, ElapsedWalker) for time in _of_day(part.walls)}
    neighbours = moves or len(walls) != 1 or _may_follow(walls[0].walls)
    # What moves keeps its time of day, as a fixed one does.
    return _Times(frozenset(fixed | elapsed if moves else fixed), frozenset(elapsed), neighbours)


def _of_day(walls: Walker) -> Iterator[int]:
    if isinstance(walls, Pattern):
        for hour in (number for number in range(24) if walls.hours >> number & 1):
            yield from ((hour * 60 + minute) * _MINUTE for minute in range(60) if walls.minutes >> minute & 1)
    elif isinstance(walls, DaySteps):
        yield _in_day(walls.anchor)


def _may_follow(walls: Walker) -> bool:
    """Tell whether two days in a row may be named."""
    if isinstance(walls, DaySteps):
        return walls.step // _TICK < 2 * _DAY
    assert isinstance(walls, Pattern)
    for place, mask in enumerate(walls.table):
        length, first = place // WEEK + SHORTEST_MONTH, place % WEEK
        following = (first + length) % WEEK
        firsts = walls.table[following::WEEK][: LONGEST_MONTH - SHORTEST_MONTH + 1]
        if mask & mask >> 1 or (mask >> length & 1 and any(month >> 1 & 1 for month in firsts)):
            return True
    return False


def _between_times(times: _Times, zone: ZoneInfo) -> Iterator[int]:
    every = sorted(times.fixed | times.elapsed)
    if not every:
        return
    changes = {(_in_day(change.start), _length(change)): None for change in changes_of_this_age(zone)}
    longest = max((abs(length) for _, length in changes), default=0)
    groups = [_DAYS] if times.has_neighbours else [(day,) for day in _DAYS]
    if not times.has_neighbours:
        yield 2 * _DAY - (every[-1] - every[0]) - longest
    for start, length in [(0, 0), *changes]:
        for days in groups:
            instants = sorted(set(_around(times, days, start, length)))
            yield from (later - earlier for earlier, later in pairwise(instants))


def _around(times: _Times, days: Iterable[int], start: int, length: int) -> Iterator[int]:
    """Give when the times of some days come, counted by the clock before a change of so much at `start`."""
    end = start + abs(length)
    for day in days:
        for wall in (day + time for time in times.fixed):
            yield _fixed_at(wall, start, end, length)
        for wall in (day + time for time in times.elapsed):
            if not (length > 0 and start <= wall < end):
                yield _fixed_at(wall, start, end, length)
            if length < 0 and start <= wall < end:
                yield wall - length


def _fixed_at(wall: int, start: int, end: int, length: int) -> int:
    if length > 0 and start <= wall < end:
        return start
    return wall - length if wall >= end else wall


def _own(parts: Iterable[Walker], zone: ZoneInfo, *, moves: bool) -> Iterator[int]:
    for part in parts:
        if isinstance(part, EveryWalker):
            yield _grid(part, zone, moves=moves).step


def _grid(part: Walker, zone: ZoneInfo, *, moves: bool) -> _Grid:
    if isinstance(part, OnceWalker):
        return _Grid((part.at - EPOCH) // _TICK, 0)
    assert isinstance(part, EveryWalker)
    base, step = (part.anchor - EPOCH) // _TICK, part.step // _TICK
    if not moves:
        return _Grid(base, step)
    ends = (change.at - part.anchor for change in changes_of_this_age(zone) if change.is_forward)
    return _Grid(base, gcd(step, _DAY, *_offsets(zone), *(end // _TICK for end in ends)))


def _grid_of_times(times: _Times, zone: ZoneInfo) -> _Grid:
    every = sorted(times.fixed | times.elapsed)
    gaps = [change.end for change in changes_of_this_age(zone) if change.is_forward] if times.fixed else []
    places = [*(time - every[0] for time in every), *(_in_day(end) - every[0] for end in gaps)]
    return _Grid(every[0] - offset_at(zone, _THIS_AGE) // _TICK, gcd(_DAY, *_offsets(zone), *places))


def _offsets(zone: ZoneInfo) -> set[int]:
    """Give by how much the clocks of a zone change."""
    return {abs(_length(change)) for change in changes_of_this_age(zone)}


def _apart(one: _Grid, other: _Grid) -> int:
    """Give how near two instants of two grids can be that are not the same."""
    step, distance = gcd(one.step, other.step), abs(one.base - other.base)
    if not step:
        return distance or _DAY
    rest = distance % step
    return min(rest, step - rest) if rest else step


def _in_day(wall: datetime) -> int:
    return (wall - EPOCH) // _TICK % _DAY


def _length(change: Change) -> int:
    return (change.after - change.before) // _TICK
