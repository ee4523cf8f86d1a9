"""A payload as people see it."""

from typing import Any

from pydantic import BaseModel

from tasks_app.handlers import registry
from tasks_app.handlers.masking import masked
from tasks_app.models import ScheduledTask, TaskRun


def model_of(type_name: str) -> type[BaseModel] | None:
    """The payload class of a type; None where its code has gone."""
    try:
        return registry.get(type_name).payload
    except KeyError:
        return None


def is_same_type(name: str, other: str) -> bool:
    """Say whether two names are those of one type, under an alias perhaps."""
    try:
        return name == other or registry.get(name) is registry.get(other)
    except KeyError:
        return False


def masked_payload(thing: ScheduledTask | TaskRun) -> dict[str, Any]:
    """The payload of a task or run with its secrets masked. Ask `shows_payload` first."""
    found: dict[str, Any] = masked(model_of(thing.type), thing.payload)
    return found
