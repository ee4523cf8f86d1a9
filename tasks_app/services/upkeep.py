"""Housekeeping in small indexed steps; any number of processes may do it at once.

Ends forgotten transactions, rescues runs whose lease has ended, makes due work ready while every beat is silent, posts
wake-ups while eligible runs wait, lets waiting runs of batches in, writes down missed slots, counts ended runs, drops
what has expired or is older than the retention, seals the audit log.
"""

import logging
import time
from collections.abc import Callable, Collection
from datetime import timedelta
from uuid import UUID

from django.conf import settings
from django.db import InterfaceError, OperationalError, connection, transaction
from django.db.models import Exists, OuterRef

from tasks_app import beat_sync, dispatch
from tasks_app.models import Batch, Beat, IdempotencyKey, Queue, ScheduledTask, TaskRun, Worker, db_now
from tasks_app.models.ids import first_id_at
from tasks_app.services import (
    audit_sealing,
    claiming,
    firing,
    locks,
    outcomes,
    planned_runs,
    ranges,
    rollup_checks,
    rollups,
    task_counts,
    turns,
)
from tasks_app.services.cleaning import RunChoice, Whose, clean_runs
from tasks_app.services.clock_steps import ClockSteps
from tasks_app.services.lifecycle import Claim
from tasks_app.states import Status

logger = logging.getLogger(__name__)

ACTOR = "upkeep:"
_STEP = 100
_BEAT_SILENT = timedelta(seconds=5)
_KEPT = timedelta(hours=24)
_GONE = timedelta(days=7)
_PRUNE_SECONDS = 0.5


def upkeep(*, actor: str, clock: ClockSteps | None = None) -> None:
    """Do every step once; a step that fails is logged and does not stop the next. A whole round is noted in the
    worker's row. `clock` is what this process has seen of the database's clock, which may have gone wrong."""

    def rescue(actor: str) -> int:
        return rescue_expired(actor) if clock is None or clock.may_rescue(db_now) else 0

    steps: list[Callable[[str], object]] = [
        locks.end_forgotten_transactions,
        rescue,
        stand_in_for_beat,
        advance_batches,
        wake_waiting,
        expand_missed,
        tidy,
        rollups.rollup_count,
        rollup_checks.rollup_check,
        rollups.rollup_prune,
        planned_runs.planned_keep,
        planned_runs.day_keep,
        task_counts.task_counts_keep,
        prune,
        mirror,
        audit_sealing.audit_seal,
        audit_sealing.audit_prune,
    ]
    done = [_is_done(step, actor) for step in steps]
    if all(done):  # a step that fails each time is told of as silence, before what it should do piles up
        Worker.objects.filter(name=actor.removeprefix(ACTOR)).update(last_upkeep_at=db_now())


def _is_done(step: Callable[[str], object], actor: str) -> bool:
    """Do one step, and log that it failed; only a database that is away ends the round."""
    try:
        step(actor)
    except (OperationalError, InterfaceError) as error:
        if not locks.is_lock_timeout(error):
            connection.close()
            raise
        logger.warning("upkeep step %s waited too long for a lock", getattr(step, "__name__", step))
        return False
    except Exception:
        logger.exception("upkeep step %s failed", getattr(step, "__name__", step))
        return False
    return True


def rescue_expired(actor: str) -> int:
    """Take runs back whose worker has let its lease end; gives their number. One that is locked waits for the next
    round, as do all of a task that is: those behind them are looked for at once."""
    rescued, patience, held = 0, locks.Patience(), set[UUID]()
    while True:
        held_before, expired = len(held), _expired(held)
        for run in expired:
            if run.task_id not in held:
                rescued += _rescue(run, actor, patience, held)
        if len(held) == held_before or len(expired) < _STEP:
            return rescued


def _expired(held: Collection[UUID]) -> list[TaskRun]:
    """Give those whose lease ended first; where it can be told, none that somebody holds, behind whom others wait."""
    skips = connection.features.has_select_for_update_skip_locked
    expired = TaskRun.objects.filter(status=Status.RUNNING, lease_until__lt=db_now()).order_by("lease_until")
    expired = expired.exclude(task_id__in=held)
    if not skips:
        return list(expired[:_STEP])
    with transaction.atomic():
        return list(expired.select_for_update(skip_locked=True, of=("self",))[:_STEP])


def _rescue(run: TaskRun, actor: str, patience: locks.Patience, held: set[UUID]) -> bool:
    claim = Claim(run.id, run.claim_no, run.worker)
    error = f"the worker {run.worker} stopped renewing its lease"
    # Of a group, and nobody knows of it that it had begun: it is not charged.
    settle = outcomes.attempt_not_begun if run.started_at is None else outcomes.attempt_crashed
    settled: list[TaskRun | None] = []
    try:
        is_done = patience.has_done(lambda: settled.append(settle(claim, actor=actor, error=error)), f"run {run.id}")
    except (OperationalError, InterfaceError):
        raise
    except Exception:
        logger.exception("run %s cannot be taken back", run.id)
        return False
    if not is_done and run.task_id is not None:
        held.add(run.task_id)
    return any(settled)


def stand_in_for_beat(actor: str) -> int:
    """Make due work ready when no beat has ticked for 5 s; gives the number of runs."""
    if Beat.objects.filter(last_tick_at__gt=db_now() - _BEAT_SILENT, stopped_at=None).exists():
        return 0
    fired = firing.make_ready(actor=actor)
    return fired.runs + fired.released


def advance_batches(actor: str) -> int:
    """Take up what a process that died has left undone in a batch; gives the number of batches."""
    batches = turns.standing(_STEP)
    for batch_id in batches:
        try:
            turns.advance(batch_id, actor=actor)
        except (OperationalError, InterfaceError):
            raise
        except Exception:
            logger.exception("batch %s cannot go on", batch_id)
    return len(batches)


def wake_waiting(actor: str) -> int:
    """Post wake-ups for queues in which eligible runs wait; gives the number of queues."""
    waiting = 0
    for queue in _open_queues():
        count = len(claiming.eligible(queue).values_list("id")[:_STEP])
        if count:
            waiting += 1
            dispatch.wake(queue, count)
    return waiting


def _open_queues() -> list[str]:
    """Give the queues that are not paused, with those that only a worker or a task type knows of."""
    is_paused = {queue.name: queue.paused_at is not None for queue in Queue.objects.all()}
    served = Worker.objects.filter(stopped_at=None).values_list("queues", flat=True)
    names = dict.fromkeys([*is_paused, *(name for queues in served for name in queues)])
    return [name for name in names if not is_paused.get(name)]


def expand_missed(actor: str) -> int:
    """Count ranges of missed slots and write short ones out, a row each; gives the number of ranges."""
    uncounted = TaskRun.objects.filter(range_to__isnull=False, range_count=None)
    found = list(uncounted.select_related("task__calendar")[:10])
    for run in found:
        try:
            ranges.expand(run, actor=actor)
        except (OperationalError, InterfaceError):
            raise
        except Exception:  # its schedule cannot be read any more: never look again, for the others wait
            logger.exception("the skipped range %s cannot be counted", run.id)
            TaskRun.objects.filter(id=run.id).update(range_count=0)
    return len(found)


def tidy(actor: str) -> int:
    """Drop remembered answers after 24 h, the rows of workers and beats that have been gone for a week, and batches
    that ended longer ago than runs are kept and have none left."""
    now = db_now()
    old = IdempotencyKey.objects.filter(created_at__lt=now - _KEPT).values("id")[:_STEP]
    dropped = IdempotencyKey.objects.filter(id__in=list(old.values_list("id", flat=True))).delete()[0]
    dropped += Worker.objects.filter(heartbeat_at__lt=now - _GONE).delete()[0]
    dropped += Beat.objects.filter(last_tick_at__lt=now - _GONE).delete()[0]
    kept = timedelta(days=max(settings.RETENTION_DAYS_BY_STATUS.values()))
    ended = Batch.objects.filter(id__lt=first_id_at(now - kept), finished_at__lt=now - kept)
    empty = ended.exclude(Exists(TaskRun.objects.filter(batch=OuterRef("id")))).order_by("id")
    return dropped + Batch.objects.filter(id__in=list(empty.values_list("id", flat=True)[:_STEP])).delete()[0]


def prune(actor: str) -> int:
    """Delete some of the runs that ended longer ago than their status is kept, oldest first; gives their number.

    The backstop behind people's own `cleanup` tasks: failed runs that nobody has looked at go as well.
    """
    now, until, count = db_now(), time.monotonic() + _PRUNE_SECONDS, 0
    for status, days in settings.RETENTION_DAYS_BY_STATUS.items():
        choice = RunChoice(statuses=(status,), before=now - timedelta(days=days), needing_person=True)
        for deleted in clean_runs(Whose(None, is_everybody=True), choice):
            count += deleted
            if count >= _STEP or time.monotonic() > until:
                return count
    return count


def mirror(actor: str) -> int:
    """Bring `last_run_at` and `total_run_count` of the PeriodicTask rows up to date; gives their number."""
    stale = beat_sync.stale_counts(ScheduledTask.objects.filter(last_run_at__gt=db_now() - timedelta(minutes=5)))
    behind = list(stale[:_STEP])
    for task in behind:
        beat_sync.record_fired(task)
    return len(behind)
