"""The result backend: `AsyncResult(run id)` is answered by the run's row; any other Celery task is stored as usual."""

import uuid
from typing import Any

from celery import states
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
    Status.SKIPPED: states.IGNORED,
}


class RunBackend(DatabaseBackend):  # type: ignore[misc]  # django-celery-results is untyped
    """django-celery-results, which knows runs."""

    def _get_task_meta_for(self, task_id: str) -> dict[str, Any]:
        run = _run(task_id)
        if run is None:
            meta: dict[str, Any] = super()._get_task_meta_for(task_id)
            return meta
        return {
            "task_id": task_id,
            "status": states.RETRY if run.status == Status.SCHEDULED and run.failures else _STATES[run.status],
            "result": run.result if run.status != Status.FAILED else _exception(run),
            "traceback": _traceback(run) if run.status == Status.FAILED else None,
            "children": [],
            "date_done": run.finished_at,
            "name": run.type,
            "worker": run.worker,
        }


def _run(task_id: str) -> TaskRun | None:
    try:
        return TaskRun.objects.filter(id=uuid.UUID(task_id)).first()
    except ValueError:
        return None


def _exception(run: TaskRun) -> dict[str, Any]:
    kind, _, message = run.error.partition(": ")
    return {"exc_type": kind or "Exception", "exc_message": [message], "exc_module": "builtins"}


def _traceback(run: TaskRun) -> str | None:
    return RunAttempt.objects.filter(run=run).order_by("-claim_no").values_list("traceback", flat=True).first()
