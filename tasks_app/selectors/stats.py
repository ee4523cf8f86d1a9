"""Figures about runs, for the API: those that ended within a span, and those that are open now."""

import uuid
from dataclasses import dataclass
from datetime import datetime

from tasks_app.models import db_now
from tasks_app.selectors.access import Person
from tasks_app.selectors.rollup_rows import Choice
from tasks_app.selectors.rollup_runs import MOST
from tasks_app.selectors.rollups import Figures, whole_and_types
from tasks_app.states import FINAL, OPEN, Status

_LONGEST = 5


@dataclass(frozen=True)
class RunSpan:
    """Runs that ended from `start` until `end`, of one type or task where given."""

    start: datetime
    end: datetime
    type: str = ""
    task: uuid.UUID | None = None


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
    by_type: dict[str, Figures]


@dataclass(frozen=True)
class LongRun:
    """A run that is under way."""

    run: str
    task: str | None
    type: str
    started_at: datetime
    seconds: float


def run_stats(user: Person, span: RunSpan) -> RunStats:
    """Count the runs that the user may see: by how they ended within the span, and those that are open now."""
    choice = Choice(user, type=span.type, task=span.task)
    found, of_types = whole_and_types(choice, span.start, span.end)
    counts = {status.value: getattr(found, status.value) for status in Status if status in FINAL}
    is_complete = found.is_complete
    for status in Status:
        if status in OPEN:
            count = choice.runs().filter(status=status).order_by()[: MOST + 1].count()
            is_complete = is_complete and count <= MOST
            counts[status.value] = min(count, MOST)
    return RunStats(
        counts={status.value: counts[status.value] for status in Status},
        total=sum(counts.values()),
        is_complete=is_complete,
        success_rate=found.success_rate,
        mean_ms=found.mean_ms,
        p95_ms=found.p95_ms,
        retries=found.retries,
        by_type=of_types,
    )


def longest_running(user: Person, span: RunSpan) -> list[LongRun]:
    """The runs that have been going on for longest now, whenever they were made."""
    choice = Choice(user, type=span.type, task=span.task)
    runs = choice.runs().filter(status=Status.RUNNING, started_at__isnull=False)
    now = db_now()
    rows = runs.order_by("started_at", "id").values_list("id", "task_id", "type", "started_at")[:_LONGEST]
    return [
        LongRun(str(run), str(task) if task else None, kind, at, max(0.0, (now - at).total_seconds()))
        for run, task, kind, at in rows
        if at is not None
    ]
