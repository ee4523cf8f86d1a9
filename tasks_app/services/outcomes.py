"""What follows from the end of an attempt: success, another try, or the end of the run, and what that means for its
task.

Each is one transaction: the run's move, the record of a failed attempt, the task's summary. A void claim changes
nothing, is written down as fenced, and is answered with None. One that is void because this very end was written
before, and the answer lost, is answered with the run.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from random import Random
from typing import Any
from uuid import UUID

from django.db import connection, transaction
from django.db.models import F, Q

from tasks_app import beat_sync, dispatch
from tasks_app.models import OnExhausted, RunAttempt, ScheduledTask, TaskRun, Worker, db_now
from tasks_app.models.platform import ALIVE
from tasks_app.retry import policy_from_json
from tasks_app.services import lifecycle, turns
from tasks_app.services.lifecycle import Claim
from tasks_app.states import Reason, Status, TaskStatus

CRASH_LIMIT = 3
_UNKNOWN_PATIENCE, _UNKNOWN_PAUSE = timedelta(minutes=5), timedelta(seconds=2)
_LOCK_TASK = (
    f"SELECT task.id FROM {ScheduledTask._meta.db_table} AS task JOIN {TaskRun._meta.db_table} AS run"  # noqa: S608  # our own names only
    " ON run.task_id = task.id WHERE run.id = %s FOR NO KEY UPDATE OF task"
)
_LEADS_TO = {
    "succeeded": [Status.SUCCEEDED],
    "skipped": [Status.SKIPPED],
    "cancelled": [Status.CANCELLED],
    "handed back": [Status.QUEUED],
    "failed": [Status.FAILED, Status.SCHEDULED],
}
_RNG = Random()  # noqa: S311  # spreads load, keeps no secret
# Who asks a running run to stop, when it is not a person: whoever fires a slot whose policy is `cancel_running`.
_FIRING = ("beat:", "upkeep:", "edit:", "periodic_task")


@dataclass(frozen=True, kw_only=True)
class Failure:
    """Why an attempt failed. `is_permanent`: trying again cannot help; `delay_seconds`: the handler chose the pause."""

    reason: Reason
    error: str
    error_type: str = ""
    traceback: str = ""
    is_permanent: bool = False
    delay_seconds: float | None = None


def attempt_succeeded(held: Claim, *, result: Any) -> TaskRun | None:
    """End the run well."""
    return _settle(held, "succeeded", lambda: lifecycle.succeed(held, result=result))


def attempt_skipped(held: Claim, *, reason: str) -> TaskRun | None:
    """End the run because there was nothing to do."""
    return _settle(held, "skipped", lambda: lifecycle.skip(held, error=reason))


def attempt_stopped(held: Claim) -> TaskRun | None:
    """End a run that was asked to stop and has stopped; says who asked."""
    return _settle(held, "cancelled", lambda: _stop(held))


def attempt_handed_back(held: Claim, *, actor: str) -> TaskRun | None:
    """Give the run back for another worker; costs no attempt. One that was asked to stop ends instead."""
    return _settle(held, "handed back", lambda: _hand_back(held, actor=actor))


def attempt_failed(held: Claim, failure: Failure) -> TaskRun | None:
    """Count the failure; plan another attempt where the policy has one left, else end the run."""
    return _settle(held, "failed", lambda: _fail(held, failure))


def attempt_crashed(held: Claim, *, actor: str, error: str) -> TaskRun | None:
    """Count a crash (the worker's, not the handler's); give the run back, or end it `worker_lost` after three."""
    return _settle(held, "crashed", lambda: _crash(held, actor=actor, error=error))


def attempt_not_begun(held: Claim, *, actor: str, error: str) -> TaskRun | None:
    """Give a run of a group back that is not known to have begun, at no cost; the next claim takes it alone.

    Alone, its start is on record: if it is what ends the workers, its crashes are counted from then on.
    """
    return _settle(held, "rescued", lambda: _rescue(held, actor=actor, error=error))


def _settle(held: Claim, wanted: str, move: Callable[[], TaskRun | None]) -> TaskRun | None:
    with transaction.atomic():
        _lock_task_of(held)
        run = move()
        if run is not None and run.is_final:
            _tell_task(run)
        if run is None:
            run = _settled_before(held, wanted)
        if run is None:
            lifecycle.record_fenced(held, wanted=wanted)
            return None
        if run.is_final:
            turns.advance_on_commit(run.batch_id)
        elif run.status == Status.QUEUED:
            dispatch.wake_on_commit(run.queue)
    return run


def _settled_before(held: Claim, wanted: str) -> TaskRun | None:
    """Tell of this very end where it is written already: the answer to its commit was lost, and nobody was told."""
    run = lifecycle.moved_before(held, *_LEADS_TO.get(wanted, ()))
    if run is not None and run.claim_no == held.claim_no and run.status != Status.RUNNING:
        lifecycle.announce_moves([(run, run.finished_at or db_now())], source=Status.RUNNING)
    return run


def _lock_task_of(held: Claim) -> None:
    """Lock the run's task before the run, as pausing, cancelling and firing do: the other way round could deadlock."""
    if connection.features.has_select_for_update:  # elsewhere one transaction writes at a time
        with connection.cursor() as cursor:
            cursor.execute(_LOCK_TASK, [held.run_id])


def _held_run(held: Claim) -> TaskRun | None:
    """Read the run while the claim holds, and keep it as it is until the outcome is written."""
    return TaskRun.objects.select_for_update().filter(**held.guard).first()


def _stop(held: Claim) -> TaskRun | None:
    run = _held_run(held)
    if run is None:
        return None
    asked_by = run.cancel_requested_by
    reason = Reason.REPLACED if asked_by.startswith(_FIRING) else Reason.USER
    return lifecycle.stop(held, reason=reason, actor=asked_by or f"worker:{held.worker}")


def _hand_back(held: Claim, *, actor: str) -> TaskRun | None:
    run = _held_run(held)
    if run is not None and run.cancel_requested_at is not None:
        return _stop(held)
    return lifecycle.hand_back(held, actor=actor)


def _rescue(held: Claim, *, actor: str, error: str) -> TaskRun | None:
    run = _held_run(held)
    if run is not None and run.cancel_requested_at is not None:
        return _stop(held)
    crashes = run.crashes if run is not None else 0
    return lifecycle.rescue(held, actor=actor, crashes=crashes, error=error)


def _fail(held: Claim, failure: Failure) -> TaskRun | None:
    run = _held_run(held)
    if run is None:
        return None
    now = db_now()
    if failure.reason == Reason.UNKNOWN_TYPE and (left := _left_to_a_newer_worker(run, held, failure, now=now)):
        return left
    _record(run, held, failure.reason, failure, now=now)
    failures = run.failures + 1
    if failure.is_permanent or failures > run.max_retries:
        told = lifecycle.Told(failure.error, failure.error_type)
        return lifecycle.fail(held, reason=failure.reason, told=told, failures=failures, crashes=run.crashes)
    if run.cancel_requested_at is not None:  # who asked for an end is not given another attempt
        return _stop(held)
    delay = failure.delay_seconds
    if delay is None:
        delay = policy_from_json(run.retry, max_retries=run.max_retries).delay_after(failures, _RNG)
    return lifecycle.retry_later(held, due_at=now + timedelta(seconds=delay), error=failure.error, failures=failures)


def _left_to_a_newer_worker(run: TaskRun, held: Claim, failure: Failure, *, now: datetime) -> TaskRun | None:
    """Put a run of an unknown type off at no cost, while a worker that was started later may know the type.

    So it is while a new version comes in. After some minutes, or when the newest worker does not know it, it fails.
    """
    age = now - max(run.created_at, run.scheduled_for or run.created_at)
    if age > _UNKNOWN_PATIENCE or run.cancel_requested_at is not None:
        return None
    live = Worker.objects.filter(stopped_at=None, heartbeat_at__gt=now - ALIVE)
    newer = live.filter(started_at__gt=Worker.objects.filter(name=held.worker).values("started_at"))
    if not any(run.queue in queues for queues in newer.values_list("queues", flat=True)):
        return None
    due_at = now + max(_UNKNOWN_PAUSE, age / 4)
    return lifecycle.retry_later(held, due_at=due_at, error=failure.error, failures=run.failures)


def _crash(held: Claim, *, actor: str, error: str) -> TaskRun | None:
    run = _held_run(held)
    if run is None:
        return None
    failure = Failure(reason=Reason.WORKER_LOST, error=error)
    _record(run, held, Reason.WORKER_LOST, failure, now=db_now())
    crashes = run.crashes + 1
    if run.cancel_requested_at is not None:
        return _stop(held)
    if crashes >= CRASH_LIMIT:
        told = lifecycle.Told(error)
        return lifecycle.fail(held, reason=Reason.WORKER_LOST, told=told, failures=run.failures, crashes=crashes)
    return lifecycle.rescue(held, actor=actor, crashes=crashes, error=error)


def _record(run: TaskRun, held: Claim, outcome: str, failure: Failure, *, now: datetime) -> None:
    attempt = RunAttempt(
        run_id=run.id,
        claim_no=held.claim_no,
        number=run.attempt,
        outcome=outcome,
        error_type=failure.error_type[:200],
        error=failure.error[:10_000],
        traceback=failure.traceback[:100_000],
        worker=held.worker,
        started_at=run.started_at,
        finished_at=now,
    )
    RunAttempt.objects.bulk_create([attempt], ignore_conflicts=True)


def _tell_task(run: TaskRun) -> None:
    """Keep the task's summary, and pause it where its policies say so; a retry stands for what it repeats.

    How a backfill fares says nothing about the schedule: its failures are not counted, and pause nothing.
    """
    if run.status == Status.SUCCEEDED or (run.status == Status.FAILED and run.rerun_of_id is not None):
        _dismiss_repeated(run)
    task_id = run.task_id
    if task_id is None:
        return
    summary: dict[str, Any] = {
        "last_run_at": run.started_at or run.finished_at,
        "last_run_status": run.status,
        "last_run_id": run.id,
    }
    if run.batch_id is not None:
        pass
    elif run.status == Status.SUCCEEDED:
        summary["failures_in_row"] = 0
    elif run.status == Status.FAILED:
        summary["failures_in_row"] = F("failures_in_row") + 1
    ScheduledTask.objects.filter(id=task_id).update(**summary)
    if run.status == Status.FAILED:
        _after_failure(run, task_id)


def _dismiss_repeated(run: TaskRun) -> None:
    """Take the failed runs of the same work, and those that it repeated, off the list of what needs a person."""
    ended = "succeeded" if run.status == Status.SUCCEEDED else "failed, and stands for it"
    dismissal = {"dismissed_at": db_now(), "dismissed_by": "retry", "dismiss_note": f"A later run of it {ended}."}
    repeated, run_id = set(), run.rerun_of_id
    while run_id is not None and run_id not in repeated:
        repeated.add(run_id)
        run_id = TaskRun.objects.filter(id=run_id).values_list("rerun_of_id", flat=True).first()
    of_work = Q(id__in=repeated) | Q(root_run_id=run.root_run_id or run.id, id__lt=run.id)
    failed = TaskRun.objects.filter(of_work, status=Status.FAILED, dismissed_at=None)
    failed.update(version=F("version") + 1, **dismissal)


def _after_failure(run: TaskRun, task_id: UUID) -> None:
    if run.on_exhausted == OnExhausted.DISMISS:
        now = db_now()
        TaskRun.objects.filter(id=run.id).update(dismissed_at=now, dismissed_by="policy")
    if run.batch_id is not None:
        return
    task = ScheduledTask.objects.select_for_update(of=("self",)).get(id=task_id)
    limit = task.pause_after_failures
    is_tired = limit is not None and task.failures_in_row >= limit
    if task.status != TaskStatus.ACTIVE or not (is_tired or run.on_exhausted == OnExhausted.PAUSE_TASK):
        return
    task.status, task.paused_at = TaskStatus.PAUSED, db_now()
    task.pause_note = f"Paused by the platform after {task.failures_in_row} failed run(s) in a row: {run.error}"[:500]
    task.next_due_at = None  # next_slot stays: the first slot that the pause takes
    task.version += 1
    task.save(force_update=True)
    beat_sync.switch_off([task])
