"""What ends with tasks: their batches, their open runs, and, of deleted ones, the mirrors; of many in a few statements.

Called with the rows of the tasks locked, within the transaction that ends them.
"""

import contextlib
from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from django.db.models import F, QuerySet

from tasks_app import beat_sync
from tasks_app.errors import Conflict
from tasks_app.models import AuditEntry, ScheduledTask, TaskRun
from tasks_app.services import audit, due_slots, lifecycle, turns
from tasks_app.services.audit_values import task_values
from tasks_app.services.runs import run_stop
from tasks_app.states import OPEN, Reason, Status, TaskStatus

_AT_ONCE = 500
ENDED = (TaskStatus.COMPLETED, TaskStatus.CANCELLED)


def end(task: ScheduledTask, status: str, *, actor: str) -> None:
    """End one task, which the caller saves: what is due by now has its run, which is cancelled with the others."""
    due_slots.settle(task, actor=actor)
    task.status = status
    task.next_slot = task.next_due_at = None
    stop_runs([task], actor=actor)


def stop_runs(tasks: Sequence[ScheduledTask], *, actor: str) -> None:
    """Cancel what waits of these tasks, and ask what runs to stop."""
    ids = [task.pk for task in tasks]
    turns.cancel_of_tasks(ids, actor=actor)
    going_on = TaskRun.objects.filter(task__in=ids, status__in=OPEN).order_by("id")
    if not going_on.exists():
        return
    _cancel_waiting(going_on.exclude(status=Status.RUNNING), actor=actor)
    for run in going_on:  # those that run, and the few that were moved in between
        with contextlib.suppress(Conflict):  # it has ended by itself in the meantime
            run_stop(run=run, actor=actor)


def _cancel_waiting(rows: QuerySet[TaskRun], *, actor: str) -> None:
    while ids := list(rows.values_list("id", flat=True)[:_AT_ONCE]):
        runs = lifecycle.cancel_all(TaskRun.objects.filter(id__in=ids), reason=Reason.USER, actor=actor)
        for batch_id in {run.batch_id for run in runs}:
            turns.advance_on_commit(batch_id)
        if len(ids) < _AT_ONCE:
            return


def has_many_runs(task_ids: Sequence[UUID]) -> bool:
    """Say whether so many runs of these tasks are open that one step is enough for the first of them."""
    open_runs = TaskRun.objects.filter(task__in=task_ids, status__in=OPEN).order_by()
    return open_runs[: _AT_ONCE + 1].count() > _AT_ONCE


def deletion(task: ScheduledTask, *, actor: str) -> AuditEntry:
    """Make the note of a deletion, while the task is as it was."""
    return audit.entry("task.delete", task, actor=actor, before=task_values(task))


def bury(task: ScheduledTask, at: datetime) -> None:
    """Let a task be a tombstone from its next version on; `take_away` writes it."""
    task.version += 1
    task.status = task.status if task.status in ENDED else TaskStatus.CANCELLED
    task.next_slot = task.next_due_at = None
    task.deleted_at = task.updated_at = at


def take_away(tasks: Sequence[ScheduledTask], *, actor: str) -> None:
    """Write the tombstones of tasks of which nothing was due, stop their runs and take their mirrors away."""
    stop_runs(tasks, actor=actor)
    for status in sorted({task.status for task in tasks}):
        of_status = [task for task in tasks if task.status == status]
        gone = {"deleted_at": of_status[0].deleted_at, "updated_at": of_status[0].updated_at}
        rows = ScheduledTask.objects.filter(pk__in=[task.pk for task in of_status])
        nothing = {"next_slot": None, "next_due_at": None, "periodic_task_id": None}
        rows.update(status=status, version=F("version") + 1, **nothing, **gone)
    beat_sync.remove_unnamed(tasks)
