"""The slots of schedules that were looked for lately: who plans thousands of tasks anew looks only for what is new.

Where no calendar moves it, a slot depends on nothing but the schedule and its zone. So what one look has found serves
the next, whatever was edited in between. Instants are microseconds since 1970.
"""

import json
import time
from array import array
from bisect import bisect_left
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from threading import Lock

from tasks_app import recurrence
from tasks_app.recurrence import Recurrence

SCHEDULES = 16384
MOST = 300
"""So many slots of each schedule are remembered: one in every five minutes of a day."""
SECOND = 1_000_000
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_INSTANT = timedelta(microseconds=1)
_FOR_EVER = 1 << 62


def micros(instant: datetime) -> int:
    """Give an aware instant as a number."""
    return (instant - _EPOCH) // _INSTANT


class Known:
    """A schedule and what is known of it: every slot from one instant to before another one."""

    def __init__(self, rule: Recurrence) -> None:
        self.rule = rule
        self._lock = Lock()
        self._slots = array("q")
        self._from = self._until = 0

    def between(self, start: int, end: int, most: int) -> tuple[Sequence[int], int, bool]:
        """Give the slots from `start` to before `end`, how many had to be looked for, and whether these are all.

        No more than `most` are looked for.
        """
        if end <= start:
            return (), 0, True
        with self._lock:
            if self._from <= start <= self._until:
                begin, slots, until = self._from, self._slots, self._until
            else:
                begin, slots, until = start, array("q"), start
            until, more = self._further(until, end, most)
            slots = slots + array("q", more) if more else slots
            self._remember(begin, slots, until, start)
        return slots[bisect_left(slots, start) : bisect_left(slots, end)], len(more), until >= end

    def _further(self, until: int, end: int, most: int) -> tuple[int, list[int]]:
        """Look for slots from `until` on up to some slot that is not before `end`; tells how far is known then."""
        found: list[int] = []
        while until < end and len(found) < most:
            slot = self.rule.next_after(_EPOCH + (until - 1) * _INSTANT)
            if slot is None:
                return _FOR_EVER, found
            found.append(micros(slot))
            until = found[-1] + 1
        return until, found

    def _remember(self, begin: int, slots: "array[int]", until: int, start: int) -> None:
        """Keep the first of them; what lies far ahead is not worth forgetting what comes next for."""
        if time.time() * SECOND < self._until < begin:
            return
        if len(slots) > MOST:
            first = bisect_left(slots, start)
            begin, slots = (start if first else begin), slots[first : first + MOST]
            until = slots[-1] + 1
        self._from, self._slots, self._until = begin, slots, until


@lru_cache(maxsize=SCHEDULES)
def known(schedule: str, timezone: str) -> Known:
    """Give what is known of a schedule, as JSON; raises ValueError when it cannot be read."""
    return Known(recurrence.build(json.loads(schedule), timezone))
