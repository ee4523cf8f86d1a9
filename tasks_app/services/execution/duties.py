"""What a worker's parent does again and again, and who does it while the worker has no connection to the broker.

Celery's event loop stands still then, for as long as that lasts. A thread stands in for it, so that a child that dies
is seen, and reports, rescue and all other upkeep go on.
"""

import logging
import os
import threading
import time
from collections.abc import Callable, Sequence

from django.db import DatabaseError, InterfaceError, close_old_connections, connections

from tasks_app.services.execution.board import Board

logger = logging.getLogger(__name__)

Duty = tuple[float, Callable[[], object]]
"""Every so many seconds, what."""

_STEP_SECONDS = 0.5

# Celery replaces dead children also between two attempts to connect. No child is forked in the middle of a duty: it
# would find locks that nobody there gives back, and the duty a child that it does not know of.
_forking = threading.Lock()
os.register_at_fork(before=_forking.acquire, after_in_parent=_forking.release, after_in_child=_forking.release)


def guarded(duty: Callable[[], object]) -> None:
    """Do a duty; a database that is away must not end the worker."""
    try:
        close_old_connections()
        duty()
    except (DatabaseError, InterfaceError) as error:
        logger.warning("the worker's parent could not reach the database: %s", error)
        connections.close_all()
    except Exception:
        logger.exception("a duty of the worker's parent failed")


class StandIn:
    """Does the parent's duties in a thread, from `begin` to `end`."""

    def __init__(self) -> None:
        self._is_over = threading.Event()
        self._thread: threading.Thread | None = None

    def begin(self, board: Board, duties: Sequence[Duty]) -> None:
        """Begin, unless it is at it already; it ends by itself when the worker is asked to stop."""
        if self._thread is not None:
            return
        self._is_over = threading.Event()
        words = (board, duties, self._is_over)
        self._thread = threading.Thread(target=_stand_in, args=words, name="stand-in", daemon=True)
        self._thread.start()

    def end(self) -> None:
        """End it; when this returns it does nothing any more, so that nothing is done twice at once."""
        if self._thread is not None:
            self._is_over.set()
            self._thread.join()
            self._thread = None


def _stand_in(board: Board, duties: Sequence[Duty], is_over: threading.Event) -> None:
    due = [0.0] * len(duties)
    while board.stop_by is None and not is_over.wait(_STEP_SECONDS):
        for number, (seconds, duty) in enumerate(duties):
            if time.monotonic() < due[number] or is_over.is_set():
                continue
            with _forking:
                guarded(duty)
                connections.close_all()  # no child that is forked next shall inherit them
            due[number] = time.monotonic() + seconds
