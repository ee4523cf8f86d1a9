"""The states of a run and the one table of allowed arrows between them."""

from enum import StrEnum


class Status(StrEnum):
    """Where a run stands."""

    WAITING = "waiting"
    SCHEDULED = "scheduled"
    QUEUED = "queued"
    RUNNING = "running"
    SUCCEEDED = "succeeded"
    FAILED = "failed"
    CANCELLED = "cancelled"
    SKIPPED = "skipped"


class Reason(StrEnum):
    """Why a run stands there; a field of its own beside the status."""

    NONE = ""
    DELAYED = "delayed"
    RETRY = "retry"
    DUE = "due"
    HANDED_BACK = "handed_back"
    RESCUED = "rescued"
    HANDLER_ERROR = "handler_error"
    TIMEOUT = "timeout"
    WORKER_LOST = "worker_lost"
    INVALID_PAYLOAD = "invalid_payload"
    UNKNOWN_TYPE = "unknown_type"
    EFFECT_UNKNOWN = "effect_unknown"
    OVERLAP = "overlap"
    MISSED = "missed"
    PAUSED = "paused"
    LIMIT = "limit"
    DUPLICATE = "duplicate"
    CONDITION = "condition"
    USER = "user"
    REPLACED = "replaced"
    PARENT = "parent"
    SHUTDOWN = "shutdown"


class Trigger(StrEnum):
    """What started a run."""

    SCHEDULE = "schedule"
    MANUAL = "manual"
    API = "api"
    RETRY = "retry"
    BACKFILL = "backfill"
    CONTINUATION = "continuation"
    BATCH = "batch"
    WORKFLOW = "workflow"
    EVENT = "event"


STARTERS = tuple(Trigger(one) for one in ("schedule", "manual", "api", "retry", "backfill", "event"))
GIVEN_REASONS = tuple(one for one in Reason if one not in {Reason.NONE, Reason.PARENT})
"""What starts runs, and why they stand where they do, so far: no filter offers the words kept for what is to come."""


class TaskStatus(StrEnum):
    """Where a task stands; deletion is a tombstone beside it."""

    ACTIVE = "active"
    PAUSED = "paused"
    COMPLETED = "completed"
    CANCELLED = "cancelled"


class TaskKind(StrEnum):
    """How often a task runs by itself."""

    ONCE = "once"
    RECURRING = "recurring"
    MANUAL = "manual"


FINAL = frozenset({Status.SUCCEEDED, Status.FAILED, Status.CANCELLED, Status.SKIPPED})
OPEN = frozenset(Status) - FINAL

ARROWS: dict[Status, frozenset[Status]] = {
    Status.WAITING: frozenset({Status.QUEUED, Status.SCHEDULED, Status.CANCELLED, Status.SKIPPED}),
    Status.SCHEDULED: frozenset({Status.QUEUED, Status.CANCELLED, Status.SKIPPED}),
    Status.QUEUED: frozenset({Status.RUNNING, Status.CANCELLED, Status.SKIPPED}),
    Status.RUNNING: frozenset(
        {Status.QUEUED, Status.SCHEDULED, Status.SUCCEEDED, Status.FAILED, Status.CANCELLED, Status.SKIPPED}
    ),
    **dict.fromkeys(FINAL, frozenset()),
}


def can_move(source: Status, target: Status) -> bool:
    """Say whether a run may go from `source` to `target`."""
    return target in ARROWS[source]
