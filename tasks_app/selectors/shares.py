"""With whom a task is shared."""

from django.db.models import F, QuerySet

from tasks_app.models import ScheduledTask, TaskShare


def shares_of(task: ScheduledTask) -> QuerySet[TaskShare]:
    """The shares of a task, people first, each by name. The caller has checked that the user manages it."""
    names = ("user__username", "group__name")
    rows = TaskShare.objects.filter(task=task).select_related("user", "group")
    return rows.order_by(*(F(name).asc(nulls_last=True) for name in names))
