"""Sources that sum up runs: what fails, and what each worker does. Each person's own runs only; staff see all."""

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

from django.db.models import Avg, Count, DurationField, ExpressionWrapper, F, Max, Q, QuerySet, Sum
from pydantic import Field

from tasks_app.kinds.report_window import QueueNames, TypeNames, Window
from tasks_app.kinds.sources import Column, Scope, report_source
from tasks_app.models import TaskRun
from tasks_app.selectors.access import sees_all, visible_runs
from tasks_app.selectors.health import live_workers
from tasks_app.selectors.operations import workers as reported_workers
from tasks_app.states import Status

_WEEK = 24 * 7
_ENDED = (Status.SUCCEEDED, Status.FAILED)
_FAILED = Q(status=Status.FAILED)


class ActivityFilters(Window):
    """Which runs are summed up; without a window those of the last seven days."""

    default_hours = _WEEK

    type: TypeNames = Field([], title="Task type", description="None chosen means all.")
    queue: QueueNames = Field([], description="None chosen means all.")

    def runs(self, scope: Scope) -> QuerySet[TaskRun]:
        """The runs that the owner of the report may see, of the window."""
        runs = self.narrow(visible_runs(scope.user), scope.at).order_by()
        runs = runs.filter(type__in=self.type) if self.type else runs
        return runs.filter(queue__in=self.queue) if self.queue else runs


def _rounded(digits: int) -> Callable[[Any], Any]:
    return lambda value: None if value is None else round(value, digits)


def _seconds(value: timedelta | None) -> float:
    return 0.0 if value is None else max(0.0, round(value.total_seconds(), 3))


FAILURE_COLUMNS = (
    "type",
    "failed",
    "ended",
    Column("failed_share", convert=_rounded(4)),
    "affected_tasks",
    "last_failed_at",
    "last_error",
    "last_reason",
    "last_run",
)

WORKER_COLUMNS = (
    "worker",
    "runs",
    "succeeded",
    "failed",
    Column("busy_seconds", convert=_seconds),
    Column("mean_run_seconds", convert=_seconds),
    "last_claim_at",
    "is_alive",
)


@report_source("failures_by_type", title="Failures by type", columns=FAILURE_COLUMNS, filters=ActivityFilters)
def failures_by_type(scope: Scope, filters: ActivityFilters) -> list[dict[str, Any]]:
    """One row for each type with a failed run, the most failures first."""
    runs = filters.runs(scope).filter(status__in=_ENDED)
    failed = Count("id", filter=_FAILED)
    counted = runs.values("type").annotate(
        ended=Count("id"), failed=failed, affected_tasks=Count("task_id", filter=_FAILED, distinct=True)
    )
    found = counted.filter(failed__gt=0).order_by("-failed", "type")
    return [{**row, "failed_share": row["failed"] / row["ended"], **_latest(runs, row["type"])} for row in found]


def _latest(runs: QuerySet[TaskRun], kind: str) -> dict[str, Any]:
    columns = ("id", "finished_at", "error", "reason")
    latest = runs.filter(_FAILED, type=kind).order_by("-finished_at", "-id").values_list(*columns).first()
    run, at, error, reason = latest or (None, None, "", "")
    return {"last_run": run, "last_failed_at": at, "last_error": error, "last_reason": reason}


@report_source("worker_activity", title="Worker activity", columns=WORKER_COLUMNS, filters=ActivityFilters)
def worker_activity(scope: Scope, filters: ActivityFilters) -> list[dict[str, Any]]:
    """One row for each worker, by name: of its runs those that the owner may see.

    Staff also see workers that have run nothing, and when a worker last claimed any run at all.
    """
    alive = {worker.name for worker in live_workers()}
    rows = {row["worker"]: {**row, "is_alive": row["worker"] in alive} for row in _sums(filters.runs(scope))}
    if sees_all(scope.user):
        for worker in reported_workers():
            row = rows.setdefault(worker.name, _idle(worker.name, worker.name in alive))
            row["last_claim_at"] = _later(row["last_claim_at"], worker.last_claim_at)
    return [rows[name] for name in sorted(rows)]


def _sums(runs: QuerySet[TaskRun]) -> list[dict[str, Any]]:
    time = ExpressionWrapper(F("finished_at") - F("started_at"), output_field=DurationField())
    ended = Q(status__in=_ENDED, started_at__isnull=False)
    found = (
        runs.exclude(worker="")
        .values("worker")
        .annotate(
            runs=Count("id"),
            succeeded=Count("id", filter=Q(status=Status.SUCCEEDED)),
            failed=Count("id", filter=_FAILED),
            busy_seconds=Sum(time, filter=ended),
            mean_run_seconds=Avg(time, filter=ended),
            last_claim_at=Max("started_at"),
        )
    )
    return [{**row} for row in found]


def _idle(name: str, is_alive: bool) -> dict[str, Any]:
    counts = {"runs": 0, "succeeded": 0, "failed": 0, "busy_seconds": None, "mean_run_seconds": None}
    return {"worker": name, **counts, "last_claim_at": None, "is_alive": is_alive}


def _later(one: datetime | None, other: datetime | None) -> datetime | None:
    return max(one, other) if one and other else one or other
