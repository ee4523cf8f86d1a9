"""What a monitoring system is told: a few rows of kept figures, and what waits, runs and reports now.

Nothing here counts the history, and nothing tells people or tasks apart, so the number of values has a bound.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db.models import Max

from tasks_app.models import Beat, RollupMark, RunRollup, ScheduledTask, TaskRun, Worker, db_now
from tasks_app.selectors.health import live_workers
from tasks_app.selectors.operations import COUNTED, QueueState, queue_states
from tasks_app.selectors.rollup_spans import EVER_START, Grain
from tasks_app.selectors.task_counts import tasks_by_status
from tasks_app.states import Status

QUEUED_MOST = 50_000
TYPES_MOST = 200
QUEUES_MOST = 100


@dataclass(frozen=True)
class Reading:
    """One look at the platform; ages in seconds, None where there is nothing that has one."""

    types: list[RunRollup]
    figures_age: float | None
    queues: list[QueueState]
    workers: int
    children: int
    beat_age: float | None
    upkeep_age: float | None
    tasks: dict[str, int]
    overdue: float
    needs_person: int


def read_metrics() -> Reading:
    """Look."""
    now = db_now()
    workers = live_workers()
    mark = RollupMark.objects.first()
    late = ScheduledTask.objects.filter(next_due_at__lt=now).order_by("next_due_at").first()
    return Reading(
        types=_types(),
        figures_age=_age(now, mark.counted_to if mark else None),
        queues=queue_states(counted=QUEUED_MOST)[:QUEUES_MOST],
        workers=len(workers),
        children=sum(worker.concurrency for worker in workers),
        beat_age=_age(now, Beat.objects.aggregate(last=Max("last_tick_at"))["last"]),
        upkeep_age=_age(now, Worker.objects.aggregate(last=Max("last_upkeep_at"))["last"]),
        tasks=tasks_by_status(now),
        overdue=_age(now, late.next_due_at if late else None) or 0.0,
        needs_person=TaskRun.objects.filter(status=Status.FAILED, dismissed_at=None).order_by()[:COUNTED].count(),
    )


def _types() -> list[RunRollup]:
    """Give what the runs of each type have come to since the beginning, of the types with most runs."""
    rows = RunRollup.objects.filter(grain=Grain.EVER, start=EVER_START).order_by("-succeeded", "type")
    return sorted(rows[:TYPES_MOST], key=lambda row: row.type)


def _age(now: datetime, then: datetime | None) -> float | None:
    return None if then is None else max(timedelta(0), now - then).total_seconds()
