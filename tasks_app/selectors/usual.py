"""How long runs of a task usually take: the middle of the last that went well."""

from statistics import median

from tasks_app.models import TaskRun
from tasks_app.states import Status

_LOOKED_AT = 50
_LEAST = 3


def usual_seconds(run: TaskRun) -> float | None:
    """Give it for the task of this run, where enough of its last runs have succeeded to say."""
    if run.task_id is None:
        return None
    before = TaskRun.objects.filter(task_id=run.task_id, id__lt=run.id).order_by("-id")
    rows = list(before.values_list("status", "started_at", "finished_at")[:_LOOKED_AT])
    took = [
        (end - start).total_seconds() for status, start, end in rows if status == Status.SUCCEEDED and start and end
    ]
    return median(took) if len(took) >= _LEAST else None
