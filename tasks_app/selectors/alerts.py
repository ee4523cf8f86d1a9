"""What a notification about a run needs to know. Internal: not scoped by user, because it speaks to the owner."""

import uuid
from dataclasses import dataclass
from datetime import datetime

from django.db.models import Exists, OuterRef

from tasks_app.models import OnExhausted, TaskRun
from tasks_app.states import Status

WHAT_TO_DO = {
    "handler_error": "Look at the error and the log, mend the cause, then retry the run.",
    "timeout": "Give the task a longer time limit, or less to do, then retry the run.",
    "worker_lost": "Look at the memory that the run needs and at the worker's log, then retry the run.",
    "invalid_payload": "Edit the task's payload, then run it again.",
    "unknown_type": "Ask whoever installs this platform where the task type has gone, or delete the task.",
    "effect_unknown": "Find out whether it happened, say so on the run's page, then retry.",
}
"""By the reason of a failure; mails and pages say it alike."""


@dataclass(frozen=True, kw_only=True)
class FailedRun:
    """A run that failed for good, and whom it concerns."""

    run_id: str
    task_id: str
    task_name: str
    type: str
    owner_name: str
    owner_email: str
    reason: str
    error: str
    attempts: int
    scheduled_for: datetime | None
    finished_at: datetime
    timezone: str


def wants_failure_mail(run_id: str) -> bool:
    """Say whether the owner is to hear of this failure: the task asks for it, and no policy has dismissed it.

    Of a backfill only the first failure is told: the others most likely have the same cause, and stand on its page.
    """
    runs = TaskRun.objects.filter(id=uuid.UUID(run_id), status=Status.FAILED, dismissed_at=None)
    runs = runs.exclude(on_exhausted=OnExhausted.DISMISS).filter(task__notify_on_failure=True, task__deleted_at=None)
    failed_before = TaskRun.objects.filter(
        batch=OuterRef("batch"), status=Status.FAILED, finished_at__lt=OuterRef("finished_at")
    )
    return runs.filter(owner__is_active=True).exclude(owner__email="").exclude(Exists(failed_before)).exists()


def failed_run(run_id: str) -> FailedRun | None:
    """Give what the mail says; None when the run is gone, or nobody is to hear of it any more."""
    run = TaskRun.objects.select_related("task", "owner").filter(id=uuid.UUID(run_id)).first()
    if run is None or not wants_failure_mail(run_id):
        return None
    assert run.task is not None
    assert run.owner is not None
    assert run.finished_at is not None
    return FailedRun(
        run_id=str(run.id),
        task_id=str(run.task_id),
        task_name=run.task.name,
        type=run.type,
        owner_name=run.owner.get_full_name() or run.owner.get_username(),
        owner_email=run.owner.email,
        reason=run.reason,
        error=run.error,
        attempts=run.failures + run.crashes,
        scheduled_for=run.scheduled_for,
        finished_at=run.finished_at,
        timezone=run.task.timezone,
    )
