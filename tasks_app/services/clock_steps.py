"""Steps of the database's clock, by which leases are kept: seen by whoever does upkeep, against its own steady clock.

Set forward, the clock ends every lease at once, though all who hold one are at work: nobody is rescued until each has
had time to renew. Set back, it makes the lease of a worker that has died meanwhile last longer by as much: leases
that nobody has renewed by then are cut to the whole of one.
"""

import logging
import time
from collections.abc import Callable
from datetime import datetime, timedelta

from django.conf import settings

from tasks_app.models import TaskRun
from tasks_app.states import Status

logger = logging.getLogger(__name__)

_STEP_SECONDS = 2.0
_SLACK_SECONDS = 3.0


class ClockSteps:
    """What one process has seen of the database's clock."""

    def __init__(self, steady: Callable[[], float] = time.monotonic) -> None:
        self._steady = steady
        self._seen: tuple[datetime, float, float] | None = None
        self._steady_from = float("-inf")
        self._cut_from: float | None = None

    def may_rescue(self, read: Callable[[], datetime]) -> bool:
        """Say whether a lease that has ended by the clock, as `read` gives it now, was not renewed."""
        asked_at = self._steady()
        now, at = read(), self._steady()
        stepped = self._stepped(now, asked_at, at)
        if abs(stepped) >= _STEP_SECONDS:
            logger.warning("the database's clock has gone %+.1f s", stepped)
            renewed_by = at + settings.LEASE_SECONDS / 3 + _SLACK_SECONDS
            self._steady_from = renewed_by if stepped > 0 else self._steady_from
            self._cut_from = renewed_by if stepped < 0 else self._cut_from
        elif self._cut_from is not None and at >= self._cut_from:
            self._cut_from = None
            _cut_leases(now)
        return at >= self._steady_from

    def _stepped(self, now: datetime, asked_at: float, at: float) -> float:
        """Give by how much it has gone at least, whenever it was read while the answers were under way."""
        seen, self._seen = self._seen, (now, asked_at, at)
        if seen is None:
            return 0.0
        gone = (now - seen[0]).total_seconds()
        return max(0.0, gone - (at - seen[1])) + min(0.0, gone - (asked_at - seen[2]))


def _cut_leases(now: datetime) -> None:
    whole = now + timedelta(seconds=settings.LEASE_SECONDS)
    longer = TaskRun.objects.filter(status=Status.RUNNING, lease_until__gt=whole + timedelta(seconds=_SLACK_SECONDS))
    if cut := longer.update(lease_until=whole):
        logger.warning("the leases of %s runs ended too late by the new time, and were cut", cut)
