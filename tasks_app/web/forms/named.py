"""Objects under names of people's own: rows, each with its name.

Forms number the rows; payloads and faults name them.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from tasks_app.errors import FieldError
from tasks_app.web.forms.shape import Shape

NAME = "__name"
"""The control of a row that holds its name."""


def numbered(
    schema: Mapping[str, Any], payload: Any, errors: Mapping[str, Sequence[FieldError]]
) -> dict[str, list[FieldError]]:
    """Give the faults of a payload at the rows in which a form shows them."""
    found = {path: list(faults) for path, faults in errors.items()}
    return _below(Shape(schema, schema), payload, found, "payload")


def _below(shape: Shape, value: Any, errors: dict[str, list[FieldError]], path: str) -> dict[str, list[FieldError]]:
    if shape.kind == "named" and isinstance(value, Mapping):
        errors = _renamed(list(value), errors, path)
    for step, inner, part in _parts(shape, value):
        errors = _below(inner, part, errors, f"{path}.{step}")
    return errors


def _parts(shape: Shape, value: Any) -> list[tuple[str, Shape, Any]]:
    if shape.kind == "named" and isinstance(value, Mapping):
        return [(str(n), shape.values, inner) for n, inner in enumerate(value.values())]
    if shape.kind == "list" and isinstance(value, list):
        return [(str(n), shape.items, inner) for n, inner in enumerate(value)]
    if shape.kind == "variant" and isinstance(value, Mapping):
        shape = shape.variants.get(str(value.get(shape.tag)), shape)
    if not isinstance(value, Mapping):
        return []
    return [(name, inner, value[name]) for name, inner in shape.properties.items() if name in value]


def _renamed(names: list[str], errors: dict[str, list[FieldError]], path: str) -> dict[str, list[FieldError]]:
    found: dict[str, list[FieldError]] = {}
    for at, faults in errors.items():
        found.setdefault(_placed(at, names, path), []).extend(faults)
    return found


def _placed(at: str, names: list[str], path: str) -> str:
    if at.removeprefix(f"{path}.").endswith(f".{NAME}"):  # which the form itself has found
        return at
    for name in sorted(names, key=len, reverse=True):  # a name may hold a dot, and begin another one
        place = f"{path}.{name}"
        if at == place or at.startswith(f"{place}."):
            return f"{path}.{names.index(name)}{at.removeprefix(place)}"
    return at
