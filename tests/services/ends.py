"""Every way in which an attempt can end."""

from collections.abc import Callable
from typing import Any

from tasks_app.services import outcomes
from tasks_app.services.outcomes import Failure
from tasks_app.states import Reason


def failure(**fields: Any) -> Failure:
    """Make an ordinary failure."""
    return Failure(**{"reason": Reason.HANDLER_ERROR, "error": "ValueError: no", **fields})


ENDS: dict[str, Callable[[Any], Any]] = {
    "succeeded": lambda held: outcomes.attempt_succeeded(held, result=1),
    "skipped": lambda held: outcomes.attempt_skipped(held, reason="nothing"),
    "cancelled": outcomes.attempt_stopped,
    "handed back": lambda held: outcomes.attempt_handed_back(held, actor="worker:w"),
    "failed": lambda held: outcomes.attempt_failed(held, failure()),
    "crashed": lambda held: outcomes.attempt_crashed(held, actor="upkeep:here", error="gone"),
}
