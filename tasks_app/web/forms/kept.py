"""What of a form goes into a payload: what is stored stays as it is, and what says nothing is left out."""

from typing import Any

from tasks_app.web.forms.shape import Shape

ABSENT = object()
"""Nothing is there: nothing stored, or nothing to store."""
NOTHING: tuple[Any, ...] = (None, "", [], {})


def settled(shape: Shape, value: Any, stored: Any, *, is_required: bool) -> Any:
    """Give what a member of an object is to hold, where a form says `value`.

    A null stays where it is stored, and says "nothing" where something has to be said. What is not stored is left out
    where it is the default, or where there is none and the form says nothing.
    """
    if value is ABSENT:
        is_null = stored is None and shape.is_free
        return None if is_null or (shape.is_nullable and (stored is None or is_required)) else ABSENT
    if stored is not ABSENT or is_required:
        return value
    if "default" in shape.schema:
        return ABSENT if value == shape.default and type(value) is type(shape.default) else value
    return ABSENT if value is False or value in NOTHING else value


def idle(shape: Shape, stored: Any) -> Any:
    """Give what stays of a member that stands in a way which is not chosen: what says nothing, as it is stored."""
    return stored if stored in NOTHING and stored == shape.default else ABSENT
