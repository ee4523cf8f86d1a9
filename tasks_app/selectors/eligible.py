"""Which queued runs may be claimed: the one condition that claiming and the platform's health ask."""

from django.db.models import Exists, OuterRef, Q, QuerySet

from tasks_app.models import TaskRun
from tasks_app.states import Status


def eligible_runs(queue: str) -> QuerySet[TaskRun]:
    """Give the queued runs of a queue that no other run of their task holds back.

    A serial run waits for whatever runs of its task, but for a backfill that was told to run beside it; and one of a
    backfill lets the other runs of its task go first that wait in the queue.
    """
    of_task = TaskRun.objects.filter(task_id=OuterRef("task_id"))
    in_the_way = of_task.filter(status=Status.RUNNING).filter(Q(is_serial=True) | Q(batch=None))
    first = of_task.filter(status=Status.QUEUED, queue=OuterRef("queue"), batch=None)
    runs = TaskRun.objects.filter(queue=queue, status=Status.QUEUED)
    return runs.filter(Q(is_serial=False) | (~Exists(in_the_way) & (Q(batch=None) | ~Exists(first))))
