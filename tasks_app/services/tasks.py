"""What people do with tasks: create, edit, pause, resume, cancel, delete, duplicate, run now.

Each is one transaction that writes the task and its PeriodicTask mirror together.
"""

import dataclasses
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from django.contrib.auth.models import AbstractBaseUser
from django.db import IntegrityError, transaction
from django.utils import timezone

from tasks_app import beat_sync, dispatch
from tasks_app.errors import Conflict, FieldError, Invalid, Stale
from tasks_app.models import ScheduledTask, TaskRun, db_now
from tasks_app.services import lifecycle, planning, specs
from tasks_app.services.runs import run_cancel
from tasks_app.services.specs import TaskSpec
from tasks_app.services.validation import Problems
from tasks_app.states import OPEN, Reason, Status, TaskKind, TaskStatus, Trigger

_SCHEDULE_FIELDS = {"run_at", "cron", "schedule", "timezone", "starts_at", "ends_at", "max_runs", "jitter_seconds"}
_ENDED = (TaskStatus.COMPLETED, TaskStatus.CANCELLED)
_INSTANT = timedelta(microseconds=1)


@transaction.atomic
def task_create(*, owner: AbstractBaseUser, spec: TaskSpec, actor: str) -> ScheduledTask:
    """Create a task. Raises Invalid with every field's faults, Conflict when the owner has a task with this key."""
    task = ScheduledTask(owner_id=owner.pk, **specs.task_fields(spec))
    task.status = TaskStatus.ACTIVE if spec.enabled else TaskStatus.PAUSED
    if not spec.enabled:
        task.paused_at, task.pause_note = db_now(), "Created paused"
    _plan(task, after=db_now() - _once_grace(task))
    try:
        with transaction.atomic():
            task.save(force_insert=True)
    except IntegrityError as error:
        raise _key_taken(owner, spec.key, error) from error
    beat_sync.mirror(task)
    return task


@transaction.atomic
def task_update(
    *, task: ScheduledTask, changes: Mapping[str, Any], actor: str, expected_version: int | None = None
) -> ScheduledTask:
    """Edit a task: `changes` are fields of TaskSpec. Raises Stale when `expected_version` is not the task's.

    A changed schedule takes effect from now on; it never fires at once for what lies behind.
    """
    task = _locked(task)
    if expected_version is not None and task.version != expected_version:
        raise Stale("The task has changed since you read it; read it again and repeat your edit.")
    if task.status == TaskStatus.CANCELLED:
        raise Conflict("A cancelled task cannot be edited; duplicate it instead.")
    is_rescheduled = bool(_SCHEDULE_FIELDS & set(changes))
    spec = _apply(task, changes)
    fields = specs.task_fields(spec, is_new_schedule=is_rescheduled)
    is_rescheduled = is_rescheduled and any(getattr(task, name) != fields[name] for name in _PLANNED)
    for name, value in fields.items():
        setattr(task, name, value)
    if "enabled" in changes:
        _set_enabled(task, is_enabled=bool(changes["enabled"]))
    if is_rescheduled:
        if task.status == TaskStatus.COMPLETED:
            task.status = TaskStatus.ACTIVE
        _plan(task, after=db_now() - _once_grace(task))
    return _save(task)


@transaction.atomic
def task_pause(*, task: ScheduledTask, actor: str, note: str = "") -> ScheduledTask:
    """Stop planning the task until it is resumed; runs that exist already go on."""
    task = _locked(task)
    if task.status in _ENDED:
        raise Conflict(f"The task is {task.status}; only an active task can be paused.")
    if task.status == TaskStatus.PAUSED:
        return task
    _set_enabled(task, is_enabled=False)
    task.pause_note = note[:500]
    return _save(task)


@transaction.atomic
def task_resume(*, task: ScheduledTask, actor: str) -> ScheduledTask:
    """Plan the task again from now on; slots of the pause do not run, and stand in the history as one row."""
    task = _locked(task)
    if task.status in _ENDED:
        raise Conflict(f"The task is {task.status}; only a paused task can be resumed.")
    if task.status == TaskStatus.ACTIVE:
        return task
    _record_pause(task, actor=actor)
    _set_enabled(task, is_enabled=True)
    task.failures_in_row = 0
    return _save(task)


@transaction.atomic
def task_cancel(*, task: ScheduledTask, actor: str) -> ScheduledTask:
    """End the task for good, cancel its runs that wait and ask those that run to stop."""
    task = _locked(task)
    if task.status in _ENDED:
        raise Conflict(f"The task is already {task.status}.")
    _end(task, TaskStatus.CANCELLED, actor=actor)
    return _save(task)


@transaction.atomic
def task_delete(*, task: ScheduledTask, actor: str) -> None:
    """Take the task away; its history stays, and so does a tombstone of the task."""
    task = _locked(task)
    if task.status not in _ENDED:
        _end(task, TaskStatus.CANCELLED, actor=actor)
    task.deleted_at = db_now()
    _save(task)


def task_duplicate(*, task: ScheduledTask, owner: AbstractBaseUser, actor: str) -> ScheduledTask:
    """Make a paused copy that belongs to `owner`; a one-time instant that has passed is left out."""
    spec = dataclasses.replace(spec_of(task), name=f"{task.name[:190]} (copy)", key=None, enabled=False)
    if task.kind == TaskKind.ONCE and planning.slot_after(task, timezone.now()) is None:
        spec = dataclasses.replace(spec, schedule=None)
    if spec.ends_at is not None and spec.ends_at <= timezone.now():
        spec = dataclasses.replace(spec, ends_at=None)
    return task_create(owner=owner, spec=spec, actor=actor)


@transaction.atomic
def task_run_now(
    *,
    task: ScheduledTask,
    actor: str,
    payload: dict[str, Any] | None = None,
    scheduled_for: datetime | None = None,
    trigger: Trigger = Trigger.MANUAL,
) -> TaskRun:
    """Queue one run of the task at once, beside its schedule; `payload` replaces the task's for this run."""
    if task.is_deleted or task.status == TaskStatus.CANCELLED:
        raise Conflict("A cancelled task cannot be run; duplicate it instead.")
    if payload is not None:
        problems = Problems()
        payload = specs.checked_payload(problems, task.type, payload)
        if problems:
            raise Invalid("The payload was not accepted; see the fields.", fields=problems.fields)
    now = db_now()
    run = planning.build_run(
        task, trigger=trigger, actor=actor, now=now, payload=payload, scheduled_for=scheduled_for or now
    )
    lifecycle.create([run], actor=actor)
    dispatch.wake_on_commit(run.queue)
    return run


def spec_of(task: ScheduledTask) -> TaskSpec:
    """Give the task as the spec that would make it again."""
    same = {
        field.name: getattr(task, field.name) for field in dataclasses.fields(TaskSpec) if hasattr(task, field.name)
    }
    return TaskSpec(**{**same, "misfire": task.misfire or None, "enabled": task.status != TaskStatus.PAUSED})


_PLANNED = ("schedule", "timezone", "starts_at", "ends_at", "max_runs", "jitter_seconds")


def _apply(task: ScheduledTask, changes: Mapping[str, Any]) -> TaskSpec:
    current = spec_of(task)
    given = [name for name in ("run_at", "cron", "schedule") if changes.get(name) is not None]
    if given or any(name in changes for name in ("run_at", "cron", "schedule")):
        current = dataclasses.replace(current, run_at=None, cron=None, schedule=None)
    return dataclasses.replace(current, **dict(changes))


def _locked(task: ScheduledTask) -> ScheduledTask:
    return ScheduledTask.objects.select_for_update(of=("self",)).select_related("owner").get(id=task.id)


def _plan(task: ScheduledTask, *, after: datetime) -> None:
    task.next_slot = task.next_due_at = None
    if task.status == TaskStatus.ACTIVE:
        planning.plan_after(task, after)


def _once_grace(task: ScheduledTask) -> timedelta:
    """A one-time instant of a few seconds ago is accepted, and then must still run."""
    return timedelta(seconds=30) if task.kind == TaskKind.ONCE else timedelta(0)


def _set_enabled(task: ScheduledTask, *, is_enabled: bool) -> None:
    if is_enabled and task.status == TaskStatus.PAUSED:
        task.status, task.paused_at, task.pause_note = TaskStatus.ACTIVE, None, ""
        _plan(task, after=db_now())
        if task.kind != TaskKind.MANUAL and task.next_slot is None:
            task.status = TaskStatus.COMPLETED
    elif not is_enabled and task.status == TaskStatus.ACTIVE:
        task.status, task.paused_at = TaskStatus.PAUSED, db_now()
        task.next_due_at = None  # next_slot stays: the first slot that the pause takes


def _record_pause(task: ScheduledTask, *, actor: str) -> None:
    """Write the slots that fell into the pause as one skipped range (one row for a single slot)."""
    if task.paused_at is None:
        return
    rule = planning.recurrence_of(task)
    now = db_now()
    first = task.next_slot or (rule.next_after(task.paused_at) if rule else None)
    if rule is None or first is None or first > now:
        return
    last = rule.previous_before(now + _INSTANT) or first
    run = planning.build_run(
        task,
        trigger=Trigger.SCHEDULE,
        actor=actor,
        now=now,
        status=Status.SKIPPED,
        reason=Reason.PAUSED,
        slot=first if first == last else None,
        scheduled_for=first,
    )
    run.range_to = None if first == last else last
    lifecycle.create([run], actor=actor)


def _end(task: ScheduledTask, status: TaskStatus, *, actor: str) -> None:
    task.status = status
    task.next_slot = task.next_due_at = None
    for run in TaskRun.objects.filter(task=task, status__in=OPEN):
        run_cancel(run=run, actor=actor)


def _save(task: ScheduledTask) -> ScheduledTask:
    task.version += 1
    try:
        with transaction.atomic():
            task.save(force_update=True)
    except IntegrityError as error:
        raise _key_taken(task.owner, task.key, error) from error
    beat_sync.mirror(task)
    return task


def _key_taken(owner: AbstractBaseUser, key: str | None, error: IntegrityError) -> Exception:
    holder = ScheduledTask.objects.filter(owner_id=owner.pk, key=key, deleted_at=None).first() if key else None
    if holder is None:
        return error
    message = f"You have a task with this key already: {holder.id}."
    return Conflict(message, code="key_taken", fields={"key": [FieldError("taken", message)]})
