"""The policies that hold for a task, in words: its own, and those that its type gives where it says nothing."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from tasks_app.models import ScheduledTask
from tasks_app.retry import RetryPolicy, policy_from_json
from tasks_app.selectors.spans import whole_seconds
from tasks_app.services import planning
from tasks_app.web import words
from tasks_app.web.forms.policies import MISFIRES

_DELAYS = 5


@dataclass(frozen=True)
class Policy:
    """One of them; `is_types` where the task leaves it to its type."""

    label: str
    value: str
    is_types: bool = False


@dataclass(frozen=True)
class Policies:
    """Those that everybody looks for, and the finer ones; `is_own` says that the task has set one of these itself."""

    main: list[Policy]
    finer: list[Policy]
    is_own: bool


def policies_of(task: ScheduledTask) -> Policies:
    """Say what holds for the next run of a task, as it would be made now."""
    names = ("max_retries", "retry", "soft_timeout_seconds", "timeout_seconds")
    own = {name: getattr(task, name) for name in names}
    held = planning.policies(task.type, payload=task.payload, **own)
    is_types = {name: value is None for name, value in own.items()}
    # A list of delays says how many there are, too.
    is_types["max_retries"] = task.max_retries is None and "delays" not in (task.retry or {})
    return Policies(
        [
            Policy("While an earlier run has not ended", task.get_overlap_display()),
            *_after_outage(task),
            Policy("Retries", str(held["max_retries"]), is_types["max_retries"]),
            Policy("Time limit", _limit(held["timeout_seconds"]), is_types["timeout_seconds"]),
            Policy("When no retry is left", _exhausted(task)),
        ],
        [
            *_between(held, is_types=is_types["retry"]),
            Policy("Soft time limit", _limit(held["soft_timeout_seconds"]), is_types["soft_timeout_seconds"]),
            *_missed(task),
            Policy("Pauses by itself", _pauses(task.pause_after_failures)),
        ],
        is_own=task.retry is not None
        or task.soft_timeout_seconds is not None
        or task.pause_after_failures is not None
        or any(name != "policy" for name in task.misfire),
    )


def _after_outage(task: ScheduledTask) -> list[Policy]:
    if task.schedule is None:
        return []
    return [Policy("After an outage", MISFIRES.get(task.misfire_policy["policy"], ""))]


def _missed(task: ScheduledTask) -> list[Policy]:
    """Only where there is something to miss; how many, and how old, counts only where each is run."""
    if task.schedule is None:
        return []
    policy = task.misfire_policy
    found = [Policy("A run counts as missed", f"when it is more than {_span(policy['grace_seconds'])} late")]
    if policy["policy"] == "all":
        window = policy["window_seconds"]
        age = "however old" if window is None else f"none older than {_span(window)}"
        found.append(Policy("Missed runs to run", f"{policy['max']} at most, {age}"))
    return found


def _exhausted(task: ScheduledTask) -> str:
    return f"{task.get_on_exhausted_display()}{', and mail the owner' if task.notify_on_failure else ''}"


def _between(held: Mapping[str, Any], *, is_types: bool) -> list[Policy]:
    if not held["max_retries"]:
        return []
    return [Policy("Between attempts", _waits(policy_from_json(held["retry"])), is_types)]


def _waits(policy: RetryPolicy) -> str:
    if policy.delays:
        more = ", …" if len(policy.delays) > _DELAYS else ""
        said = ", ".join(map(_span, policy.delays[:_DELAYS])) + more
        return f"{said}; the last one repeats" if len(policy.delays) > 1 else said
    first, most = _span(policy.base_seconds), _span(policy.cap_seconds)
    return f"by chance, up to {first} at first, {policy.factor:g} times that after each failure, {most} at most"


def _limit(seconds: int | None) -> str:
    return _span(seconds) if seconds else "none"


def _pauses(failures: int | None) -> str:
    return f"after {words.plural(failures, 'failure')} in a row" if failures else "never"


def _span(seconds: float) -> str:
    return whole_seconds(seconds) if seconds == int(seconds) else words.duration(seconds)
