"""What happens when a run has changed: watchers are told, and its owner when it failed for good.

Runs in the process that made the change, so nothing here may take long or fail loudly.
"""

import threading
import time
from collections import OrderedDict
from collections.abc import Sequence

from notifications.messages import Hint, LogLine, RunLog, TaskUpdated
from notifications.publisher import publish
from tasks_app.events import Change, RunChanged, RunLogged, RunProgressed, run_changed, run_failed
from tasks_app.jobs import enqueue
from tasks_app.selectors.alerts import wants_failure_mail

PROGRESS_SECONDS = 0.25
"""A run's progress goes out at most this often. What is left out comes with the next flush, or with the transition."""
LOG_LINES = 64
LOG_BYTES = 16 * 1024
FAILURE_MAIL = "notify_run_failed"


class Throttle:
    """Lets the first through at once, then one per interval and run."""

    def __init__(self, seconds: float, limit: int = 1000) -> None:
        self._seconds = seconds
        self._limit = limit
        self._passed_at: OrderedDict[str, float] = OrderedDict()
        self._lock = threading.Lock()

    def lets_through(self, run_id: str) -> bool:
        """Say whether it is this run's turn."""
        now = time.monotonic()
        with self._lock:
            if now - self._passed_at.get(run_id, -self._seconds) < self._seconds:
                return False
            self._passed_at[run_id] = now
            self._passed_at.move_to_end(run_id)
            while len(self._passed_at) > self._limit:
                self._passed_at.popitem(last=False)
        return True

    def forget(self, run_id: str) -> None:
        """Let the run's next one through at once."""
        with self._lock:
            self._passed_at.pop(run_id, None)


_progress = Throttle(PROGRESS_SECONDS)


def tell_watchers(changes: Sequence[Change], **_: object) -> None:
    """Send live frames, all in one message."""
    hints = [hint for change in changes if (hint := _hint(change)) is not None]
    if hints:
        publish(*hints)


def _hint(change: Change) -> Hint | None:
    match change:
        case RunChanged():
            _progress.forget(change.run_id)
            return Hint(owner_id=change.owner_id, frame=_update(change))
        case RunProgressed():
            is_its_turn = _progress.lets_through(change.run_id)
            return Hint(owner_id=change.owner_id, frame=_update(change)) if is_its_turn else None
        case RunLogged():
            return _log(change)


def tell_owner(run_id: str, **_: object) -> None:
    """Have a mail sent when a task's run has failed for good: as a run of its own, which survives and is retried.

    Called inside the transaction of the failure, so that there is no moment in which the mail could be forgotten.
    """
    if wants_failure_mail(run_id):
        enqueue(FAILURE_MAIL, {"run_id": run_id}, key=f"{FAILURE_MAIL}:{run_id}")


def connect() -> None:
    """Listen to the engine; a second call changes nothing."""
    run_changed.connect(tell_watchers, dispatch_uid="notifications.tell_watchers")
    run_failed.connect(tell_owner, dispatch_uid="notifications.tell_owner")


def _update(change: RunChanged | RunProgressed) -> TaskUpdated:
    return TaskUpdated(
        task_id=change.task_id,
        run_id=change.run_id,
        status=change.status,
        reason=change.reason,
        version=change.version,
        seq=change.seq,
        progress=change.progress,
        message=change.message,
        at=change.at,
    )


def _log(change: RunLogged) -> Hint:
    lines = [LogLine(**line) for line in change.lines]
    fits = len(lines) <= LOG_LINES and sum(len(line.message.encode()) for line in lines) <= LOG_BYTES
    frame = RunLog(run_id=change.run_id, lines=lines if fits else [])
    return Hint(owner_id=change.owner_id, last_line=lines[-1].n if lines else 0, frame=frame)
