"""How near two runs of a schedule come to each other, as far as a bounded look from an instant finds them.

Looked at are the next runs of the whole, and the neighbours of the next runs of each part: what is rare meets what is
frequent there. The work is bounded by the number of searches, one being "the next one of one part".
"""

from collections.abc import Iterator
from datetime import datetime, timedelta
from itertools import pairwise

from tasks_app.recurrence.recurrence import Recurrence
from tasks_app.recurrence.walkers import EveryWalker, Walker, parts_of, within_calendar
from tasks_app.recurrence.zones import to_naive_utc

MOST_SEARCHES = 600
_SEARCHES_A_RUN = 3


def pause_below(rule: Recurrence, least: timedelta, since: datetime) -> timedelta | None:
    """Give a pause between two runs that is shorter than `least`; None where the look finds none."""
    parts = parts_of(rule.walker)
    own = min((part.step for part in parts if isinstance(part, EveryWalker)), default=least)
    if own < least:
        return own
    found = (gap for gap in _gaps(rule.walker, to_naive_utc(since)) if timedelta() < gap < least)
    return next(found, None)


def _gaps(whole: Walker, since: datetime) -> Iterator[timedelta]:
    parts = parts_of(whole)
    runs = MOST_SEARCHES // 2 // len(parts)
    yield from (later - earlier for earlier, later in pairwise(_walked(whole, since, runs)))
    if len(parts) == 1:
        return
    for part in parts:
        for at in _walked(part, since, max(1, runs // len(parts) // _SEARCHES_A_RUN)):
            before, after = within_calendar(whole.before, at), within_calendar(whole.after, at)
            yield from (gap for gap in (before and at - before, after and after - at) if gap)


def _walked(walker: Walker, since: datetime, most: int) -> Iterator[datetime]:
    at: datetime | None = since
    for _ in range(most):
        at = within_calendar(walker.after, at) if at is not None else None
        if at is None:
            return
        yield at
