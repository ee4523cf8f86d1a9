"""How many tasks are in each status: upkeep counts them once a minute, and nobody else does where they are many."""

from datetime import timedelta

from tasks_app.models import TaskCount, db_now
from tasks_app.selectors.task_counts import count_tasks

EVERY = timedelta(minutes=1)


def task_counts_keep(actor: str) -> int:
    """Count the tasks anew, once a minute; gives the number of figures that were written."""
    now = db_now()
    if TaskCount.objects.filter(counted_at__gt=now - EVERY).exists():
        return 0
    rows = [TaskCount(status=status, tasks=count, counted_at=now) for status, count in sorted(count_tasks().items())]
    fresh = ["tasks", "counted_at"]
    return len(
        TaskCount.objects.bulk_create(rows, update_conflicts=True, update_fields=fresh, unique_fields=["status"])
    )
