"""Figures about runs. Their cost is bounded: of a longer span, the newest runs stand for all."""

import uuid
from collections import Counter
from dataclasses import dataclass
from datetime import datetime
from math import ceil

from django.db.models import QuerySet

from tasks_app.models import TaskRun, db_now
from tasks_app.models.ids import first_id_at
from tasks_app.selectors.access import Person, visible_runs
from tasks_app.states import Status

MOST = 20_000
_LONGEST = 5
_TIMED = (Status.SUCCEEDED, Status.FAILED)
_COLUMNS = ("status", "started_at", "finished_at", "failures", "crashes")


@dataclass(frozen=True)
class RunSpan:
    """Runs made from `start` until `end`, of one type or task where given."""

    start: datetime
    end: datetime
    type: str = ""
    task: uuid.UUID | None = None

    def narrow(self, runs: QuerySet[TaskRun]) -> QuerySet[TaskRun]:
        """Keep those of the type and the task."""
        runs = runs.filter(type=self.type) if self.type else runs
        return runs.filter(task_id=self.task) if self.task else runs


@dataclass(frozen=True)
class RunStats:
    """What the runs of a span come to; times are those of runs that succeeded or failed, in milliseconds."""

    counts: dict[str, int]
    total: int
    is_complete: bool
    success_rate: float | None
    mean_ms: float | None
    p95_ms: int | None
    retries: int


@dataclass(frozen=True)
class LongRun:
    """A run that is under way."""

    run: str
    task: str | None
    type: str
    started_at: datetime
    seconds: float


def run_stats(user: Person, span: RunSpan) -> RunStats:
    """Count the runs of a span that the user may see, at most the newest 20,000."""
    made = visible_runs(user).filter(id__gte=first_id_at(span.start), id__lt=first_id_at(span.end))
    rows = list(span.narrow(made).order_by("-id").values_list(*_COLUMNS)[: MOST + 1])
    kept = rows[:MOST]
    counts = Counter(status for status, *_ in kept)
    ended = counts[Status.SUCCEEDED] + counts[Status.FAILED]
    times = sorted(_milliseconds(start, end) for status, start, end, *_ in kept if status in _TIMED and start and end)
    return RunStats(
        counts={status.value: counts[status.value] for status in Status},
        total=len(kept),
        is_complete=len(rows) <= MOST,
        success_rate=counts[Status.SUCCEEDED] / ended if ended else None,
        mean_ms=round(sum(times) / len(times), 1) if times else None,
        p95_ms=times[ceil(len(times) * 0.95) - 1] if times else None,
        retries=sum(max(0, failed + crashed - (status == Status.FAILED)) for status, _, _, failed, crashed in kept),
    )


def longest_running(user: Person, span: RunSpan) -> list[LongRun]:
    """The runs that have been going on for longest now, whenever they were made."""
    runs = span.narrow(visible_runs(user).filter(status=Status.RUNNING, started_at__isnull=False))
    now = db_now()
    rows = runs.order_by("started_at", "id").values_list("id", "task_id", "type", "started_at")[:_LONGEST]
    return [
        LongRun(str(run), str(task) if task else None, kind, at, max(0.0, (now - at).total_seconds()))
        for run, task, kind, at in rows
        if at is not None
    ]


def _milliseconds(start: datetime, end: datetime) -> int:
    return max(0, round((end - start).total_seconds() * 1000))
