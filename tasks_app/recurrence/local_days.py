"""Days and times of day of a zone, and the instants at which they are there."""

from collections.abc import Callable
from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo

from tasks_app.recurrence.shifts import changes_within
from tasks_app.recurrence.zones import change_between, first_instant, offsets, to_naive_utc, wall_at

_A_DAY = timedelta(days=1)
_INSTANT = timedelta(microseconds=1)
_FIRST, _LAST = datetime(1970, 1, 1), datetime(2040, 1, 1)
Find = Callable[[ZoneInfo, date, time], datetime]


def day_of(zone: ZoneInfo, instant: datetime) -> date:
    """Give the day of an instant: a day that has begun goes on until the next one begins.

    Where the clocks go back across midnight (in St. John's until 2011, from 00:01), the evening before comes again
    after its day has ended. It counts to the day that has begun, for otherwise days would not follow one another.
    """
    naive = to_naive_utc(instant)
    wall = wall_at(zone, naive)
    return (_end_of_overlap(zone, naive, wall) - _INSTANT).date() if wall.fold else wall.date()


def clock_of(zone: ZoneInfo, instant: datetime) -> time:
    """Give the time of its day at an instant: what the clocks show, or midnight where the day before comes again."""
    wall = wall_at(zone, to_naive_utc(instant))
    return time() if wall.fold and wall.date() != day_of(zone, instant) else wall.time().replace(fold=0)


def _end_of_overlap(zone: ZoneInfo, instant: datetime, wall: datetime) -> datetime:
    """Give the wall up to which all times have been before, in the second pass."""
    first, second = offsets(zone, wall)
    return change_between(zone, instant - (first - second), instant) + first


def first_instant_of(zone: ZoneInfo, day: date, clock: time) -> datetime:
    """Give the first instant at which the zone's clocks show, or pass over, this time of this day."""
    return first_instant(zone, datetime.combine(day, clock)).replace(tzinfo=UTC)


def last_instant_of(zone: ZoneInfo, day: date, clock: time) -> datetime:
    """Give the last instant at which the zone's clocks show this time of this day."""
    wall = datetime.combine(day, clock)
    first, second = offsets(zone, wall)
    return (wall - second).replace(tzinfo=UTC) if first > second else first_instant_of(zone, day, clock)


def same_place(zone: ZoneInfo, cursor: datetime, day: date, instant_of: Find) -> datetime | None:
    """Give the instant of a day at the time of day of a cursor; None where that is past its end.

    In the second pass of an overlap all of its times have been, because what is moved there goes into the first.
    """
    instant = to_naive_utc(cursor)
    wall = wall_at(zone, instant)
    if not wall.fold:
        return instant_of(zone, day, wall.time())
    end = _end_of_overlap(zone, instant, wall)
    return instant_of(zone, day, end.time()) if end.date() == day_of(zone, cursor) else None


@lru_cache(maxsize=1024)
def skipped_days(zone: ZoneInfo) -> frozenset[date]:
    """Give the days that a zone does not have, as 30 December 2011 in Apia."""
    changes = (change for change in changes_within(zone, _FIRST, _LAST) if change.after - change.before >= _A_DAY)
    return frozenset(change.start.date() for change in changes)
