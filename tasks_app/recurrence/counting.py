"""How many instants a schedule has in a span: by arithmetic, whatever its length, with the clock changes in between.

Gives exactly what walking from one to the next would give. Instants and walls are naive, as in `walkers`.
"""

from collections.abc import Iterator
from datetime import datetime, timedelta

from tasks_app.recurrence.day_masks import count_together
from tasks_app.recurrence.pattern import Pattern
from tasks_app.recurrence.recurrence import Recurrence
from tasks_app.recurrence.shifts import Change, changes_within
from tasks_app.recurrence.walkers import (
    JUST_BEFORE,
    DaySteps,
    ElapsedWalker,
    EveryWalker,
    FixedWalker,
    OnceWalker,
    UnionWalker,
    Walker,
    ZoneWalker,
)
from tasks_app.recurrence.zones import offset_at, to_naive_utc

# An offset differs from the one before it by a day at most.
_REACH = timedelta(days=2)


def count_slots(rule: Recurrence, first: datetime, last: datetime) -> int:
    """Count the instants of a schedule from `first` to `last`, both included and aware."""
    return count_instants(rule.walker, to_naive_utc(first), to_naive_utc(last) + JUST_BEFORE)


def count_instants(walker: Walker, low: datetime, until: datetime) -> int:
    """Count the instants from `low` to before `until`."""
    if low >= until:
        return 0
    if isinstance(walker, UnionWalker):
        return count_together(walker, low, until)
    if isinstance(walker, OnceWalker):
        return int(low <= walker.at < until)
    if isinstance(walker, FixedWalker | ElapsedWalker):
        return sum(_in_stretch(walker, stretch) for stretch in _stretches(walker, low, until))
    return _count_moments(walker, low, until)


def _count_moments(moments: Walker, low: datetime, until: datetime) -> int:
    """Count what knows nothing of zones."""
    if isinstance(moments, Pattern):
        return moments.count(low, until)
    assert isinstance(moments, EveryWalker | DaySteps)
    return _steps_before(moments, until) - _steps_before(moments, low)


def _steps_before(steps: EveryWalker, moment: datetime) -> int:
    """Number the steps, so that the difference of two numbers is how many lie between."""
    return -((steps.anchor - moment) // steps.step)


class _Stretch:
    """Instants from `low` to before `until`, between which the offset does not change; `since` is the change before."""

    def __init__(self, low: datetime, until: datetime, offset: timedelta, since: Change | None) -> None:
        self.low, self.until, self.offset, self.since = low, until, offset, since


def _stretches(walker: ZoneWalker, low: datetime, until: datetime) -> Iterator[_Stretch]:
    start, since = low - _REACH, None
    offset = offset_at(walker.zone, start)
    for change in changes_within(walker.zone, start, until):
        if change.at > low:
            yield _Stretch(max(start, low), change.at, offset, since)
        start, offset, since = change.at, change.after, change
    if start < until:
        yield _Stretch(max(start, low), until, offset, since)


def _in_stretch(walker: ZoneWalker, stretch: _Stretch) -> int:
    low, until = stretch.low + stretch.offset, stretch.until + stretch.offset
    change = stretch.since
    if change is None or isinstance(walker, ElapsedWalker):
        return _count_moments(walker.walls, low, until)
    if not change.is_forward:  # the second pass has nothing of its own
        return _count_moments(walker.walls, min(max(low, change.end), until), until)
    # All walls of a gap share the instant of its end, with the wall that is shown there.
    is_whole = stretch.low == change.at
    skipped = _count_moments(walker.walls, change.start, change.end + JUST_BEFORE) if is_whole else 0
    return int(skipped > 0) + _count_moments(walker.walls, low + JUST_BEFORE if is_whole else low, until)
