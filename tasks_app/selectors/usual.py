"""How long runs of a task usually take: the middle of the last that went well."""

from collections.abc import Iterable
from statistics import median
from uuid import UUID

from tasks_app.models import TaskRun
from tasks_app.selectors.task_list import StripRun, strip_runs
from tasks_app.states import Status

_LOOKED_AT = 50
_LEAST = 3


def usual_seconds(run: TaskRun) -> float | None:
    """Give it for the task of this run, where enough of its last runs have succeeded to say."""
    if run.task_id is None:
        return None
    before = TaskRun.objects.filter(task_id=run.task_id, id__lt=run.id).order_by("-id")
    return _middle(before.only("status", "started_at", "finished_at")[:_LOOKED_AT])


def usual_of(task_ids: Iterable[UUID]) -> dict[UUID, float | None]:
    """Give it for some tasks that the reader may see, in as many queries as for one."""
    return {task_id: _middle(runs) for task_id, runs in strip_runs(sorted(set(task_ids))).items()}


def _middle(runs: Iterable[TaskRun | StripRun]) -> float | None:
    took = [
        (run.finished_at - run.started_at).total_seconds()
        for run in runs
        if run.status == Status.SUCCEEDED and run.started_at and run.finished_at
    ]
    return median(took) if len(took) >= _LEAST else None
