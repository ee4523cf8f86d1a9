"""How long runs of a task usually take: the middle of the last that went well."""

from collections.abc import Iterable
from statistics import median
from uuid import UUID

from tasks_app.models import TaskRun
from tasks_app.selectors.last_runs import strip_runs
from tasks_app.states import Status

_LOOKED_AT = 50
_LEAST = 3


def usual_seconds(run: TaskRun) -> float | None:
    """Give it for the task of this run, where enough of its last runs have succeeded to say."""
    if run.task_id is None:
        return None
    before = TaskRun.objects.filter(task_id=run.task_id, id__lt=run.id).order_by("-id")
    rows = before.only("status", "started_at", "finished_at")[:_LOOKED_AT]
    return usual_among(rows)


def usual_among(runs: Iterable[TaskRun]) -> float | None:
    """Give it by these runs, where enough of them have succeeded to say."""
    return _middle((run.status, _took(run)) for run in runs)


def usual_of(task_ids: Iterable[UUID]) -> dict[UUID, float | None]:
    """Give it for some tasks that the reader may see, in as many queries as for one."""
    found = strip_runs(sorted(set(task_ids)))
    return {task_id: _middle((run.status, run.seconds) for run in runs) for task_id, runs in found.items()}


def _took(run: TaskRun) -> float | None:
    return (run.finished_at - run.started_at).total_seconds() if run.started_at and run.finished_at else None


def _middle(ended: Iterable[tuple[str, float | None]]) -> float | None:
    took = [seconds for status, seconds in ended if status == Status.SUCCEEDED and seconds is not None]
    return median(took) if len(took) >= _LEAST else None
