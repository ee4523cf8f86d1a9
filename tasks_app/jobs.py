"""The face for Python code: make runs and tasks from anywhere in a Django project.

Everything obeys the surrounding database transaction: what is rolled back was never enqueued.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any  # `list` is a function here
from uuid import UUID

from django.contrib.auth.models import AbstractBaseUser
from django.db.models import QuerySet

from tasks_app.errors import Conflict, NotFound
from tasks_app.models import Batch, ScheduledTask, TaskRun
from tasks_app.services import backfills, many_runs, runs, tasks
from tasks_app.services.backfills import BackfillSpec
from tasks_app.services.specs import TaskSpec
from tasks_app.states import Trigger

_ACTOR = "code"


def enqueue(  # noqa: PLR0913  # the options of a run
    type: str,
    payload: Mapping[str, Any] | None = None,
    *,
    owner: AbstractBaseUser | None = None,
    queue: str | None = None,
    priority: int = 5,
    run_at: datetime | None = None,
    delay: float | timedelta | None = None,
    max_retries: int | None = None,
    key: str | None = None,
) -> TaskRun:
    """Make a run, at once or at `run_at` or after `delay` (seconds or timedelta).

    `key` makes it happen once: the same key again gives the run that it made before. Without an owner the run is the
    platform's own, seen by staff.
    """
    if key is not None and (before := TaskRun.objects.filter(key=key).first()) is not None:
        return before
    return runs.run_enqueue(
        owner=owner,
        type=type,
        payload=dict(payload or {}),
        actor=_ACTOR,
        trigger=Trigger.EVENT,
        delay_seconds=delay.total_seconds() if isinstance(delay, timedelta) else delay,
        run_at=run_at,
        queue=queue,
        priority=priority,
        max_retries=max_retries,
        key=key,
    )


def enqueue_many(  # noqa: PLR0913  # the options of the runs
    type: str,
    payloads: Sequence[Mapping[str, Any]],
    *,
    owner: AbstractBaseUser | None = None,
    queue: str | None = None,
    priority: int = 5,
    max_retries: int | None = None,
) -> Sequence[UUID]:
    """Make a run of this type for each payload, all at once, and give their ids in order: for thousands of them.

    All or none: a payload that is not accepted raises Invalid, with its place in the list in the field's path.
    """
    return many_runs.runs_enqueue(
        owner=owner,
        type=type,
        payloads=[dict(payload) for payload in payloads],
        actor=_ACTOR,
        queue=queue,
        priority=priority,
        max_retries=max_retries,
    )


def schedule(
    type: str,
    payload: Mapping[str, Any] | None = None,
    *,
    run_at: datetime | None = None,
    delay: float | timedelta | None = None,
    **options: Any,
) -> TaskRun:
    """Make a run for later: `run_at` or `delay` says when. Raises ValueError when neither is given."""
    if run_at is None and delay is None:
        raise ValueError("schedule needs run_at or delay")
    return enqueue(type, payload, run_at=run_at, delay=delay, **options)


def recurring(
    key: str,
    type: str,
    payload: Mapping[str, Any],
    schedule: Mapping[str, Any] | str,
    *,
    owner: AbstractBaseUser,
    **options: Any,
) -> ScheduledTask:
    """Create or update the owner's task with this key; `schedule` is a schedule object or a cron expression."""
    timing: dict[str, Any] = {"cron": schedule} if isinstance(schedule, str) else {"schedule": schedule}
    fields = {"name": key, "type": type, "payload": payload, **timing, **options}
    task = _task_of(owner, key)
    if task is None:
        try:
            return tasks.task_create(owner=owner, spec=TaskSpec(key=key, **fields), actor=_ACTOR)
        except Conflict:  # somebody else made it in the same moment
            task = _task_of(owner, key)
            if task is None:
                raise
    return tasks.task_update(task=task, changes=fields, actor=_ACTOR)


def backfill(task: ScheduledTask, start: datetime, end: datetime, **options: Any) -> Batch:
    """Run the task's slots from `start` to `end`, both included, that have not run.

    Options: `reprocess` (also those that failed, or all), `overlap`, `max_concurrency`.
    """
    spec = BackfillSpec(start=start, end=end, **options)
    return backfills.backfill_create(task=task, spec=spec, actor=_ACTOR)


def _task_of(owner: AbstractBaseUser, key: str) -> ScheduledTask | None:
    return ScheduledTask.objects.filter(owner_id=owner.pk, key=key, deleted_at=None).first()


def get(run_id: UUID | str) -> TaskRun:
    """Give a run; raises NotFound."""
    run = TaskRun.objects.filter(id=run_id).first()
    if run is None:
        raise NotFound("There is no such run.")
    return run


def list(**filters: Any) -> QuerySet[TaskRun]:
    """Give runs, newest first, by fields of TaskRun (`status="failed"`, `type=...`, `task=...`)."""
    return TaskRun.objects.filter(**filters).order_by("-id")


def retry(run: TaskRun, *, payload: Mapping[str, Any] | None = None) -> TaskRun:
    """Run a run that has ended again, as a new run."""
    return runs.run_retry(run=run, actor=_ACTOR, payload=dict(payload) if payload is not None else None)


def cancel(run: TaskRun) -> TaskRun:
    """End a run that waits, or ask one that runs to stop."""
    return runs.run_cancel(run=run, actor=_ACTOR)
