"""The platform's own health as a report, for staff."""

from collections.abc import Iterator
from datetime import datetime
from enum import StrEnum
from typing import Annotated, Any

from pydantic import Field

from tasks_app.handlers.payload import Payload
from tasks_app.kinds.report_window import Listed
from tasks_app.kinds.sources import Column, Scope, report_source
from tasks_app.models import Beat, Worker
from tasks_app.selectors import health, liveness
from tasks_app.selectors.broker import broker
from tasks_app.selectors.operations import COUNTED, QueueState, queue_states
from tasks_app.selectors.operations import workers as reported_workers


class Area(StrEnum):
    """The parts of the platform."""

    DATABASE = "database"
    BROKER = "broker"
    BEAT = "beat"
    WORKERS = "workers"
    QUEUES = "queues"


class HealthFilters(Payload):
    """Which parts of the platform."""

    area: Annotated[list[Area], Listed] = Field([], description="None chosen means all.")
    only_problems: bool = Field(False, title="Only problems", description="Leave out what is well.")


def _rounded(value: float | None) -> float | None:
    return None if value is None else round(value, 1)


HEALTH_COLUMNS = (
    "area",
    "name",
    "ok",
    "detail",
    "queued",
    "running",
    Column("oldest_age_seconds", convert=_rounded),
    "last_seen_at",
)


@report_source(
    "platform_health", title="Platform health", columns=HEALTH_COLUMNS, filters=HealthFilters, staff_only=True
)
def platform_health(scope: Scope, filters: HealthFilters) -> list[dict[str, Any]]:
    """One row for each finding, worker and queue, as they are when the report is made."""
    wanted = set(filters.area or Area)
    rows = [row for area, found in _AREAS.items() if area in wanted for row in found()]
    return [row for row in rows if not (filters.only_problems and row["ok"])]


def _row(area: Area, name: str, ok: bool, detail: str, **more: Any) -> dict[str, Any]:
    figures = {"queued": None, "running": None, "oldest_age_seconds": None, "last_seen_at": None}
    return {"area": area.value, "name": name, "ok": ok, "detail": detail, **figures, **more}


def _finding(area: Area, found: health.Finding, seen_at: datetime | None = None) -> dict[str, Any]:
    return _row(area, found.name, found.ok, found.detail, last_seen_at=seen_at)


def _database() -> Iterator[dict[str, Any]]:
    yield _finding(Area.DATABASE, health.database())
    yield _finding(Area.DATABASE, health.migrations())


def _broker() -> Iterator[dict[str, Any]]:
    yield _finding(Area.BROKER, broker())


def _beat() -> Iterator[dict[str, Any]]:
    ticks = Beat.objects.order_by("-last_tick_at").values_list("last_tick_at", flat=True)
    yield _finding(Area.BEAT, health.beat(), ticks.first())
    yield _finding(Area.BEAT, health.schedule())


def _workers() -> Iterator[dict[str, Any]]:
    """What a worker that was stopped in good order says is no problem, unless its queues are left alone."""
    yield _finding(Area.WORKERS, health.workers())
    yield _finding(Area.WORKERS, liveness.claims())
    yield _finding(Area.WORKERS, liveness.upkeep())
    alive = {worker.name for worker in health.live_workers()}
    for worker in reported_workers():
        is_alive = worker.name in alive
        yield _row(
            Area.WORKERS,
            worker.name,
            is_alive or worker.stopped_at is not None,
            _worker_words(worker, is_alive),
            running=worker.running if is_alive else 0,
            last_seen_at=worker.heartbeat_at,
        )


def _worker_words(worker: Worker, is_alive: bool) -> str:
    if is_alive:
        return f"{worker.running} of {worker.concurrency} children busy; serves {', '.join(worker.queues)}"
    return "stopped" if worker.stopped_at else "fell silent"


def _queues() -> Iterator[dict[str, Any]]:
    for state in queue_states():
        figures = {"queued": state.queued, "running": state.running, "oldest_age_seconds": state.oldest_age_seconds}
        is_served = state.workers > 0 or state.queue.paused_at is not None
        yield _row(Area.QUEUES, state.queue.name, is_served, _queue_words(state), **figures)


def _queue_words(state: QueueState) -> str:
    if state.queue.paused_at is not None:
        return f"paused by {state.queue.paused_by or 'somebody'}"
    served = "1 worker serves it" if state.workers == 1 else f"{state.workers} workers serve it"
    return f"{served}; {COUNTED - 1:,} or more wait" if state.queued >= COUNTED else served


_AREAS = {
    Area.DATABASE: _database,
    Area.BROKER: _broker,
    Area.BEAT: _beat,
    Area.WORKERS: _workers,
    Area.QUEUES: _queues,
}
