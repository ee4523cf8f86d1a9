"""Fields whose shape another field tells, as a report tells which filters there are: `x-by` in a schema."""

from collections.abc import Mapping
from typing import Any

from django.http import QueryDict

from tasks_app.web.forms.shape import Shape

TOLD = "__by"
"""The control that says for what a field was drawn."""
_STRUCTURED = ("group", "list")


def told_in(shape: Shape, posted: QueryDict, path: str) -> dict[str, str]:
    """Give what a form says of the fields that tell; where such a field is fixed and not sent, what was drawn."""
    telling = {name: inner.told_by for name, inner in shape.properties.items() if inner.told_by}
    return {by: str(posted.get(f"{path}.{by}") or drawn_for(posted, f"{path}.{name}")) for name, by in telling.items()}


def drawn_for(posted: QueryDict, path: str) -> str:
    """Say for what a field was drawn in the form that was sent."""
    return str(posted.get(f"{path}.{TOLD}", ""))


def is_plain(told: Shape, posted: QueryDict, path: str) -> bool:
    """Say whether a form gives the whole value in one control, because nothing had told the shape."""
    return told.kind in _STRUCTURED and path in posted


def fitting(shape: Shape, value: Any) -> Any:
    """Give of a value what fits a shape for which it was not typed."""
    if shape.kind == "group" and isinstance(value, Mapping):
        known = {name: inner for name, inner in shape.properties.items() if name in value}
        kept = {name: fitting(inner, value[name]) for name, inner in known.items()}
        return {name: one for name, one in kept.items() if one not in (None, [])}
    if shape.kind in ("list", "choices") and isinstance(value, list) and shape.items.enum is not None:
        return [one for one in value if one in shape.items.enum]
    return value if shape.enum is None or value in shape.enum else None


def is_lost(shape: Shape, posted: QueryDict, path: str) -> bool:
    """Say whether something is given in a form for which the shape has no field."""
    steps = {
        name.removeprefix(f"{path}.").partition(".")[0]
        for name in posted
        if name.startswith(f"{path}.") and any(str(raw).strip() for raw in posted.getlist(name))
    }
    return shape.kind == "group" and any(not one.startswith("__") for one in steps - shape.properties.keys())
