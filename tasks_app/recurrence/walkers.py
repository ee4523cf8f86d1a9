"""From walls to instants: where a schedule and a zone's clock changes meet.

Walkers take and give naive instants in UTC. `after` is strictly after, `before` strictly before; None where nothing is.
"""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Protocol
from zoneinfo import ZoneInfo

from tasks_app.recurrence.zones import change_between, first_instant, gap_end, offsets

MINUTE = timedelta(minutes=1)
# The gaps of a zone may swallow every date of a rare pattern, one a year; a search gives up after so many.
MOST_GAPS = 30


class Walker(Protocol):
    """Finds instants."""

    def after(self, instant: datetime) -> datetime | None: ...
    def before(self, instant: datetime) -> datetime | None: ...


class Walls(Protocol):
    """Finds wall times, at or after, at or before a whole minute."""

    def wall_from(self, wall: datetime) -> datetime | None: ...
    def wall_back(self, wall: datetime) -> datetime | None: ...


def floor_minute(wall: datetime) -> datetime:
    """Cut a wall time to its minute."""
    return wall.replace(second=0, microsecond=0, fold=0)


def ceil_minute(wall: datetime) -> datetime:
    """Give the first whole minute that is not before a wall time."""
    floor = floor_minute(wall)
    return floor if floor == wall.replace(fold=0) else floor + MINUTE


def wall_at(zone: ZoneInfo, instant: datetime) -> datetime:
    """Give the wall time at an instant; its fold tells the second pass of an overlap."""
    return instant.replace(tzinfo=UTC).astimezone(zone).replace(tzinfo=None)


@dataclass(frozen=True)
class FixedWalker:
    """Fixed wall times: in a gap once, at its end; in an overlap once, in the first pass.

    Wall times map to instants without ever going backwards, so the search walks the walls and looks at their instants.
    """

    walls: Walls
    zone: ZoneInfo

    def after(self, instant: datetime) -> datetime | None:
        """Give the first instant after."""
        start = floor_minute(wall_at(self.zone, instant)) + MINUTE
        while wall := self.walls.wall_from(start):
            found = first_instant(self.zone, wall)
            if found > instant:
                return found
            start = wall + MINUTE
        return None

    def before(self, instant: datetime) -> datetime | None:
        """Give the last instant before."""
        here = wall_at(self.zone, instant)
        if here.fold:
            # In the second pass later walls have run already, in the first.
            first, second = offsets(self.zone, here)
            here += first - second
        start = ceil_minute(here) - MINUTE
        while wall := self.walls.wall_back(start):
            found = first_instant(self.zone, wall)
            if found < instant:
                return found
            # All walls of a gap share its end; those further back than found + offset lie before it.
            start = min(wall, ceil_minute(found + offsets(self.zone, wall)[0])) - MINUTE
        return None


@dataclass(frozen=True)
class ElapsedWalker:
    """Wall times that follow elapsed time: both passes of an overlap, nothing for a gap."""

    walls: Walls
    zone: ZoneInfo

    def after(self, instant: datetime) -> datetime | None:
        """Give the first instant after."""
        here = wall_at(self.zone, instant)
        start = floor_minute(here) + MINUTE
        first, second = offsets(self.zone, here)
        if first > second and not here.fold:
            # In the first pass: what is left of it, then the second pass from its beginning.
            change = change_between(self.zone, instant, instant + (first - second))
            wall = self.walls.wall_from(start)
            if wall and wall < change + first:
                return wall - first
            start, instant = ceil_minute(change + second), change
        return self._after(start, instant)

    def _after(self, start: datetime, instant: datetime) -> datetime | None:
        wall = self.walls.wall_from(start)
        for _ in range(MOST_GAPS):
            if wall is None:
                return None
            first, second = offsets(self.zone, wall)
            if first >= second:
                return wall - first if wall - first > instant else wall - second
            end = gap_end(self.zone, wall, first, second)
            wall = self.walls.wall_from(ceil_minute(end + second))
        return None

    def before(self, instant: datetime) -> datetime | None:
        """Give the last instant before."""
        here = wall_at(self.zone, instant)
        start = ceil_minute(here) - MINUTE
        first, second = offsets(self.zone, here)
        if first > second and here.fold:
            # In the second pass: what has been of it, then the first pass from its end.
            change = change_between(self.zone, instant - (first - second), instant)
            wall = self.walls.wall_back(start)
            if wall and wall >= change + second:
                return wall - second
            start, instant = ceil_minute(change + first) - MINUTE, change
        return self._before(start, instant)

    def _before(self, start: datetime, instant: datetime) -> datetime | None:
        wall = self.walls.wall_back(start)
        for _ in range(MOST_GAPS):
            if wall is None:
                return None
            first, second = offsets(self.zone, wall)
            if first >= second:
                return wall - second if wall - second < instant else wall - first
            end = gap_end(self.zone, wall, first, second)
            wall = self.walls.wall_back(ceil_minute(end + first) - MINUTE)
        return None


@dataclass(frozen=True)
class DaySteps:
    """Walls: every n days from an anchor, at the anchor's time of day."""

    anchor: datetime
    step: timedelta

    # The anchor may carry seconds while the walkers ask in whole minutes, hence the minute's margin on the near side;
    # they look at the instants they get and walk on.
    def wall_from(self, wall: datetime) -> datetime | None:
        """Give the first wall after the minute before."""
        return self.anchor + ((wall - MINUTE - self.anchor) // self.step + 1) * self.step

    def wall_back(self, wall: datetime) -> datetime | None:
        """Give the last wall before the minute after."""
        return self.anchor - ((self.anchor - wall - MINUTE) // self.step + 1) * self.step


@dataclass(frozen=True)
class EveryWalker:
    """A fixed interval of elapsed time through an anchor, in both directions."""

    anchor: datetime
    step: timedelta

    def after(self, instant: datetime) -> datetime | None:
        """Give the first instant after."""
        return self.anchor + ((instant - self.anchor) // self.step + 1) * self.step

    def before(self, instant: datetime) -> datetime | None:
        """Give the last instant before."""
        return self.anchor - ((self.anchor - instant) // self.step + 1) * self.step


@dataclass(frozen=True)
class OnceWalker:
    """One instant."""

    at: datetime

    def after(self, instant: datetime) -> datetime | None:
        """Give the instant while it lies ahead."""
        return self.at if self.at > instant else None

    def before(self, instant: datetime) -> datetime | None:
        """Give the instant once it has passed."""
        return self.at if self.at < instant else None


@dataclass(frozen=True)
class UnionWalker:
    """Several schedules together; an instant that two of them name comes once."""

    parts: tuple[Walker, ...]

    def after(self, instant: datetime) -> datetime | None:
        """Give the first instant after."""
        return min(filter(None, (part.after(instant) for part in self.parts)), default=None)

    def before(self, instant: datetime) -> datetime | None:
        """Give the last instant before."""
        return max(filter(None, (part.before(instant) for part in self.parts)), default=None)
