"""A schedule's instants between two moments, asked for one by one."""

from datetime import datetime, timedelta

from tasks_app.recurrence import Recurrence

MICROSECOND = timedelta(microseconds=1)


def walk(recurrence: Recurrence, start: datetime, end: datetime) -> list[datetime]:
    """Go onwards over (start, end]."""
    found: list[datetime] = []
    instant = recurrence.next_after(start)
    while instant and instant <= end:
        found.append(instant)
        instant = recurrence.next_after(instant)
    return found


def walk_back(recurrence: Recurrence, start: datetime, end: datetime) -> list[datetime]:
    """Go back over (start, end], and give them in their order."""
    found: list[datetime] = []
    instant = recurrence.previous_before(end + MICROSECOND)
    while instant and instant > start:
        found.append(instant)
        instant = recurrence.previous_before(instant)
    return found[::-1]
