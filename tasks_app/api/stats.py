"""How the platform is doing, in numbers."""

from datetime import timedelta

from pydantic import Field

from tasks_app.api.call import Call
from tasks_app.api.endpoint import Endpoint, operation
from tasks_app.api.parameters import Identifier, Moment, Word
from tasks_app.api.queues import QueueOut, queue_out
from tasks_app.api.shape import Instant, Out, Shape
from tasks_app.errors import Invalid
from tasks_app.models import db_now
from tasks_app.selectors.operations import queue_states
from tasks_app.selectors.rollup_runs import MOST
from tasks_app.selectors.rollups import Figures
from tasks_app.selectors.stats import RunSpan, longest_running, run_stats

_DEFAULT_SPAN = timedelta(days=1)


class StatsQuery(Shape):
    """Which runs are counted: those that ended from `from` to `to` (the last 24 hours, if left out)."""

    from_: Moment | None = Field(None, alias="from")
    to: Moment | None = None
    type: Word = ""
    task: Identifier | None = None

    def span(self) -> RunSpan:
        """Give the same for the selector."""
        end = self.to or db_now()
        start = self.from_ or end - _DEFAULT_SPAN
        if start >= end:
            raise Invalid.at("to", "out_of_range", "Must be after from.")
        return RunSpan(start, end, type=self.type, task=self.task)


class Running(Out):
    """A run that has been going on for long."""

    run: str
    task: str | None
    type: str
    started_at: Instant
    seconds: float


class TypeStats(Out):
    """How the runs of a type ended in the span."""

    succeeded: int
    failed: int
    cancelled: int
    skipped: int
    retries: int
    success_rate: float | None
    mean_ms: float | None
    p95_ms: int | None
    longest_ms: int | None


class Stats(Out):
    """Figures about the caller's runs, and about the queues."""

    from_: Instant = Field(alias="from")
    to: Instant
    counts: dict[str, int] = Field(
        description="Runs by status: those that ended in the span, and of each other status those that have it now."
    )
    total: int
    is_complete: bool = Field(
        description=f"False when there were more than {MOST} of one open status, or not in any figures yet."
    )
    success_rate: float | None = Field(description="Succeeded, of those that succeeded or failed.")
    mean_ms: float | None = Field(description="Mean run time of those that succeeded or failed.")
    p95_ms: int | None = Field(description="The run time that 95 of 100 did not exceed, told from classes of run time.")
    retries: int
    by_type: dict[str, TypeStats] = Field(description="Those that ended in the span, by task type.")
    longest_running: list[Running]
    queues: list[QueueOut]


class StatsView(Endpoint):
    """Figures."""

    @operation("stats")
    def get(self, call: Call, query: StatsQuery) -> Stats:
        """Count runs by status, with success rate, run times and retries; tell the longest running and the queues."""
        span = query.span()
        found = vars(run_stats(call.user, span))
        found["by_type"] = {name: _type_stats(figures) for name, figures in found["by_type"].items()}
        running = [Running(**vars(one)) for one in longest_running(call.user, span)]
        queues = [queue_out(state) for state in queue_states()]
        return Stats(from_=span.start, to=span.end, longest_running=running, queues=queues, **found)


def _type_stats(figures: Figures) -> TypeStats:
    return TypeStats(**{name: getattr(figures, name) for name in TypeStats.model_fields})
