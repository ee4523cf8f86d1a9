"""Making due work ready: slots become runs, delayed runs and retries become eligible.

One transaction a batch: due tasks locked, runs inserted (unique by task and slot), next instants advanced. Used by
beat's tick and, while every beat is silent, by upkeep; any number of processes may do it at once.
"""

import logging
import time
from collections import Counter
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.db import DatabaseError, OperationalError, transaction
from django.db.models import QuerySet

from tasks_app import beat_sync, dispatch
from tasks_app.models import Overlap, ScheduledTask, TaskRun, db_now
from tasks_app.models.rows import update_rows
from tasks_app.services import lifecycle, missed, planning, skipped, task_calendars
from tasks_app.services.quotas import Allowance
from tasks_app.states import OPEN, Reason, Status, TaskStatus, Trigger

logger = logging.getLogger(__name__)

BATCH = 600  # a thousand tasks due at one second, and what else is due in it, take two
_MOST_RUNS = 1000
_TOLD_SECONDS = 60.0
_told: dict[UUID, float] = {}
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
        return self.tasks >= BATCH or self.runs >= _MOST_RUNS or self.released >= BATCH

    @property
    def has_moved(self) -> bool:
        """Something was due, and is so no more."""
        return bool(self.tasks or self.released)


@dataclass(frozen=True)
class _Round:
    """The circumstances of one batch."""

    now: datetime
    actor: str
    has_grace: bool
    allowance: Allowance


@dataclass
class _Firing:
    """What becomes of a task's due slots: their rows, and the open runs that make room for them."""

    runs: list[TaskRun]
    replaced: list[TaskRun]


def make_ready(*, actor: str) -> Fired:
    """Fire one batch of due slots and release one batch of delayed runs and retries."""
    fired = fire_due(actor=actor)
    fired.released = release_due(actor=actor)
    return fired


def fire_due(*, actor: str, task_ids: list[str] | None = None, has_grace: bool = True) -> Fired:
    """Turn the due slots of up to `BATCH` tasks into runs and advance the tasks.

    Without grace all that is due counts as missed, so that one step deals with it. When the database refuses what
    comes of them, each is fired by itself, and what is refused again is paused.
    """
    try:
        return _fire_due(actor=actor, task_ids=task_ids, has_grace=has_grace)
    except DatabaseError as error:
        if isinstance(error, OperationalError):  # it is away, or busy
            raise
        logger.exception("a batch of due tasks was refused; each is fired by itself")
    ids = list(_due(db_now(), task_ids).values_list("id", flat=True)[:BATCH])
    fired = [_fire_alone(id, actor=actor, has_grace=has_grace) for id in ids]
    return Fired(tasks=len(ids), runs=sum(one.runs for one in fired))


def _fire_alone(id: UUID, *, actor: str, has_grace: bool) -> Fired:
    try:
        return _fire_due(actor=actor, task_ids=[str(id)], has_grace=has_grace)
    except DatabaseError as error:
        if isinstance(error, OperationalError):
            raise
        refusal = error
        logger.exception("task %s cannot be fired", id)
    with transaction.atomic():
        now = db_now()
        tasks = list(_due(now, [str(id)]).select_for_update(skip_locked=_skips_locked(), of=("self",)))
        for task in tasks:
            _pause_broken(task, refusal, now=now)
            task.version += 1
        update_rows(tasks, _ADVANCED)
        beat_sync.switch_off(tasks)
    return Fired()


def _due(now: datetime, task_ids: list[str] | None) -> QuerySet[ScheduledTask]:
    due = ScheduledTask.objects.filter(next_due_at__lte=now, status=TaskStatus.ACTIVE).order_by("next_due_at")
    return due if task_ids is None else due.filter(id__in=task_ids)


def _fire_due(*, actor: str, task_ids: list[str] | None, has_grace: bool) -> Fired:
    with transaction.atomic():
        now = db_now()
        due = _due(now, task_ids)
        tasks = list(due.select_for_update(skip_locked=_skips_locked(), of=("self",))[:BATCH])
        task_calendars.attach(tasks)
        allowance = Allowance(tasks)
        runs = _fire_all(tasks, _Round(now, actor, has_grace, allowance))
        _wake_for(runs)  # before those that hear of them: the runs wait for this
        made = lifecycle.create(runs, actor=actor)
        ended = [task for task in tasks if task.status != TaskStatus.ACTIVE]
        for task in ended:
            task.version += 1
        update_rows(tasks, _ADVANCED)
        beat_sync.switch_off(ended)
        allowance.close()
    return Fired(tasks=len(tasks), runs=len(made))


def release_due(*, actor: str) -> int:
    """Make up to `BATCH` delayed runs and retries eligible whose time has come; gives their number.

    One that the database refuses to move waits on, and no other waits for it.
    """
    due = TaskRun.objects.filter(status=Status.SCHEDULED, due_at__lte=db_now()).order_by("due_at")
    try:
        return _release(due, actor=actor)
    except DatabaseError as error:
        if isinstance(error, OperationalError):
            raise
    return sum(_release_alone(due, id, actor=actor) for id in list(due.values_list("id", flat=True)[:BATCH]))


def _release(due: QuerySet[TaskRun], *, actor: str) -> int:
    with transaction.atomic():
        rows = list(due.select_for_update(skip_locked=_skips_locked(), of=("self",))[:BATCH])
        released = [run for row in rows if (run := lifecycle.queue(row, reason=Reason.DUE, actor=actor))]
        _wake_for(released)
    return len(released)


def _release_alone(due: QuerySet[TaskRun], id: UUID, *, actor: str) -> int:
    try:
        return _release(due.filter(id=id), actor=actor)
    except DatabaseError as error:
        if isinstance(error, OperationalError):
            raise
        if _is_news(id):
            logger.exception("the database refuses to release run %s", id)
        return 0


def _is_news(id: UUID) -> bool:
    """Say whether this process has told nobody within the last minute that the run is refused."""
    now = time.monotonic()
    for old in [other for other, at in _told.items() if at < now - _TOLD_SECONDS]:
        del _told[old]
    return _told.setdefault(id, now) == now


def lets_others_write() -> bool:
    """Say whether others can write while a batch is fired; SQLite has one writer at a time."""
    return _skips_locked()


def _skips_locked() -> bool:
    return bool(transaction.get_connection().features.has_select_for_update_skip_locked)


def _wake_for(runs: list[TaskRun]) -> None:
    for queue, count in Counter(run.queue for run in runs if run.status == Status.QUEUED).items():
        dispatch.wake_on_commit(queue, count)


def _fire_all(tasks: list[ScheduledTask], round: _Round) -> list[TaskRun]:
    """Fire tasks until there are enough runs for one transaction; the list keeps those that were fired."""
    open_runs = _open_runs(tasks)
    runs: list[TaskRun] = []
    for count, task in enumerate(tasks, start=1):
        fired = _fire_safely(task, open_runs.get(task.id, []), round)
        for other in fired.replaced:
            _replace(other, actor=round.actor)
        runs += fired.runs
        if len(runs) >= _MOST_RUNS:
            del tasks[count:]
            break
    return runs


def _open_runs(tasks: list[ScheduledTask]) -> dict[UUID, list[TaskRun]]:
    """Give the runs that have not ended, of the tasks to which they matter."""
    ids = [task.id for task in tasks if task.overlap not in (Overlap.ALLOW, Overlap.QUEUE_ALL)]
    found: dict[UUID, list[TaskRun]] = {}
    for run in TaskRun.objects.filter(task_id__in=ids, status__in=OPEN, batch=None).order_by("id"):
        if run.task_id is not None:
            found.setdefault(run.task_id, []).append(run)
    return found


def _fire_safely(task: ScheduledTask, others: list[TaskRun], round: _Round) -> _Firing:
    """Fire one task; a broken row is paused with the reason, and never stops the others."""
    fired_before = task.slots_fired
    try:
        return _fire(task, others, round)
    except DatabaseError:  # the transaction of all of them is broken
        raise
    except Exception as error:
        logger.exception("task %s cannot be scheduled", task.id)
        task.slots_fired = fired_before
        _pause_broken(task, error, now=round.now)
        return _Firing([], [])


def _pause_broken(task: ScheduledTask, error: Exception, *, now: datetime) -> None:
    what = "what comes of it cannot be stored" if isinstance(error, DatabaseError) else "its schedule cannot be read"
    task.status, task.paused_at, task.next_due_at = TaskStatus.PAUSED, now, None
    task.pause_note = f"Paused by the platform: {what} ({error})."[:500]


def _fire(task: ScheduledTask, others: list[TaskRun], round: _Round) -> _Firing:
    slot, now, actor = task.next_slot, round.now, round.actor
    if slot is None:
        planning.plan_after(task, now)
        return _Firing([], [])
    chosen = missed.choose(task, slot, now=now, has_grace=round.has_grace)
    groups = [missed.sharing(task, instant) for instant in chosen.run]
    free = [slots for group in groups if (slots := missed.without_rows(task, group))]
    runs = [planning.build_run(task, trigger=Trigger.SCHEDULE, actor=actor, now=now, slot=slot) for slot, *_ in free]
    for run in runs:
        run.is_serial = run.is_serial or chosen.is_late
    replaced = _settle_overlap(task, runs, others, is_late=chosen.is_late, now=now)
    round.allowance.hold(task, runs)
    started = sum(run.status == Status.QUEUED for run in runs)
    task.slots_fired += started
    if chosen.skipped is not None:
        runs[:0] = skipped.skipped_range(task, skipped.between(task, *chosen.skipped), now=now, actor=actor)
    twins = [twin for _, *others_there in free for twin in others_there]
    runs += [skipped.skipped_run(task, twin, now=now, actor=actor, reason=Reason.DUPLICATE) for twin in twins]
    last = planning.latest(task, [chosen.last, *(slot for group in groups for slot in group)])
    planning.plan_past(task, last, now=None if chosen.is_late else now)
    complete_if_spent(task)
    return _Firing(runs, replaced if started else [])


def complete_if_spent(task: ScheduledTask) -> None:
    """End an active task on the object when no slot is left for it; nothing is saved."""
    if task.next_slot is None:
        task.status = TaskStatus.COMPLETED


def _settle_overlap(
    task: ScheduledTask, runs: list[TaskRun], others: list[TaskRun], *, is_late: bool, now: datetime
) -> list[TaskRun]:
    """Decide about slots beside open runs of their task, by its policy; gives those of the runs that make room.

    A slot that is made up for is never left out for an overlap: it waits for its turn. Runs of a backfill are not among
    the others: a slot is neither left out for one nor takes its place; it goes before it.
    """
    if not others or not runs:
        return []
    if task.overlap == Overlap.CANCEL_RUNNING:
        return others
    in_the_way = [other for other in others if not _is_held_back(other)]
    if task.overlap == Overlap.QUEUE_ONE:
        in_the_way = [other for other in in_the_way if other.status != Status.RUNNING]
    if in_the_way and not is_late:
        for run in runs:
            run.status, run.reason = Status.SKIPPED, Reason.OVERLAP
            run.queued_at, run.finished_at = None, now
    return []


def _is_held_back(run: TaskRun) -> bool:
    """Tell whether a slot's run only waits for the instant at which an edit lets it start."""
    return run.status == Status.SCHEDULED and run.reason == Reason.DELAYED


def _replace(run: TaskRun, *, actor: str) -> None:
    if run.status == Status.RUNNING:
        lifecycle.ask_to_stop(run, actor=actor)
    else:
        lifecycle.cancel(run, reason=Reason.REPLACED, actor=actor)
