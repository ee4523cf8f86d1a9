"""What the tests of tasks do to a task, by hand and through the service."""

from typing import Any

from tasks_app.models import ScheduledTask, TaskRun
from tasks_app.services import claiming, firing, tasks
from tasks_app.services.lifecycle import Claim
from tests import runs


def fresh(task: ScheduledTask) -> ScheduledTask:
    """Read the task again."""
    return ScheduledTask.objects.get(id=task.id)


def update(task: ScheduledTask, **changes: Any) -> ScheduledTask:
    """Edit the task."""
    return tasks.task_update(task=task, changes=changes, actor="user:alice")


def at(task: ScheduledTask, **fields: Any) -> ScheduledTask:
    """Set columns of the row, as time would have."""
    ScheduledTask.objects.filter(id=task.id).update(**fields)
    return fresh(task)


def fire(task: ScheduledTask) -> int:
    """Fire what is due of the task."""
    return firing.fire_due(actor="test", task_ids=[str(task.id)]).runs


def take_next() -> Claim | None:
    """Claim the next run as a worker's child does; None when there is none that may run now."""
    run = claiming.claim_next(queues=["default"], worker=runs.WORKER, lease_seconds=60)
    return Claim(run.id, run.claim_no, runs.WORKER) if run else None


def history(task: ScheduledTask) -> list[str]:
    """Give the task's history by its slots: "09:10 skipped/overlap"; a range is "09:10-09:40 (4) skipped/missed"."""
    return [_told(run) for run in TaskRun.objects.filter(task=task).order_by("scheduled_for", "id")]


def _told(run: TaskRun) -> str:
    count = f"-{run.range_to:%H:%M} ({run.range_count})" if run.range_to else ""
    return f"{run.scheduled_for:%H:%M}{count} {run.status}{run.reason and f'/{run.reason}'}"
