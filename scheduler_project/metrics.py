"""`/metrics`: the platform in numbers, in the text format of Prometheus. For others than those it is meant for, it does
not exist."""

import secrets
from collections.abc import Iterator

from django.conf import settings
from django.db import DatabaseError, InterfaceError, connection
from django.http import Http404, HttpRequest, HttpResponse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe
from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, HistogramMetricFamily, Metric
from prometheus_client.registry import Collector

from tasks_app.models.rollup import BOUNDS_MS
from tasks_app.selectors.access import is_operator
from tasks_app.selectors.health import briefly, first_line
from tasks_app.selectors.metrics import Reading, read_metrics
from tasks_app.selectors.operations import QueueState
from tasks_app.selectors.run_sums import COUNTS

_LIMITS = [*(f"{bound / 1000:g}" for bound in BOUNDS_MS), "+Inf"]


@never_cache
@require_safe
def metrics(request: HttpRequest) -> HttpResponse:
    """Answer whoever has METRICS_TOKEN, and operators."""
    if not (_has_token(request) or is_operator(request.user)):
        raise Http404
    try:
        with briefly():
            reading = read_metrics()
    except (DatabaseError, InterfaceError) as fault:
        connection.close()
        return HttpResponse(f"the database does not answer: {first_line(fault)}\n", "text/plain", 503)
    registry = CollectorRegistry(auto_describe=False)
    registry.register(_Once(reading))
    return HttpResponse(generate_latest(registry), CONTENT_TYPE_LATEST)


def _has_token(request: HttpRequest) -> bool:
    scheme, _, given = request.headers.get("Authorization", "").partition(" ")
    token = str(settings.METRICS_TOKEN)
    return bool(token) and scheme.lower() == "bearer" and secrets.compare_digest(given.strip().encode(), token.encode())


class _Once(Collector):
    """Gives one reading."""

    def __init__(self, reading: Reading) -> None:
        self._reading = reading

    def collect(self) -> Iterator[Metric]:
        """Give all values."""
        yield from _of_types(self._reading)
        yield from _of_queues(self._reading.queues)
        yield from _of_platform(self._reading)


def _of_types(reading: Reading) -> Iterator[Metric]:
    runs = CounterMetricFamily("carillon_runs", "Runs that have ended.", labels=["type", "status"])
    retries = CounterMetricFamily("carillon_run_retries", "Attempts that followed a first one.", labels=["type"])
    text = "Run time of the last attempt of runs that succeeded or failed."
    times = HistogramMetricFamily("carillon_run_seconds", text, labels=["type"])
    for row in reading.types:
        for status in COUNTS:
            runs.add_metric([row.type, status], getattr(row, status))
        retries.add_metric([row.type], row.retries)
        counts = row.classes or [0] * len(_LIMITS)
        below = [sum(counts[: at + 1]) for at in range(len(_LIMITS))]
        times.add_metric([row.type], list(zip(_LIMITS, below, strict=True)), row.total_ms / 1000)
    yield from (runs, retries, times)


def _of_queues(states: list[QueueState]) -> Iterator[Metric]:
    values = {
        "carillon_queue_depth": "Runs that wait in a queue, counted to 50000.",
        "carillon_queue_oldest_waiting_seconds": "How long the oldest run of a queue has waited.",
        "carillon_queue_running": "Runs of a queue that are under way.",
        "carillon_queue_workers": "Workers that serve a queue and report themselves.",
        "carillon_queue_paused": "Whether a queue is held by an operator.",
    }
    families = [GaugeMetricFamily(name, text, labels=["queue"]) for name, text in values.items()]
    for state in states:
        is_paused = state.queue.paused_at is not None
        told = (state.queued, state.oldest_age_seconds or 0.0, state.running, state.workers, is_paused)
        for family, value in zip(families, told, strict=True):
            family.add_metric([state.queue.name], float(value))
    yield from families


def _of_platform(reading: Reading) -> Iterator[Metric]:
    tasks = GaugeMetricFamily("carillon_tasks", "Tasks, by status.", labels=["status"])
    for status, count in reading.tasks.items():
        tasks.add_metric([status], count)
    yield tasks
    values = {
        "carillon_workers_alive": ("Workers that report themselves.", reading.workers),
        "carillon_worker_children": ("Processes of these that can run something.", reading.children),
        "carillon_beat_last_tick_age_seconds": ("Since a beat has ticked.", reading.beat_age),
        "carillon_upkeep_last_round_age_seconds": ("Since a round of upkeep was whole.", reading.upkeep_age),
        "carillon_figures_age_seconds": ("How far the counters of runs are behind.", reading.figures_age),
        "carillon_overdue_seconds": ("For how long the oldest due task has not been fired.", reading.overdue),
        "carillon_runs_needing_person": ("Failed runs that nobody has dismissed, to 1001.", reading.needs_person),
    }
    for name, (text, value) in values.items():
        if value is not None:
            yield GaugeMetricFamily(name, text, value=value)
