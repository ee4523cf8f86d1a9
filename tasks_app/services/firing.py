"""Making due work ready: slots become runs, delayed runs and retries become eligible.

One transaction a batch: due tasks locked, runs inserted (unique by task and slot), next instants advanced. Used by
beat's tick and, while every beat is silent, by upkeep; any number of processes may do it at once.
"""

import logging
from collections import Counter
from dataclasses import dataclass
from datetime import datetime

from django.db import transaction

from tasks_app import beat_sync, dispatch
from tasks_app.models import Overlap, ScheduledTask, TaskRun, db_now
from tasks_app.services import lifecycle, missed, planning, task_calendars
from tasks_app.states import OPEN, Reason, Status, TaskStatus, Trigger

logger = logging.getLogger(__name__)

BATCH = 500
_ADVANCED = ["next_slot", "next_due_at", "slots_fired", "status", "pause_note", "paused_at", "version"]


@dataclass
class Fired:
    """What one call made ready."""

    tasks: int = 0
    runs: int = 0
    released: int = 0

    @property
    def is_full(self) -> bool:
        """A full batch: there is probably more."""
        return self.tasks >= BATCH or self.released >= BATCH


def make_ready(*, actor: str) -> Fired:
    """Fire one batch of due slots and release one batch of delayed runs and retries."""
    fired = fire_due(actor=actor)
    fired.released = release_due(actor=actor)
    return fired


def fire_due(*, actor: str, task_ids: list[str] | None = None) -> Fired:
    """Turn the due slots of up to `BATCH` tasks into runs and advance the tasks."""
    with transaction.atomic():
        now = db_now()
        due = ScheduledTask.objects.filter(next_due_at__lte=now, status=TaskStatus.ACTIVE).order_by("next_due_at")
        if task_ids is not None:
            due = due.filter(id__in=task_ids)
        tasks = list(due.select_for_update(skip_locked=_skips_locked(), of=("self",))[:BATCH])
        task_calendars.attach(tasks)
        runs = [run for task in tasks for run in _fire_safely(task, now=now, actor=actor)]
        made = lifecycle.create(_settle_overlaps(tasks, runs, now=now, actor=actor), actor=actor)
        ended = [task for task in tasks if task.status != TaskStatus.ACTIVE]
        for task in ended:
            task.version += 1
        ScheduledTask.objects.bulk_update(tasks, _ADVANCED, batch_size=100)
        beat_sync.switch_off(ended)
        _wake_for(made)
    return Fired(tasks=len(tasks), runs=len(made))


def release_due(*, actor: str) -> int:
    """Make up to `BATCH` delayed runs and retries eligible whose time has come; gives their number."""
    with transaction.atomic():
        due = TaskRun.objects.filter(status=Status.SCHEDULED, due_at__lte=db_now()).order_by("due_at")
        rows = list(due.select_for_update(skip_locked=_skips_locked(), of=("self",))[:BATCH])
        released = [run for row in rows if (run := lifecycle.queue(row, reason=Reason.DUE, actor=actor))]
        _wake_for(released)
    return len(released)


def _skips_locked() -> bool:
    return bool(transaction.get_connection().features.has_select_for_update_skip_locked)


def _wake_for(runs: list[TaskRun]) -> None:
    for queue, count in Counter(run.queue for run in runs if run.status == Status.QUEUED).items():
        dispatch.wake_on_commit(queue, count)


def _fire_safely(task: ScheduledTask, *, now: datetime, actor: str) -> list[TaskRun]:
    """Fire one task; a broken row is paused with the reason, and never stops the others."""
    try:
        return _fire(task, now=now, actor=actor)
    except Exception as error:
        logger.exception("task %s cannot be scheduled", task.id)
        task.status, task.paused_at = TaskStatus.PAUSED, now
        task.pause_note = f"Paused by the platform: its schedule cannot be read ({error})."[:500]
        task.next_due_at = None
        return []


def _fire(task: ScheduledTask, *, now: datetime, actor: str) -> list[TaskRun]:
    slot = task.next_slot
    if slot is None:
        planning.plan_after(task, now)
        return []
    chosen = missed.choose(task, slot, now=now)
    runs = [
        planning.build_run(task, trigger=Trigger.SCHEDULE, actor=actor, now=now, slot=instant) for instant in chosen.run
    ]
    if chosen.skipped is not None:
        runs.insert(0, missed.skipped_run(task, chosen.skipped, now=now, actor=actor))
    task.slots_fired += len(chosen.run)
    last = chosen.last
    for instant in chosen.run:
        for twin in missed.twins_of(task, instant):
            runs.append(missed.skipped_run(task, (twin, twin), now=now, actor=actor, reason=Reason.DUPLICATE))
            last = twin if instant == chosen.last else last
    planning.plan_past(task, last)
    if task.next_slot is None:
        task.status = TaskStatus.COMPLETED
    return runs


def _settle_overlaps(tasks: list[ScheduledTask], runs: list[TaskRun], *, now: datetime, actor: str) -> list[TaskRun]:
    """Decide, for slots whose task still has an open run, by the task's overlap policy."""
    by_id = {task.id: task for task in tasks if task.overlap not in (Overlap.ALLOW, Overlap.QUEUE_ALL)}
    open_runs: dict[object, list[TaskRun]] = {}
    for run in TaskRun.objects.filter(task_id__in=by_id, status__in=OPEN):
        open_runs.setdefault(run.task_id, []).append(run)
    for run in runs:
        task = by_id.get(run.task_id) if run.task_id else None
        if task is None or run.status != Status.QUEUED:
            continue
        _settle_overlap(task, run, open_runs.setdefault(task.id, []), now=now, actor=actor)
    return runs


def _settle_overlap(task: ScheduledTask, run: TaskRun, others: list[TaskRun], *, now: datetime, actor: str) -> None:
    if task.overlap == Overlap.CANCEL_RUNNING:
        for other in others:
            if other.status == Status.RUNNING:
                lifecycle.ask_to_stop(other, actor=actor)
            else:
                lifecycle.cancel(other, reason=Reason.REPLACED, actor=actor)
        others.clear()
        return
    waiting = [other for other in others if other.status != Status.RUNNING]
    if others if task.overlap == Overlap.SKIP else waiting:
        run.status, run.reason = Status.SKIPPED, Reason.OVERLAP
        run.queued_at, run.finished_at = None, now
    else:
        others.append(run)
