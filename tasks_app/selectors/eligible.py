"""Which queued runs may be claimed: the one condition that claiming and the platform's health ask."""

from django.db.models import Exists, OuterRef, Q, QuerySet, Subquery

from tasks_app.models import Overlap, ScheduledTask, TaskRun
from tasks_app.states import Status

_EXCLUSIVE = [overlap for overlap in Overlap.values if overlap != Overlap.ALLOW]


def eligible_runs(queue: str) -> QuerySet[TaskRun]:
    """Give the queued runs of a queue that no other run of their task holds back.

    A serial run waits for whatever runs of its task, but for a backfill that was told to run beside it; and one of a
    backfill lets the other runs of its task go first that wait in the queue. Where runs of a task may run side by side,
    the serial ones are those that make up for an outage: they wait for each other only.
    """
    of_task = TaskRun.objects.filter(task_id=OuterRef("task_id"))
    # A scalar subquery: PostgreSQL would join all tasks for another one.
    overlap = ScheduledTask.objects.filter(id=OuterRef("task_id")).values("overlap")
    running = of_task.filter(status=Status.RUNNING).alias(overlap=Subquery(overlap))
    in_the_way = running.filter(Q(is_serial=True) | Q(batch=None, overlap__in=_EXCLUSIVE))
    first = of_task.filter(status=Status.QUEUED, queue=OuterRef("queue"), batch=None)
    runs = TaskRun.objects.filter(queue=queue, status=Status.QUEUED)
    return runs.filter(Q(is_serial=False) | (~Exists(in_the_way) & (Q(batch=None) | ~Exists(first))))
