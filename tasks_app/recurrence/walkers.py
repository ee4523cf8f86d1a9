"""From walls to instants: where a schedule and a zone's clock changes meet.

Instants are naive and in UTC, walls naive and as a clock in the zone shows them. `after` is strictly after, `before`
strictly before; None where nothing is.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Protocol
from zoneinfo import ZoneInfo

from tasks_app.recurrence.zones import (
    change_between,
    first_instant,
    gap_end,
    is_gap_end,
    offsets,
    steady_offset,
    wall_at,
)

JUST_BEFORE = timedelta(microseconds=1)
# The gaps of a zone may swallow every date of a rare pattern, one a year, for decades (America/Scoresbysund did on 43
# last Sundays of March); a search gives up after so many.
MOST_GAPS = 100
Find = Callable[[datetime], datetime | None]


class Walker(Protocol):
    """Finds moments: instants, or walls."""

    def after(self, moment: datetime, /) -> datetime | None: ...
    def before(self, moment: datetime, /) -> datetime | None: ...


@dataclass(frozen=True)
class ZoneWalker:
    """Walls in a zone, whose clock changes are left to those that know a rule for gaps and overlaps."""

    walls: Walker
    zone: ZoneInfo

    def after(self, instant: datetime, /) -> datetime | None:
        """Give the first instant after."""
        return self._far_from_changes(self.walls.after, instant) or self._after(instant)

    def before(self, instant: datetime, /) -> datetime | None:
        """Give the last instant before."""
        return self._far_from_changes(self.walls.before, instant) or self._before(instant)

    def _far_from_changes(self, find: Find, instant: datetime) -> datetime | None:
        """Give what is found when the search begins and ends where no rule is needed, as nearly all searches do."""
        offset = steady_offset(self.zone, instant)
        if offset is None:
            return None
        wall = find(instant + offset)
        offset = steady_offset(self.zone, wall) if wall else None
        return wall - offset if wall and offset is not None else None

    def _after(self, instant: datetime) -> datetime | None:
        raise NotImplementedError

    def _before(self, instant: datetime) -> datetime | None:
        raise NotImplementedError


class FixedWalker(ZoneWalker):
    """Fixed wall times: in a gap once, at its end; in an overlap once, in the first pass.

    Wall times map to instants without ever going backwards, so the next wall leads to the next instant.
    """

    def _after(self, instant: datetime) -> datetime | None:
        here = wall_at(self.zone, instant)
        wall = self.walls.after(self._end_of_overlap(here, instant) - JUST_BEFORE if here.fold else here)
        return wall and first_instant(self.zone, wall)

    def _before(self, instant: datetime) -> datetime | None:
        here = wall_at(self.zone, instant)
        wall = self.walls.before(self._end_of_overlap(here, instant) if here.fold else here)
        found = wall and first_instant(self.zone, wall)
        if wall and found == instant:
            # All walls of a gap share its end: go back to its beginning.
            wall = self.walls.before(instant + offsets(self.zone, wall)[0])
            found = wall and first_instant(self.zone, wall)
        return found

    def _end_of_overlap(self, here: datetime, instant: datetime) -> datetime:
        """Give the wall of the change: in the second pass all walls up to there have run already, in the first."""
        first, second = offsets(self.zone, here)
        return change_between(self.zone, instant - (first - second), instant) + first


class ElapsedWalker(ZoneWalker):
    """Wall times that follow elapsed time: both passes of an overlap, nothing for a gap."""

    def _after(self, instant: datetime) -> datetime | None:
        here = wall_at(self.zone, instant)
        first, second = offsets(self.zone, here)
        if first > second and not here.fold:
            # In the first pass: what is left of it, then the second pass from its beginning.
            change = change_between(self.zone, instant, instant + (first - second))
            wall = self.walls.after(here)
            if wall and wall < change + first:
                return wall - first
            here, instant = change + second - JUST_BEFORE, change - JUST_BEFORE
        return self._after_wall(here, instant)

    def _after_wall(self, here: datetime, instant: datetime) -> datetime | None:
        wall = self.walls.after(here)
        for _ in range(MOST_GAPS):
            if wall is None:
                return None
            first, second = offsets(self.zone, wall)
            if first >= second:
                return wall - first if wall - first > instant else wall - second
            end = gap_end(self.zone, wall, first, second)
            wall = self.walls.after(end + second - JUST_BEFORE)
        return None

    def _before(self, instant: datetime) -> datetime | None:
        here = wall_at(self.zone, instant)
        first, second = offsets(self.zone, here)
        if first > second and here.fold:
            # In the second pass: what has been of it, then the first pass from its end.
            change = change_between(self.zone, instant - (first - second), instant)
            wall = self.walls.before(here)
            if wall and wall >= change + second:
                return wall - second
            here, instant = change + first, change
        return self._before_wall(here, instant)

    def _before_wall(self, here: datetime, instant: datetime) -> datetime | None:
        wall = self.walls.before(here)
        for _ in range(MOST_GAPS):
            if wall is None:
                return None
            first, second = offsets(self.zone, wall)
            if first >= second:
                return wall - second if wall - second < instant else wall - first
            end = gap_end(self.zone, wall, first, second)
            wall = self.walls.before(end + first)
        return None


@dataclass(frozen=True)
class EveryWalker:
    """A fixed interval through an anchor, in both directions: of elapsed time, or on the wall."""

    anchor: datetime
    step: timedelta

    def after(self, moment: datetime, /) -> datetime:
        """Give the first moment after."""
        return self.anchor + ((moment - self.anchor) // self.step + 1) * self.step

    def before(self, moment: datetime, /) -> datetime:
        """Give the last moment before."""
        return self.anchor - ((self.anchor - moment) // self.step + 1) * self.step


class DaySteps(EveryWalker):
    """Walls: every n days from an anchor, at the anchor's time of day."""


@dataclass(frozen=True)
class OnceWalker:
    """One instant."""

    at: datetime

    def after(self, instant: datetime, /) -> datetime | None:
        """Give the instant while it lies ahead."""
        return self.at if self.at > instant else None

    def before(self, instant: datetime, /) -> datetime | None:
        """Give the instant once it has passed."""
        return self.at if self.at < instant else None


@dataclass(frozen=True)
class UnionWalker:
    """Several schedules together; an instant that two of them name comes once."""

    parts: tuple[Walker, ...]

    def after(self, instant: datetime, /) -> datetime | None:
        """Give the first instant after."""
        return min(filter(None, (within_calendar(part.after, instant) for part in self.parts)), default=None)

    def before(self, instant: datetime, /) -> datetime | None:
        """Give the last instant before."""
        return max(filter(None, (within_calendar(part.before, instant) for part in self.parts)), default=None)


def within_calendar(find: Find, instant: datetime) -> datetime | None:
    """Let a part that leaves the years 1 to 9999 find nothing, and the others be asked all the same."""
    try:
        return find(instant)
    except OverflowError:
        return None


def parts_of(walker: Walker) -> tuple[Walker, ...]:
    """Give the schedules that run together: itself, where it is one."""
    return walker.parts if isinstance(walker, UnionWalker) else (walker,)


def wall_of(walker: Walker, zone: ZoneInfo, instant: datetime) -> datetime:
    """Give the wall time by which a schedule names an instant of its own.

    Where a gap ends that is the first of its times inside of the gap, on the same day, rather than what is shown.
    """
    shown = wall_at(zone, instant)
    if steady_offset(zone, instant) is not None or not is_gap_end(zone, instant):
        return shown
    start = max(wall_at(zone, instant - JUST_BEFORE) + JUST_BEFORE, datetime(shown.year, shown.month, shown.day))
    fixed = (part.walls for part in parts_of(walker) if isinstance(part, FixedWalker))
    found = filter(None, (within_calendar(walls.after, start - JUST_BEFORE) for walls in fixed))
    return min([shown, *found])
