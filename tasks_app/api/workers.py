"""Workers, for operators: what they report, and asking something of them."""

from datetime import datetime
from typing import Literal

from pydantic import Field

from tasks_app.api.call import Call
from tasks_app.api.endpoint import Endpoint, operation
from tasks_app.api.paging import Page, by_number
from tasks_app.api.parameters import PageQuery
from tasks_app.api.shape import Instant, Out
from tasks_app.models import Worker, db_now
from tasks_app.models.platform import ALIVE
from tasks_app.selectors.operations import WorkerState, require_operator, worker_get, worker_state, workers
from tasks_app.services.workers import worker_ask


class WorkerOut(Out):
    """A worker, as it last reported itself."""

    name: str
    hostname: str
    pid: int
    queues: list[str]
    concurrency: int = Field(description="How many runs it can hold at once: the number of its children.")
    running: int = Field(description="How many it holds now.")
    version: str
    load: float | None = Field(description="Its machine's load average over the last minute.")
    state: WorkerState = Field(
        description="`silent`: no report for 15 s. `gone`: none for 2 minutes. `quiet`: it takes no more runs."
    )
    is_alive: bool = Field(description="It has reported within 15 s and has not stopped.")
    started_at: Instant
    heartbeat_at: Instant
    last_claim_at: Instant | None
    stopped_at: Instant | None
    is_quiet: bool = Field(description="It ends what it has and takes nothing more, as it says itself.")
    wish: Literal["quiet", "stop"] | None = Field(description="What operators ask of it; it obeys within seconds.")
    wished_at: Instant | None
    wished_by: str | None


class WorkerPage(Page[WorkerOut]):
    """Workers, by their last report."""


class WorkerList(Endpoint):
    """All workers of the last week."""

    @operation("worker_list")
    def get(self, call: Call, query: PageQuery) -> WorkerPage:
        """List the workers. For operators."""
        require_operator(call.user)
        now = db_now()
        return WorkerPage(**by_number(call, workers(), query, lambda worker: worker_out(worker, now)))


class WorkerQuiet(Endpoint):
    """Let a worker take nothing more."""

    @operation("worker_quiet")
    def post(self, call: Call, name: str) -> WorkerOut:
        """Ask a worker to end what it has and take nothing more. It obeys within seconds. For operators."""
        return _asked(call, name, Worker.Wish.QUIET)


class WorkerResume(Endpoint):
    """Let a worker take work again."""

    @operation("worker_resume")
    def post(self, call: Call, name: str) -> WorkerOut:
        """Ask a quiet worker to take work again. For operators."""
        return _asked(call, name, Worker.Wish.NONE)


class WorkerStop(Endpoint):
    """Stop a worker."""

    @operation("worker_stop")
    def post(self, call: Call, name: str) -> WorkerOut:
        """Ask a worker to stop in good order, as SIGTERM does. Nothing here starts it again. For operators."""
        return _asked(call, name, Worker.Wish.STOP)


def _asked(call: Call, name: str, wish: Worker.Wish) -> WorkerOut:
    require_operator(call.user)
    return worker_out(worker_ask(worker=worker_get(name), wish=wish, actor=call.actor), db_now())


def worker_out(worker: Worker, now: datetime) -> WorkerOut:
    """Give a worker for the answer."""
    other = {"is_alive", "state", "wish", "wished_by"}
    row = {name: getattr(worker, name) for name in WorkerOut.model_fields if name not in other}
    return WorkerOut(
        **row,
        state=worker_state(worker, now),
        is_alive=worker.stopped_at is None and worker.heartbeat_at >= now - ALIVE,
        wish=worker.wish or None,
        wished_by=worker.wished_by or None,
    )
