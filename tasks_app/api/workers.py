"""Workers, for operators."""

from pydantic import Field

from tasks_app.api.call import Call
from tasks_app.api.endpoint import Endpoint, operation
from tasks_app.api.paging import Page, by_number
from tasks_app.api.parameters import PageQuery
from tasks_app.api.shape import Instant, Out
from tasks_app.models import Worker, db_now
from tasks_app.models.platform import ALIVE
from tasks_app.selectors.operations import require_operator, workers


class WorkerOut(Out):
    """A worker, as it last reported itself."""

    name: str
    hostname: str
    pid: int
    queues: list[str]
    concurrency: int
    running: int
    version: str
    is_alive: bool = Field(description="It has reported within 15 s and has not stopped.")
    started_at: Instant
    heartbeat_at: Instant
    last_claim_at: Instant | None
    stopped_at: Instant | None


class WorkerPage(Page[WorkerOut]):
    """Workers, by their last report."""


class WorkerList(Endpoint):
    """All workers of the last week."""

    @operation("worker_list")
    def get(self, call: Call, query: PageQuery) -> WorkerPage:
        """List the workers. For operators."""
        require_operator(call.user)
        live_since = db_now() - ALIVE

        def build(worker: Worker) -> WorkerOut:
            fields = {name: getattr(worker, name) for name in WorkerOut.model_fields if name != "is_alive"}
            return WorkerOut(**fields, is_alive=worker.stopped_at is None and worker.heartbeat_at >= live_since)

        return WorkerPage(**by_number(call, workers(), query, build))
