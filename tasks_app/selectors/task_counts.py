"""How many tasks are in each status: of few they are counted when somebody asks, of many upkeep has counted them."""

from datetime import datetime, timedelta

from django.db.models import Count

from tasks_app.models import ScheduledTask, TaskCount
from tasks_app.states import TaskStatus

MANY = 1_000
LATELY = timedelta(minutes=15)
"""What upkeep has counted longer ago tells nothing any more."""


def count_tasks() -> dict[str, int]:
    """Count all tasks, the deleted left out."""
    found = ScheduledTask.objects.filter(deleted_at=None).order_by().values_list("status").annotate(Count("id"))
    counts = dict(found)
    return {status.value: counts.get(status.value, 0) for status in TaskStatus}


def tasks_by_status(now: datetime) -> dict[str, int]:
    """As upkeep has counted them within the last minutes; a platform with few is told what is so now."""
    kept = dict(TaskCount.objects.filter(counted_at__gt=now - LATELY).values_list("status", "tasks"))
    if sum(kept.values()) < MANY:
        return count_tasks()
    return {status.value: kept.get(status.value, 0) for status in TaskStatus}
