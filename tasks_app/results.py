"""The result backend: `AsyncResult(run id)` is answered by the run's row; any other Celery task is stored as usual."""

import builtins
import uuid
from typing import Any

from celery import states
from celery.exceptions import TaskRevokedError
from django_celery_results.backends.database import DatabaseBackend

from tasks_app.models import RunAttempt, TaskRun
from tasks_app.states import Status

_STATES: dict[str, str] = {
    Status.WAITING: states.PENDING,
    Status.SCHEDULED: states.PENDING,
    Status.QUEUED: states.PENDING,
    Status.RUNNING: states.STARTED,
    Status.SUCCEEDED: states.SUCCESS,
    Status.FAILED: states.FAILURE,
    Status.CANCELLED: states.REVOKED,
    Status.SKIPPED: states.REVOKED,  # Celery's IGNORED is not an end: who waits for it waits for ever
}
_RAISING = (Status.FAILED, Status.CANCELLED, Status.SKIPPED)


class RunBackend(DatabaseBackend):  # type: ignore[misc]  # django-celery-results is untyped
    """django-celery-results, which knows runs."""

    def _get_task_meta_for(self, task_id: str) -> dict[str, Any]:
        run = _run(task_id)
        if run is None:
            meta: dict[str, Any] = super()._get_task_meta_for(task_id)
            return meta
        found: dict[str, Any] = self.meta_from_decoded(
            {
                "task_id": task_id,
                "status": states.RETRY if run.status == Status.SCHEDULED and run.failures else _STATES[run.status],
                "result": _exception(run) if run.status in _RAISING else run.result,
                "traceback": _traceback(run) if run.status == Status.FAILED else None,
                "children": [],
                "date_done": run.finished_at,
                "name": run.type,
                "worker": run.worker,
            }
        )
        return found


def _run(task_id: str) -> TaskRun | None:
    try:
        return TaskRun.objects.filter(id=uuid.UUID(task_id)).first()
    except ValueError:
        return None


def _exception(run: TaskRun) -> BaseException:
    """Make what `get()` raises: the handler's own class where it is one of Python's, else a plain Exception."""
    if run.status != Status.FAILED:
        return TaskRevokedError(f"{run.status}: {run.reason}")
    kind, _, message = run.error.partition(": ")
    found = getattr(builtins, kind, None)
    if isinstance(found, type) and issubclass(found, Exception):
        return _made(found, message)
    return Exception(run.error or run.reason)


def _made(kind: type[Exception], message: str) -> Exception:
    try:
        return kind(message)
    except TypeError:  # a class that takes more than a message, as UnicodeDecodeError does
        return Exception(f"{kind.__name__}: {message}")


def _traceback(run: TaskRun) -> str | None:
    return RunAttempt.objects.filter(run=run).order_by("-claim_no").values_list("traceback", flat=True).first()
