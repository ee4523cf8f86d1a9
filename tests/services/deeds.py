"""What the tests of tasks do to a task, by hand and through the service."""

from typing import Any

from tasks_app.models import ScheduledTask
from tasks_app.services import firing, tasks


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
