"""Checks of the policies that people give as small objects: `retry` and `misfire`."""

from collections.abc import Mapping
from typing import Any

from tasks_app.retry import MAX_RETRIES_LIMIT
from tasks_app.services.validation import Problems, check_choice, check_range

DAY_SECONDS = 86_400
_MISFIRE_KEYS = {"policy", "grace_seconds", "window_seconds", "max"}
_RETRY_KEYS = {"base_seconds", "factor", "cap_seconds"}


def checked_misfire(problems: Problems, misfire: object) -> dict[str, Any]:
    """Check a misfire policy; gives what is to be stored."""
    if misfire is None:
        return {}
    if not isinstance(misfire, Mapping):
        problems.add("misfire", "type", "Must be an object.")
        return {}
    for name in set(misfire) - _MISFIRE_KEYS:
        known = "known are policy, grace_seconds, window_seconds and max"
        problems.add(f"misfire.{name}", "unknown", f"There is no such field; {known}.")
    check_choice(problems, "misfire.policy", misfire.get("policy", "latest"), ["skip", "latest", "all"])
    check_range(problems, "misfire.grace_seconds", misfire.get("grace_seconds"), 1, DAY_SECONDS)
    check_range(problems, "misfire.window_seconds", misfire.get("window_seconds"), 1, 366 * DAY_SECONDS)
    check_range(problems, "misfire.max", misfire.get("max"), 1, 1000)
    return {name: value for name, value in misfire.items() if value is not None}


def checked_retry(problems: Problems, retry: object) -> dict[str, Any] | None:
    """Check a `retry` object; gives what is to be stored."""
    if retry is None:
        return None
    if not isinstance(retry, Mapping):
        problems.add("retry", "type", "Must be an object.")
        return None
    if "delays" in retry:
        return _retry_delays(problems, retry)
    for name, value in retry.items():
        if name not in _RETRY_KEYS:
            known = "known are delays, or base_seconds, factor and cap_seconds"
            problems.add(f"retry.{name}", "unknown", f"There is no such field; {known}.")
        elif isinstance(value, bool) or not isinstance(value, int | float) or not 0 < value <= 30 * DAY_SECONDS:
            problems.add(f"retry.{name}", "out_of_range", "Must be a number above 0 and at most 30 days.")
    return dict(retry)


def _retry_delays(problems: Problems, retry: Mapping[str, Any]) -> dict[str, Any]:
    delays = retry["delays"]
    if set(retry) != {"delays"}:
        problems.add("retry", "conflict", "Give either delays or base_seconds, factor and cap_seconds.")
    if not isinstance(delays, list) or not 1 <= len(delays) <= MAX_RETRIES_LIMIT:
        problems.add("retry.delays", "type", f"Must be a list of 1 to {MAX_RETRIES_LIMIT} numbers.")
        return {}
    for number, delay in enumerate(delays):
        if isinstance(delay, bool) or not isinstance(delay, int | float) or not 0 <= delay <= 30 * DAY_SECONDS:
            problems.add(f"retry.delays.{number}", "out_of_range", "Must be seconds, 0 to 30 days.")
    return {"delays": delays}
