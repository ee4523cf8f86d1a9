"""What bounds and moves the runs of a schedule: start, end, number, spread, jitter."""

from collections.abc import Mapping
from typing import Any

from django.http import QueryDict

from tasks_app.models import ScheduledTask
from tasks_app.web.forms.field import Errors, Field, messages
from tasks_app.web.forms.moments import shown_moment
from tasks_app.web.forms.policies import whole

MOMENTS = {
    "starts_at": ("Not before", "In the task's time zone. Empty: from now on."),
    "ends_at": ("Not after", "Then the task is completed. Empty: no end."),
}
NUMBERS = {
    "max_runs": ("Runs at most", "Then the task is completed. Empty: no end."),
    "spread_seconds": (
        "Spread, in seconds",
        "All runs start later by the same time, up to this: tasks planned for the same minute do not crowd it.",
    ),
    "jitter_seconds": ("Jitter, in seconds", "Each run starts later by a time of its own, up to this."),
}
NAMES = (*MOMENTS, *NUMBERS)
_SHIFTS = ("spread_seconds", "jitter_seconds")


def of(task: ScheduledTask) -> dict[str, str]:
    """Give what a stored task holds, as text."""
    moments = {name: shown_moment(getattr(task, name), task.timezone) for name in MOMENTS}
    numbers = {name: getattr(task, name) for name in NUMBERS}
    return moments | {name: "" if not value else str(value) for name, value in numbers.items()}


def posted(data: QueryDict) -> dict[str, str]:
    """Take what was typed."""
    return {name: str(data.get(name, "")).strip() for name in NAMES}


def read(values: Mapping[str, str]) -> dict[str, Any]:
    """Give the fields of a TaskSpec; what cannot be read stays as typed, for the rules to refuse."""
    moments = {name: values.get(name) or None for name in MOMENTS}
    numbers = {name: whole(values.get(name, "")) for name in NUMBERS}
    return {**moments, **numbers, **{name: numbers[name] or 0 for name in _SHIFTS}}


def fields(values: Mapping[str, str], errors: Errors, *, focus: str = "") -> dict[str, list[Field]]:
    """Give the fields, in two rows."""

    def one(name: str, kind: str, label: str, help: str) -> Field:
        value = values.get(name, "")
        return Field(
            path=name,
            label=label,
            kind=kind,
            value=value,
            help=help,
            attributes={"autofocus": ""} if name == focus else {},
            errors=messages(errors, name, value=value),
        )

    return {
        "moments": [one(name, "moment", *words) for name, words in MOMENTS.items()],
        "numbers": [one(name, "int", *words) for name, words in NUMBERS.items()],
    }
