"""What has come due of a task by the moment in which it is changed: no slot is lost by an edit, a pause or an end.

Called with the task's row locked, before the change; the caller plans the task anew, or ends it, and saves it.
"""

import contextlib
from datetime import datetime

from tasks_app.models import ScheduledTask, TaskRun, db_now
from tasks_app.services import firing, lifecycle, missed, overtaken, pauses, planning, skipped
from tasks_app.states import Reason, TaskStatus

_MOST = 100


def may_have_come(task: ScheduledTask, *, by: datetime) -> bool:
    """Say whether there may be something to settle: not where the next slot lies ahead and no calendar moves it."""
    if task.next_slot is None or task.status not in (TaskStatus.ACTIVE, TaskStatus.PAUSED):
        return False
    return task.calendar_id is not None or task.next_slot <= by


def settle(task: ScheduledTask, *, actor: str) -> datetime:
    """Give each slot whose instant has come its row, and give the instant up to which that is done.

    Slots of an active task have their runs, by its policies; those of a pause are skipped as such.
    """
    if task.status == TaskStatus.PAUSED:
        return record_pause(task, actor=actor)
    if task.status != TaskStatus.ACTIVE or not _is_readable(task):
        return db_now()
    now = _fire_due(task, actor=f"edit:{actor}")
    _let_go(task, now=now, actor=f"edit:{actor}")
    return now


def record_pause(task: ScheduledTask, *, actor: str) -> datetime:
    """Write the slots that fell into the pause down, in its one row; gives the end up to which that is done."""
    now = db_now()
    first = task.next_slot
    if first is None:
        return now
    with contextlib.suppress(ValueError):  # a schedule that cannot be read has no slots
        if planning.placed(task, first).at > now:
            return now
        last = missed.last_due(task, now) or first
        pauses.take(task, skipped.between(task, first, last), now=now, actor=actor)
    return now


def _is_readable(task: ScheduledTask) -> bool:
    """What cannot be read, the schedule or its calendar, has no slots; whoever changes the task may be mending it."""
    try:
        planning.plan_of(task)
    except ValueError:
        return False
    return True


def _fire_due(task: ScheduledTask, *, actor: str) -> datetime:
    """Fire what is due; of more slots than one change may fire, the rest counts as missed, whatever the grace."""
    for count in range(_MOST + 2):
        now = db_now()
        if task.next_due_at is None or task.next_due_at > now:
            break
        firing.fire_due(actor=actor, task_ids=[str(task.id)], has_grace=count < _MOST)
        task.refresh_from_db()
    return now


def _left_out(task: ScheduledTask, first: datetime, *, now: datetime, actor: str) -> list[TaskRun]:
    """Make the row for what is held back beyond the most runs that one change may make."""
    last = missed.last_due(task, now) or first
    return skipped.skipped_range(task, skipped.between(task, first, last), now=now, actor=actor)


def _let_go(task: ScheduledTask, *, now: datetime, actor: str) -> None:
    """Give slots that have come, but are held back by jitter or spread, their runs; they start when they would have."""
    runs: list[TaskRun] = []
    while task.next_slot is not None and planning.placed(task, task.next_slot).at <= now:
        if len(runs) >= _MOST:
            runs += _left_out(task, task.next_slot, now=now, actor=actor)
            break
        group = missed.sharing(task, task.next_slot)
        runs += _held_back(task, missed.without_rows(task, group), now=now, actor=actor)
        planning.plan_past(task, group[-1])
        task.next_due_at = planning.due_at(task, task.next_slot) if task.next_slot else None
    lifecycle.create(runs, actor=actor)


def _held_back(task: ScheduledTask, free: list[datetime], *, now: datetime, actor: str) -> list[TaskRun]:
    """Make the rows of slots on one instant: the first runs, the others are its duplicates."""
    if not free:
        return []
    first, *twins = free
    task.slots_fired += 1
    return [
        overtaken.held_back(task, first, due_at=task.next_due_at, now=now, actor=actor),
        *(skipped.skipped_run(task, twin, now=now, actor=actor, reason=Reason.DUPLICATE) for twin in twins),
    ]
