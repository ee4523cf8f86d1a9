"""What people do with tasks: create, edit, pause, resume, cancel, delete, duplicate, run now.

Each is one transaction that writes the task and its PeriodicTask mirror together.
"""

import copy
import dataclasses
from collections.abc import Collection, Mapping
from datetime import datetime, timedelta
from typing import Any

from django.contrib.auth.models import AbstractBaseUser
from django.db import IntegrityError, transaction

from tasks_app import beat_sync, dispatch
from tasks_app.errors import Conflict, FieldError, Invalid, Stale
from tasks_app.models import ScheduledTask, TaskRun, db_now
from tasks_app.services import (
    audit,
    due_slots,
    endings,
    lifecycle,
    needs,
    overtaken,
    planning,
    quotas,
    revisions,
    specs,
    switching,
)
from tasks_app.services.audit_values import payload_values, task_values
from tasks_app.services.endings import ENDED
from tasks_app.services.payloads import checked_payload
from tasks_app.services.sealed_payloads import opened_payload
from tasks_app.services.specs import TaskSpec
from tasks_app.services.switching import Pen, plan, switch_off, switch_on
from tasks_app.services.validation import Problems
from tasks_app.states import TaskKind, TaskStatus, Trigger


@transaction.atomic
def task_create(*, owner: AbstractBaseUser, spec: TaskSpec, actor: str) -> ScheduledTask:
    """Create a task. Raises Invalid with every field's faults, Conflict when the owner has a task with this key."""
    task = new_task(owner=owner, spec=spec, actor=actor)
    try:
        with transaction.atomic():
            task.save(force_insert=True)
    except IntegrityError as error:
        raise _key_taken(owner, spec.key, error) from error
    beat_sync.mirror(task)
    revisions.revisions_begin([task], actor=actor)
    audit.note("task.create", task, actor=actor, after=task_values(task))
    return task


def new_task(*, owner: AbstractBaseUser, spec: TaskSpec, actor: str) -> ScheduledTask:
    """Give the task that a spec says, checked, counted and planned; it is not saved. Raises Invalid and TooMany."""
    task = ScheduledTask(owner_id=owner.pk, **specs.task_fields(spec, owner=owner))
    quotas.take_task(owner_id=owner.pk, actor=actor)
    now = db_now()
    task.status = TaskStatus.ACTIVE if spec.enabled else TaskStatus.PAUSED
    if not spec.enabled:
        task.paused_at, task.pause_note = now, "Created paused"
    plan(task, after=now - _once_grace(task))
    return task


@transaction.atomic
def task_update(
    *, task: ScheduledTask, changes: Mapping[str, Any], actor: str, expected_version: int | None = None
) -> ScheduledTask:
    """Edit a task: `changes` are fields of TaskSpec. Raises Stale when `expected_version` is not the task's.

    A changed schedule takes effect from now on; it never fires at once for what lies behind. Slots that are due by then
    have their runs under the old one. An edit that changes nothing leaves the version alone.
    """
    task = _locked(task)
    if expected_version is not None and task.version != expected_version:
        raise Stale("The task has changed since you read it; read it again and repeat your edit.")
    if task.status == TaskStatus.CANCELLED:
        raise Conflict("A cancelled task cannot be edited; duplicate it instead.")
    fields = specs.task_fields(_apply(task, changes), owner=task.owner, current=task)
    is_switched = "enabled" in changes and bool(changes["enabled"]) == (task.status == TaskStatus.PAUSED)
    if not is_switched and all(getattr(task, name) == value for name, value in fields.items()):
        return task
    before, was = task_values(task), revisions.chosen_values(task)
    _edit(task, fields, actor=actor, is_switched=is_switched)
    audit.note("task.update", task, actor=actor, before=before, after=task_values(task))
    _save(task)
    revisions.revision_add(task, was, actor=actor)
    return task


@transaction.atomic
def task_pause(*, task: ScheduledTask, actor: str, note: str = "") -> ScheduledTask:
    """Stop planning the task until it is resumed; runs that exist already go on."""
    task = _locked(task)
    with Pen() as pen:
        switching.pause(pen, task, actor=actor, note=note)
    return task


@transaction.atomic
def task_resume(*, task: ScheduledTask, actor: str) -> ScheduledTask:
    """Plan the task again from now on; slots of the pause do not run, and stand in the history as one row."""
    task = _locked(task)
    with Pen() as pen:
        switching.resume(pen, task, actor=actor)
    return task


@transaction.atomic
def task_cancel(*, task: ScheduledTask, actor: str) -> ScheduledTask:
    """End the task for good, cancel its runs that wait and ask those that run to stop.

    A slot that is due by then has its run, which is cancelled like the others.
    """
    task = _locked(task)
    if task.status in ENDED:
        raise Conflict(f"The task is already {task.status}.")
    audit.note("task.cancel", task, actor=actor, before={"status": task.status})
    endings.end(task, TaskStatus.CANCELLED, actor=actor)
    return _save(task)


@transaction.atomic
def task_delete(*, task: ScheduledTask, actor: str) -> ScheduledTask:
    """Take the task away; its history stays, and so does a tombstone of the task, from which it can come back."""
    task = _locked(task)
    with Pen() as pen:
        switching.delete(pen, task, actor=actor)
    return task


@transaction.atomic
def task_undelete(*, task: ScheduledTask, status: str, calendar: str | None, actor: str) -> ScheduledTask:
    """Bring a deleted task back to the state that it had, with the calendar that it kept, planned from now on.

    Where something that it needs has gone, or its owner may not use it any more, it comes back paused, and its note
    says what that is. Runs that the deletion has cancelled stay cancelled. Raises Conflict where its key was taken by
    another, its owner is disabled or has all the tasks that one may have, or its schedule cannot be read.
    """
    task = _locked(task)
    if not task.is_deleted:
        raise Conflict("The task is not deleted.")
    if not task.owner.is_active:
        raise Conflict("Its owner is disabled.")
    quotas.check_room(owner_id=task.owner_id, actor=actor)
    task.deleted_at, task.status = None, status
    lacks = needs.lacking(task, calendar=calendar) if status not in ENDED else ""
    if lacks:
        switch_off(task)
        task.pause_note = f"{lacks} {task.pause_note}".strip()[: needs.LONGEST_NOTE]
    try:
        plan(task, after=db_now())
    except ValueError as error:
        raise Conflict(f"The schedule cannot be read ({error}).") from error
    audit.note("task.undelete", task, actor=actor, after=task_values(task), note=lacks)
    try:
        return _save(task)
    except Conflict as error:  # which task that is, is the owner's to know: whoever brings this back may be another
        raise Conflict("Its owner has another task with its key by now.", code=error.error_code) from error


@transaction.atomic
def task_duplicate(
    *, task: ScheduledTask, owner: AbstractBaseUser, actor: str, without: Collection[str] = ()
) -> ScheduledTask:
    """Make a paused copy that belongs to `owner`; a one-time instant that has passed is left out.

    So is what `without` names, as errors do: `calendar`, or a field such as `payload.upload.credential`.
    """
    payload = copy.deepcopy(opened_payload(task, is_for_edit=True))
    for path in without:
        _leave_out(payload, path.split(".")[1:])
    spec = dataclasses.replace(
        spec_of(task), name=f"{task.name[:190]} (copy)", payload=payload, key=None, enabled=False
    )
    spec = dataclasses.replace(spec, tags=specs.split_tags(",".join(spec.tags)))  # some may hold commas from before
    if "calendar" in without:
        spec = dataclasses.replace(spec, calendar=None)
    if task.kind == TaskKind.ONCE and planning.slot_after(task, db_now()) is None:
        spec = dataclasses.replace(spec, schedule=None)
    if task.ends_at is not None and task.ends_at <= db_now():
        spec = dataclasses.replace(spec, ends_at=None)
    made = task_create(owner=owner, spec=spec, actor=actor)
    audit.note("task.duplicate", task, actor=actor, after={"copy": str(made.id)})
    return made


def _leave_out(value: Any, way: list[str]) -> None:
    """Take out of a payload what this way leads to, if it is there; ways into lists are not gone."""
    for name in way[:-1]:
        value = value.get(name) if isinstance(value, dict) else None
    if way and isinstance(value, dict):
        value.pop(way[-1], None)


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
        payload = checked_payload(problems, task.type, payload, owner=task.owner)
        if problems:
            raise Invalid("The payload was not accepted; see the fields.", fields=problems.fields)
    quotas.take_start(owner_id=task.owner_id, actor=actor)
    now = db_now()
    run = planning.build_run(
        task, trigger=trigger, actor=actor, now=now, payload=payload, scheduled_for=scheduled_for or now
    )
    dispatch.wake_on_commit(run.queue)  # before the others that hear of it: the run waits for this one
    lifecycle.create([run], actor=actor)
    told = payload_values(task, run.payload) if payload is not None else {}
    audit.note("task.run", task, actor=actor, after={"run": str(run.id), "scheduled_for": scheduled_for, **told})
    return run


def spec_of(task: ScheduledTask) -> TaskSpec:
    """Give the task as the spec that would make it again."""
    names = [field.name for field in dataclasses.fields(TaskSpec) if field.name != "calendar"]
    same: dict[str, Any] = {name: getattr(task, name) for name in names if hasattr(task, name)}
    same["calendar"] = str(task.calendar_id) if task.calendar_id else None
    return TaskSpec(**{**same, "misfire": task.misfire or None, "enabled": task.status != TaskStatus.PAUSED})


def _apply(task: ScheduledTask, changes: Mapping[str, Any]) -> TaskSpec:
    current = spec_of(task)
    given = [name for name in ("run_at", "cron", "schedule") if changes.get(name) is not None]
    if given or any(name in changes for name in ("run_at", "cron", "schedule")):
        current = dataclasses.replace(current, run_at=None, cron=None, schedule=None)
    return dataclasses.replace(current, **dict(changes))


def _locked(task: ScheduledTask) -> ScheduledTask:
    return ScheduledTask.objects.select_for_update(of=("self",)).select_related("owner", "calendar").get(id=task.id)


def _edit(task: ScheduledTask, fields: Mapping[str, Any], *, actor: str, is_switched: bool) -> None:
    is_rescheduled = specs.is_rescheduled(task, fields)
    was_paused = task.status == TaskStatus.PAUSED
    is_replanned = is_rescheduled or (is_switched and was_paused)
    has_other_slots = specs.has_other_slots(task, fields)
    now = db_now()
    if is_switched and not was_paused:
        switch_off(task)
    if is_replanned:
        # A pause takes what is due at its beginning, too; who goes on runs it.
        now = (due_slots.record_pause if is_switched else due_slots.settle)(task, actor=actor)
    before = overtaken.plan_before(task)
    for name, value in fields.items():
        setattr(task, name, value)
    if is_rescheduled and task.status == TaskStatus.COMPLETED:
        task.status = TaskStatus.ACTIVE
    if is_switched and was_paused:
        switch_on(task)
    elif is_switched:
        switch_off(task)
    if is_replanned:
        overtaken.settle_overtaken(task, before, until=now, actor=f"edit:{actor}")
        is_new = is_rescheduled and (has_other_slots or not before.has_more)
        plan(task, after=now - (_once_grace(task) if is_new else timedelta(0)))


def _once_grace(task: ScheduledTask) -> timedelta:
    """A one-time instant of a few seconds ago is accepted, and then must still run."""
    return timedelta(seconds=30) if task.kind == TaskKind.ONCE else timedelta(0)


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
