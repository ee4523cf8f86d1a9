"""Payloads: who may see one, and which types people may use."""

from typing import Any

from django.contrib.auth.models import User

from tasks_app.errors import Invalid
from tasks_app.handlers import registry
from tasks_app.models import ScheduledTask, TaskRun
from tasks_app.selectors.payloads import masked_payload
from tasks_app.services.audit import shows_payload
from tasks_app.services.borrowing import check_calendar
from tasks_app.services.payloads import meant_payload
from tasks_app.services.validation import Problems, check_line

_MOST_TAGS = 20


def shown_payload(user: User, thing: ScheduledTask | TaskRun) -> dict[str, Any]:
    """Give `payload`, its secrets masked, and `payload_hidden`: that of a sensitive type is for its owner alone."""
    is_hidden = not shows_payload(user, thing)
    return {"payload": None if is_hidden else masked_payload(thing), "payload_hidden": is_hidden}


def meant_changes(user: User, task: ScheduledTask, changes: dict[str, Any]) -> dict[str, Any]:
    """Give the changes with the task's own secrets in place of their masks.

    Raises Invalid where they name what the user may not use.
    """
    check_calendar(user, task, changes.get("calendar"))
    if not {"payload", "type"} & changes.keys() or not isinstance(changes.get("payload", {}), dict):
        return changes
    payload = meant_payload(user, task, changes.get("payload", task.payload), type_name=changes.get("type"))
    return {**changes, "payload": payload} if "payload" in changes else changes


def meant_override(user: User, thing: ScheduledTask | TaskRun, payload: dict[str, Any] | None) -> dict[str, Any] | None:
    """Give a payload for one run with the stored secrets in place of their masks."""
    return None if payload is None else meant_payload(user, thing, payload)


def check_type(name: str) -> None:
    """Refuse the platform's own types, which no person may start."""
    try:
        is_internal = registry.get(name).internal
    except KeyError:  # the service names it at its field, with all the other faults
        return
    if is_internal:
        raise Invalid.at("type", "unknown", "There is no such task type; GET /api/task-types lists them.")


def checked_tags(tags: list[str]) -> tuple[str, ...]:
    """Check the tags of a run that has no task."""
    problems = Problems()
    if len(tags) > _MOST_TAGS:
        problems.add("tags", "too_many", f"At most {_MOST_TAGS} tags.")
    kept = [check_line(problems, f"tags.{number}", tag, most=50) for number, tag in enumerate(tags[:_MOST_TAGS])]
    if problems:
        raise Invalid("The tags were not accepted; see the fields.", fields=problems.fields)
    return tuple(dict.fromkeys(kept))
