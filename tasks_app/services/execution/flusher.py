"""The child's third thread: writes the ends of runs that are written by themselves, while the next run is at work.

So a type with `flush_each`, or with effects, does not wait for the disk after each run. The ends that are on their way
are few: no further run begins while there are `MOST` of them, so that is how many a crash leaves in doubt. What could
not be written is left to the main thread, which tries until the lease ends.
"""

import logging
import threading

from django.db import connection, connections

from tasks_app.services.execution.group import MOST, Group

logger = logging.getLogger(__name__)

_IDLE_SECONDS = 1.0


class Flusher:
    """One thread per child, begun when it is first needed, with a database connection of its own while it is busy."""

    def __init__(self) -> None:
        self._turn = threading.Condition()
        self._group: Group | None = None
        self._is_alive = False

    def take(self, group: Group) -> bool:
        """Have the group's ends written, and wait until there is room for one more; False when the caller is to write.

        SQLite has one writer at a time and does not wait for the disk: nothing is gained there.
        """
        if connection.vendor == "sqlite":
            return False
        with self._turn:
            if not self._is_alive and not self._has_begun():
                return False
            self._group = group
            self._turn.notify_all()
            self._turn.wait_for(lambda: self._group is None or group.unwritten < MOST)
            return group.unwritten < MOST

    def _has_begun(self) -> bool:
        try:
            threading.Thread(target=self._live, name="flusher", daemon=True).start()
        except RuntimeError as error:  # no room for one more thread
            logger.warning("ends are written by the main thread: %s", error)
            return False
        self._is_alive = True
        return True

    def _live(self) -> None:
        while True:
            group = self._next()
            is_written = _flush(group)
            with self._turn:
                if not (is_written and group.is_flushable):
                    self._group = None
                self._turn.notify_all()

    def _next(self) -> Group:
        with self._turn:
            if not self._turn.wait_for(lambda: self._group is not None, _IDLE_SECONDS):
                connections.close_all()
                self._turn.wait_for(lambda: self._group is not None)
            assert self._group is not None
            return self._group


def _flush(group: Group) -> bool:
    try:
        group.flush()
    except Exception as error:  # the thread must live; what is the matter, the main thread will see
        logger.warning("ends of a group could not be written yet: %s", error)
        connections.close_all()
        return False
    return True
