"""Queues: how much waits in each, and holding them."""

from typing import Any

from pydantic import Field

from tasks_app.api.call import Call
from tasks_app.api.endpoint import Endpoint, operation
from tasks_app.api.paging import Page, by_number
from tasks_app.api.parameters import PageQuery
from tasks_app.api.run_shapes import NoteIn
from tasks_app.api.shape import Instant, Out
from tasks_app.selectors.operations import QueueState, queue_get, queue_state, queue_states, require_operator
from tasks_app.services.queues import queue_pause, queue_resume


class QueueOut(Out):
    """A queue, and what waits in it: everybody's runs count."""

    name: str
    description: str
    rank: int = Field(description="Lower is served first.")
    is_background: bool = Field(description="Never takes a worker's last free child.")
    is_paused: bool
    paused_at: Instant | None
    paused_by: str | None
    pause_note: str | None = Field(
        description="Why it is paused, in the words of whoever paused it, or changed them since."
    )
    queued: int = Field(description="Runs that wait, counted to 1,001 at most.")
    running: int
    oldest_queued_at: Instant | None
    oldest_age_seconds: float | None
    workers: int = Field(description="Live workers that serve it.")


class QueuePage(Page[QueueOut]):
    """Queues, in the order in which they are served."""


class QueueList(Endpoint):
    """All queues."""

    @operation("queue_list")
    def get(self, call: Call, query: PageQuery) -> QueuePage:
        """List the queues."""
        return QueuePage(**by_number(call, queue_states(), query, queue_out))


class QueuePause(Endpoint):
    """Hold a queue."""

    @operation("queue_pause")
    def post(self, call: Call, body: NoteIn, name: str) -> QueueOut:
        """Let the queue's runs wait; those that run go on. For operators. Of a paused queue a `note` that is given
        changes its note, and nothing else."""
        require_operator(call.user)
        note = body.note if "note" in body.model_fields_set else None
        return queue_out(queue_state(queue_pause(queue=queue_get(name), actor=call.actor, note=note)))


class QueueResume(Endpoint):
    """Let a queue go on."""

    @operation("queue_resume")
    def post(self, call: Call, name: str) -> QueueOut:
        """Let the queue's runs go on. For operators."""
        require_operator(call.user)
        return queue_out(queue_state(queue_resume(queue=queue_get(name), actor=call.actor)))


def queue_out(state: QueueState) -> QueueOut:
    """Give a queue for the answer."""
    queue = state.queue
    row: dict[str, Any] = {name: getattr(queue, name) for name in ("name", "description", "rank", "is_background")}
    return QueueOut(
        **row,
        is_paused=queue.paused_at is not None,
        paused_at=queue.paused_at,
        paused_by=queue.paused_by or None,
        pause_note=queue.pause_note or None,
        queued=state.queued,
        running=state.running,
        oldest_queued_at=state.oldest_queued_at,
        oldest_age_seconds=state.oldest_age_seconds,
        workers=state.workers,
    )
