"""What people and programs do with runs: start one, cancel, run again, dismiss."""

from datetime import datetime, timedelta
from typing import Any

from django.contrib.auth.models import AbstractBaseUser
from django.db import transaction
from django.db.models import F, QuerySet

from tasks_app import dispatch
from tasks_app.errors import Conflict, Invalid, NotFound
from tasks_app.handlers import registry
from tasks_app.models import Batch, TaskRun, db_now
from tasks_app.retry import MAX_RETRIES_LIMIT
from tasks_app.services import audit, lifecycle, planning, quotas, specs, turns
from tasks_app.services.audit_values import payload_values
from tasks_app.services.payloads import checked_payload
from tasks_app.services.policies import DAY_SECONDS
from tasks_app.services.validation import Problems, check_line, check_range, checked_note
from tasks_app.states import Reason, Status, Trigger

_MAX_DELAY = timedelta(days=3660)
_KEY_LIMIT = 200
AGAIN = "had been run again already"
"""What is said of one of many runs that is left alone because a later run stands for it."""


@transaction.atomic
def run_enqueue(  # noqa: PLR0913  # the fields of POST /api/runs
    *,
    owner: AbstractBaseUser | None,
    type: str,
    payload: dict[str, Any],
    actor: str,
    trigger: Trigger = Trigger.API,
    delay_seconds: float | None = None,
    run_at: datetime | None = None,
    queue: str | None = None,
    priority: int = 5,
    max_retries: int | None = None,
    timeout_seconds: int | None = None,
    tags: tuple[str, ...] = (),
    key: str | None = None,
) -> TaskRun:
    """Make a run without a task: at once, after `delay_seconds`, or at `run_at`. Raises Invalid with the faults.

    `key` makes it happen once: where a run has that key already, it is given instead.
    """
    now = db_now()
    problems = Problems()
    checked = checked_payload(problems, type, payload, owner=owner)
    due_at = _due_at(problems, now, delay_seconds, run_at)
    check_range(problems, "priority", priority, 0, 9)
    check_range(problems, "max_retries", max_retries, 0, MAX_RETRIES_LIMIT)
    check_range(problems, "timeout_seconds", timeout_seconds, 0, 30 * DAY_SECONDS)
    check_names(problems, queue=queue, key=key)
    if problems:
        raise Invalid("The run was not accepted; see the fields.", fields=problems.fields)
    quotas.take_start(owner_id=owner.pk if owner else None, actor=actor)
    run = TaskRun(
        key=key,
        owner_id=owner.pk if owner else None,
        type=type,
        payload=checked,
        tags=list(tags),
        trigger=trigger,
        actor=actor[:200],
        status=Status.SCHEDULED if due_at else Status.QUEUED,
        reason=Reason.DELAYED if due_at else Reason.DUE,
        scheduled_for=due_at or now,
        due_at=due_at,
        queued_at=None if due_at else now,
        queue=queue or registry.get(type).queue,
        priority=priority,
        **planning.policies(type, payload=checked, max_retries=max_retries, timeout_seconds=timeout_seconds),
    )
    if not lifecycle.create([run], actor=actor):
        return TaskRun.objects.get(key=key)  # somebody else made it in the same moment
    if not due_at:
        dispatch.wake_on_commit(run.queue)
    audit.note_asked("run.create", run, actor=actor, after={"queue": run.queue, "key": key, **payload_values(run)})
    return run


@transaction.atomic
def run_cancel(*, run: TaskRun, actor: str) -> TaskRun:
    """End a run that waits, ask one that runs to stop. Raises Conflict when it has ended, NotFound when gone."""
    moved = run_stop(run=run, actor=actor)
    audit.note_asked("run.cancel", moved, actor=actor, before={"status": run.status}, after={"status": moved.status})
    return moved


def run_stop(*, run: TaskRun, actor: str) -> TaskRun:
    """As `run_cancel`, for the runs of what is stopped as a whole."""
    for _ in range(3):
        run = _kept(TaskRun.objects.filter(id=run.id))
        if run.is_final:
            raise Conflict(f"The run has already ended: {run.status}.")
        if run.cancel_requested_at is not None and run.status == Status.RUNNING:
            return run
        if run.status == Status.RUNNING:
            moved = lifecycle.ask_to_stop(run, actor=actor)
        else:
            moved = lifecycle.cancel(run, reason=Reason.USER, actor=actor)
        if moved is not None:
            if run.status in turns.UNDER_WAY and moved.is_final:
                turns.advance_on_commit(moved.batch_id)
            return moved
    raise Conflict("The run is changing right now; try again.")


@transaction.atomic
def run_retry(*, run: TaskRun, actor: str, payload: dict[str, Any] | None = None) -> TaskRun:
    """Run a final run again, as a new run that points to it; side effects that were confirmed do not happen again.

    A run of a batch runs again within it, when its turn comes; one of a batch that was cancelled runs by itself.
    Raises Conflict while the run has not ended, Invalid when the given payload is not accepted, NotFound when gone.
    """
    _lock_to_repeat(run)
    if payload is not None:
        problems = Problems()
        payload = checked_payload(problems, run.type, payload, owner=run.owner)
        if problems:
            raise Invalid("The payload was not accepted; see the fields.", fields=problems.fields)
    quotas.take_start(owner_id=run.owner_id, actor=actor)
    return _again(run, payload=payload, actor=actor)


@transaction.atomic
def run_again(*, run: TaskRun, actor: str) -> TaskRun:
    """As `run_retry`, for one of many that somebody starts at once, whose starts the caller has counted.

    Raises Conflict where it was run again before: two who start many at once start each once.
    """
    _lock_to_repeat(run)
    if TaskRun.objects.filter(rerun_of=run).exists():
        raise Conflict(AGAIN)
    return _again(run, payload=None, actor=actor)


def _lock_to_repeat(run: TaskRun) -> None:
    # Nobody cleans it away until the new run points to it.
    _kept(TaskRun.objects.select_for_update(no_key=True).filter(id=run.id).only("id"))
    if not run.is_final:
        raise Conflict(f"The run has not ended: it is {run.status}.")
    if not run.can_retry:
        raise Conflict("This row stands for many skipped slots; run one of them from the task.")


def _again(run: TaskRun, *, payload: dict[str, Any] | None, actor: str) -> TaskRun:
    batch = turns.lock(run.batch_id)
    again = rerun(run, payload=payload, actor=actor, batch=batch)
    lifecycle.create([again], actor=actor)
    before, after = payload_values(run, run.payload), {**payload_values(again), "run": str(again.id)}
    audit.note_asked("run.retry", run, actor=actor, before=before, after=after)
    if batch is None:
        dispatch.wake_on_commit(again.queue)
        return again
    turns.go_on(batch)
    return TaskRun.objects.get(id=again.id)


@transaction.atomic
def run_dismiss(*, run: TaskRun, actor: str, note: str = "") -> TaskRun:
    """Take a failed run off the list of what needs a person. Raises Conflict for a run that has not failed."""
    changes = {"dismissed_at": db_now(), "dismissed_by": actor[:200], "dismiss_note": checked_note(note)}
    failed = TaskRun.objects.filter(id=run.id, status=Status.FAILED, dismissed_at=None)
    if not failed.update(version=F("version") + 1, **changes):
        raise Conflict("Only a failed run that nobody has dismissed can be dismissed.")
    audit.note("run.dismiss", run, actor=actor, note=note)
    return _told(run)


@transaction.atomic
def run_undismiss(*, run: TaskRun, actor: str) -> TaskRun:
    """Put a dismissed run back on the list of what needs a person. Raises Conflict for one that is not dismissed."""
    changes = {"dismissed_at": None, "dismissed_by": "", "dismiss_note": ""}
    dismissed = TaskRun.objects.filter(id=run.id, status=Status.FAILED, dismissed_at__isnull=False)
    if not dismissed.update(version=F("version") + 1, **changes):
        raise Conflict("Only a run that was dismissed can be put back.")
    audit.note("run.undismiss", run, actor=actor, before={"note": run.dismiss_note}, after={"note": ""})
    return _told(run)


def _told(run: TaskRun) -> TaskRun:
    """Let whoever shows the run, or counts those that need somebody, look again; it stands as since its end."""
    stored = TaskRun.objects.get(id=run.id)
    lifecycle.announce_moves([(stored, stored.finished_at or stored.created_at)], source=stored.status)
    return stored


def _kept(found: QuerySet[TaskRun]) -> TaskRun:
    """Give the run, unless it was cleaned away since the caller has read it."""
    run = found.first()
    if run is None:
        raise NotFound("There is no such run any more.")
    return run


def check_names(problems: Problems, *, queue: str | None, key: str | None) -> None:
    if queue is not None:
        specs.check_queue(problems, queue)
    if key is not None:
        check_line(problems, "key", key, most=_KEY_LIMIT)


def rerun(run: TaskRun, *, payload: dict[str, Any] | None, actor: str, batch: Batch | None) -> TaskRun:
    """Make the unsaved run that repeats a final one: queued, or waiting for its turn in a batch."""
    now = db_now()
    return TaskRun(
        task_id=run.task_id,
        owner_id=run.owner_id,
        type=run.type,
        payload=run.payload if payload is None else payload,
        tags=run.tags,
        trigger=Trigger.RETRY,
        actor=actor[:200],
        status=Status.WAITING if batch else Status.QUEUED,
        reason=Reason.NONE if batch else Reason.DUE,
        scheduled_for=run.scheduled_for or now,
        queued_at=None if batch else now,
        priority=run.priority,
        on_exhausted=run.on_exhausted,
        is_serial=run.is_serial,
        rerun_of=run,
        root_run_id=run.root_run_id or run.id,
        batch=batch,
        **_policies_now(run, payload),
    )


def _policies_now(run: TaskRun, payload: dict[str, Any] | None) -> dict[str, Any]:
    """Where it waits, how often it is tried and how long it may take: as the task says by now, where there is one.

    So a run that took too long can be run again as soon as the task has been given more time.
    """
    task = run.task
    if task is None or task.type != run.type:
        names = ("queue", "max_retries", "retry", "soft_timeout_seconds", "timeout_seconds")
        return {name: getattr(run, name) for name in names}
    asked = {name: getattr(task, name) for name in ("max_retries", "retry", "soft_timeout_seconds", "timeout_seconds")}
    policies = planning.policies(run.type, payload=run.payload if payload is None else payload, **asked)
    return {"queue": task.queue, **policies}


def _due_at(problems: Problems, now: datetime, delay_seconds: float | None, run_at: datetime | None) -> datetime | None:
    if delay_seconds is not None and run_at is not None:
        problems.add("run_at", "conflict", "Give delay_seconds or run_at, not both.")
    if delay_seconds is not None:
        if not 0 <= delay_seconds <= _MAX_DELAY.total_seconds():
            problems.add("delay_seconds", "out_of_range", "Must be between 0 s and ten years.")
            return None
        return now + timedelta(seconds=delay_seconds) if delay_seconds else None
    if run_at is not None and run_at.tzinfo is None:
        problems.add("run_at", "type", "Must say its time zone.")
        return None
    if run_at is not None and run_at < now - timedelta(seconds=30):
        problems.add("run_at", "in_past", "This lies in the past.")
    if run_at is not None and run_at > now + _MAX_DELAY:
        problems.add("run_at", "out_of_range", "At most ten years from now.")
    return run_at if run_at is not None and run_at > now else None
