"""Days and times of day of a zone, and the instants at which they are there."""

from collections.abc import Callable
from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo

from tasks_app.recurrence.shifts import changes_within
from tasks_app.recurrence.zones import change_between, first_instant, offsets, to_naive_utc, wall_at

_A_DAY = timedelta(days=1)
_FIRST, _LAST = datetime(1970, 1, 1), datetime(2040, 1, 1)
Find = Callable[[ZoneInfo, date, time], datetime]


def day_of(zone: ZoneInfo, instant: datetime) -> date:
    """Give the day of an instant."""
    return wall_at(zone, to_naive_utc(instant)).date()


def clock_of(zone: ZoneInfo, instant: datetime) -> time:
    """Give what the clocks show at an instant."""
    return wall_at(zone, to_naive_utc(instant)).time().replace(fold=0)


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
    first, second = offsets(zone, wall)
    if first <= second or not wall.fold:
        return instant_of(zone, day, wall.time())
    end = change_between(zone, instant - (first - second), instant) + first
    return instant_of(zone, day, end.time()) if end.date() == wall.date() else None


@lru_cache(maxsize=1024)
def skipped_days(zone: ZoneInfo) -> frozenset[date]:
    """Give the days that a zone does not have, as 30 December 2011 in Apia."""
    changes = (change for change in changes_within(zone, _FIRST, _LAST) if change.after - change.before >= _A_DAY)
    return frozenset(change.start.date() for change in changes)
