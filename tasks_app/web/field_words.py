"""Fields before and after a change, in the words of the forms: for versions of tasks and for the audit log."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from tasks_app.handlers import registry
from tasks_app.models import CalendarPolicy, OnExhausted, Overlap, ScheduledTask
from tasks_app.services.planning import recurrence_of
from tasks_app.web.forms.offered import label_of

_WORDS = {
    "max_runs": "At most so many runs",
    "jitter_seconds": "Jitter, in seconds",
    "spread_seconds": "Spread over, in seconds",
    "starts_at": "Not before",
    "ends_at": "Not after",
    "calendar_policy": "On a day off",
    "timezone": "Time zone",
    "max_retries": "Retries",
    "retry": "Time between attempts",
    "timeout_seconds": "Time limit of each run, in seconds",
    "soft_timeout_seconds": "Soft time limit, in seconds",
    "overlap": "While an earlier run has not ended",
    "misfire": "After an outage",
    "on_exhausted": "When no retry is left",
    "pause_after_failures": "Pause after so many failures in a row",
    "notify_on_failure": "Mail when a run has failed for good",
}
_CHOICES: dict[str, dict[str, str]] = {
    "overlap": dict(Overlap.choices),
    "on_exhausted": dict(OnExhausted.choices),
    "calendar_policy": dict(CalendarPolicy.choices),
}


@dataclass(frozen=True)
class Difference:
    """One field, before and after; None where there was or is nothing."""

    name: str
    before: str | None
    after: str | None


def label(name: str) -> str:
    """Name a field as its form does."""
    own = name.removeprefix("payload.")
    if own != name:
        return label_of(own, _title(own))
    words = name.replace("_", " ")
    return _WORDS.get(name, words[:1].upper() + words[1:])


def _title(name: str) -> str:
    """The title of a payload's field; none where task types differ in it, for an entry does not say of which it is."""
    found = {one.payload.model_fields[name].title for one in registry.all() if name in one.payload.model_fields}
    return (found.pop() or "") if len(found) == 1 else ""


def value(values: Mapping[str, Any], name: str, zone: str = "") -> str | None:
    """Say what a field holds; None where it is not told of. `zone` is the task's, where the values do not name one."""
    if name not in values:
        return None
    found = values[name]
    if name == "schedule" and isinstance(found, dict):
        return _schedule(found, values.get("timezone") or zone)
    words = _CHOICES.get(name, {}).get(found) if isinstance(found, str) else None
    return words or _said(found)


def _schedule(stored: dict[str, Any], zone: str) -> str:
    """Say when it is; as it stands there where it cannot be read any more, or nobody knows on which clock."""
    try:
        rule = recurrence_of(ScheduledTask(schedule=stored, timezone=zone)) if zone else None
    except ValueError:
        rule = None
    return rule.describe() if rule else _said(stored)


def _said(value: Any) -> str:
    """Say a value as a person would write it down: a list in a row, an object line by line."""
    if value in (None, "", [], {}):
        return "nothing"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, list) and not any(isinstance(one, list | dict) for one in value):
        return ", ".join(_said(one) for one in value)
    if isinstance(value, dict) and not any(isinstance(one, list | dict) for one in value.values()):
        return "\n".join(f"{key.replace('_', ' ')}: {_said(one)}" for key, one in value.items())
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, indent=1)
