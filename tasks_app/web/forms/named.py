"""Objects under names of people's own: rows, each with its name.

Forms number the rows; payloads and faults name them.
"""

from collections.abc import Container, Mapping, Sequence, Sized
from typing import Any

from tasks_app.errors import FieldError
from tasks_app.web.forms.shape import Shape

NAME = "__name"
"""The control of a row that holds its name."""
_DIGITS = 10


def numbered(
    schema: Mapping[str, Any], payload: Any, errors: Mapping[str, Sequence[FieldError]]
) -> dict[str, list[FieldError]]:
    """Give the faults of a payload at the rows in which a form shows them."""
    found: dict[str, list[FieldError]] = {}
    root, places = Shape(schema, schema), _Places()
    for at, faults in errors.items():
        found.setdefault(places.of(root, payload, at), []).extend(faults)
    return found


class _Places:
    """Where faults stand. The names of each object are looked at once, however many faults there are."""

    def __init__(self) -> None:
        self._names: dict[int, tuple[list[str], dict[str, int]]] = {}

    def of(self, shape: Shape, value: Any, at: str) -> str:
        """Give the place of a fault, with numbers for the names on its way."""
        path, _, rest = at.partition(".")
        if at.endswith(f".{NAME}") or path != "payload":  # which the form itself has found, or says nothing of rows
            return at
        while rest and isinstance(value, list | Mapping):
            step, rest, shape, value = self._inside(shape, value, rest)
            path = f"{path}.{step}"
        return f"{path}.{rest}" if rest else path

    def _inside(self, shape: Shape, value: Any, rest: str) -> tuple[str, str, Shape, Any]:
        """Go one step further inside: how a form calls it, what of the way is left, and what lies there."""
        step, _, left = rest.partition(".")
        if shape.kind == "named" and isinstance(value, Mapping):
            names, numbers = self._names.setdefault(id(value), _numbers(value))
            name = _longest(rest, numbers)
            if name is not None:
                return str(numbers[name]), rest[len(name) + 1 :], shape.values, value[name]
            inner = value[names[int(step)]] if _is_place(step, names) else None
            return step, left, shape.values, inner
        if shape.kind == "list" and isinstance(value, list):
            return step, left, shape.items, value[int(step)] if _is_place(step, value) else None
        if shape.kind == "variant" and isinstance(value, Mapping):
            shape = shape.variants.get(shape.tag_of(value), shape)
        members = shape.members(value) if isinstance(value, Mapping) else {}
        return step, left, members.get(step, shape), value.get(step) if step in members else None


def parts(shape: Shape, value: Any) -> list[tuple[str, Shape, Any]]:
    """Give what lies one step inside of a value, by the steps that a form takes: rows have numbers there."""
    if shape.kind == "named" and isinstance(value, Mapping):
        return [(str(n), shape.values, inner) for n, inner in enumerate(value.values())]
    if shape.kind == "list" and isinstance(value, list):
        return [(str(n), shape.items, inner) for n, inner in enumerate(value)]
    if shape.kind == "variant" and isinstance(value, Mapping):
        shape = shape.variants.get(shape.tag_of(value), shape)
    if not isinstance(value, Mapping):
        return []
    return [(name, inner, value[name]) for name, inner in shape.members(value).items() if name in value]


def _numbers(value: Mapping[str, Any]) -> tuple[list[str], dict[str, int]]:
    names = list(value)
    return names, {name: number for number, name in enumerate(names)}


def _longest(rest: str, names: Container[str]) -> str | None:
    """Find the name with which a way begins: one may hold a dot, and begin another one."""
    name = rest
    while name not in names:
        name, dot, _ = name.rpartition(".")
        if not dot:
            return None
    return name


def _is_place(step: str, rows: Sized) -> bool:
    return step.isascii() and step.isdigit() and len(step) < _DIGITS and int(step) < len(rows)
