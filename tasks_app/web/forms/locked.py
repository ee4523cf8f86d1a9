"""Fields of a payload that an administrator has fixed: shown with their value, and not to be changed."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from tasks_app.errors import FieldError
from tasks_app.handlers.locks import Locked, without_locked
from tasks_app.web.forms.field import Field

HELP = "An administrator has fixed this."


def lock(fields: Sequence[Field], locked: Locked) -> list[Field]:
    """Give the fields with the fixed ones switched off; a browser sends nothing of those."""
    return [_lock(field, {f"payload.{path}" for path in locked}) for field in fields] if locked else list(fields)


def take_out(payload: Mapping[str, Any], errors: dict[str, list[FieldError]], locked: Locked) -> dict[str, Any]:
    """Give what was posted without the fixed fields, of which a form says nothing, and forget their faults."""
    for path in locked:
        for place in [one for one in errors if one == f"payload.{path}" or one.startswith(f"payload.{path}.")]:
            del errors[place]
    return without_locked(payload, locked)


def _lock(field: Field, paths: set[str]) -> Field:
    if field.path in paths:
        return replace(field, attributes={**field.attributes, "disabled": "disabled"}, help=HELP)
    inside = sorted(path.removeprefix(f"{field.path}.") for path in paths if path.startswith(f"{field.path}."))
    if inside and not field.children:
        return replace(field, help=f"{field.help} Fixed by an administrator: {', '.join(inside)}.".strip())
    return replace(field, children=[_lock(child, paths) for child in field.children]) if field.children else field
