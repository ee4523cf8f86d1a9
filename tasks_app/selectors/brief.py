"""Answers that took long, kept in this process for a while: a page that many look at is not worked out for each.

What was found quickly is not kept: a small platform is always told what is so now.
"""

import time
from collections import OrderedDict
from collections.abc import Callable, Hashable
from threading import Lock
from typing import Generic, TypeVar

from tasks_app.selectors.access import Person, sees_all, shared_task_ids

SLOW = 0.03
"""Seconds of work from which on an answer is worth keeping."""
T = TypeVar("T")


class Brief(Generic[T]):
    """The last answers, `most` of them, each for `seconds`."""

    def __init__(self, *, seconds: float, most: int) -> None:
        self.seconds = seconds
        self.most = most
        self._kept: OrderedDict[Hashable, tuple[float, T]] = OrderedDict()
        self._lock = Lock()

    def get(self, key: Hashable, find: Callable[[], T]) -> T:
        """Give the kept answer, or find it; nobody waits for another to find it."""
        began = time.monotonic()
        with self._lock:
            kept = self._kept.get(key)
        if kept is not None and began < kept[0]:
            return kept[1]
        found = find()
        ended = time.monotonic()
        if ended - began >= SLOW:
            self._keep(key, (ended + self.seconds, found))
        return found

    def _keep(self, key: Hashable, answer: tuple[float, T]) -> None:
        with self._lock:
            self._kept[key] = answer
            self._kept.move_to_end(key)
            while len(self._kept) > self.most:
                self._kept.popitem(last=False)


def scope_of(user: Person) -> Hashable:
    """Give what is equal for people who see the same tasks and runs."""
    return "all" if sees_all(user) else (user.pk, shared_task_ids(user))
