"""From a schema and a payload to fields: every kind of shape has its own small way of being drawn."""

import json
from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import datetime
from typing import Any

from django.utils import timezone

from tasks_app.handlers.masking import MASK
from tasks_app.web.forms.cells import as_cells, as_rows
from tasks_app.web.forms.choices import LENT, MAKE, with_options
from tasks_app.web.forms.field import Choice, Errors, Field, Link, messages, messages_below
from tasks_app.web.forms.named import NAME
from tasks_app.web.forms.shape import MOST_LEVELS, Shape

_LIMITS = {
    "minimum": "min",
    "maximum": "max",
    "minLength": "minlength",
    "maxLength": "maxlength",
    "pattern": "pattern",
}
_ACRONYMS = frozenset({"api", "csv", "html", "http", "id", "json", "jsonl", "sql", "tls", "uri", "url", "xlsx"})
NEW = "__new"
"""The mark in place of a number, with the level of its list behind it: rows are in rows."""
_DEEP = f"It lies more than {MOST_LEVELS} levels deep, so it is written as JSON."
_UNSAID = "What you typed is not shown again; type it once more."
_COUNTED = {"lines": ("Line",), "rows": ("Line", "value"), "cells": ("Value",)}
_WHOLE = frozenset({"json", "lines", "map", "choices", "scalar", "cells", "rows"})


def draw_payload(
    schema: Mapping[str, Any], payload: Mapping[str, Any], errors: Errors, *, owner: Any = None, editor: Any = None
) -> list[Field]:
    """Give the fields of a payload, with its values and the errors at their places.

    `owner` is whose it is; `editor`, where that is another, chooses among what is theirs too.
    """
    schema = with_options(schema, owner, editor)
    root = Shape(schema, schema)
    if root.kind == "group":
        return _members(root, payload, errors, "payload")
    if not schema.get("properties") and schema.get("additionalProperties") is False:
        return []
    label = _label(root.properties[root.tag], root.tag) if root.tag in root.properties else "Payload"
    return [_draw(root, payload, errors, "payload", label, is_required=False)]


def _members(shape: Shape, value: Any, errors: Errors, path: str) -> list[Field]:
    given = value if isinstance(value, Mapping) else {}
    return [
        _draw(
            inner,
            given.get(name, inner.default),
            errors,
            f"{path}.{name}",
            _label(inner, name),
            is_required=name in shape.required,
        )
        for name, inner in shape.properties.items()
    ]


def _label(shape: Shape, name: str) -> str:
    """The title that a person wrote; pydantic's own is the name in Title Case, which shouts."""
    words = name.replace("_", " ")
    title = str(shape.schema.get("title") or words)
    if title.lower() != words.lower():
        return title
    spelt = " ".join(word.upper() if word in _ACRONYMS else word for word in words.split())
    return spelt[:1].upper() + spelt[1:]


def _draw(  # noqa: PLR0913  # what a field is made of
    shape: Shape, value: Any, errors: Errors, path: str, label: str, *, is_required: bool
) -> Field:
    kind = shape.kind
    show: Callable[[Any], Any] = _SHOW.get(kind, _text)
    return Field(
        path=path,
        label=label,
        kind=kind,
        value=bool(value is not None) if kind == "group" and shape.is_nullable else show(value),
        help=_help(shape, value),
        is_required=is_required and not shape.is_nullable,
        choices=_choices(shape, value, is_required=is_required),
        attributes={"name": f"{path}.{shape.tag}"} if kind == "variant" else _attributes(shape),
        errors=_errors(shape, errors, path),
        children=_children(shape, value, errors, path, label),
        link=_link(shape.items if kind == "choices" else shape),
        blank=_blank(shape, path, label),
        is_kept=value == MASK if kind == "secret" else None,
    )


def _help(shape: Shape, value: Any) -> str:
    words = str(shape.schema.get("description") or shape.resolved.get("description") or "")
    if shape.is_deep:
        return f"{words} {_DEEP}".strip()
    if shape.kind == "secret" and value not in (None, "", MASK, shape.default):
        return f"{words} {_UNSAID}".strip()
    return words


def _errors(shape: Shape, errors: Errors, path: str) -> list[str]:
    if shape.kind == "variant":  # the choice of which is the field itself
        return messages(errors, path) + messages(errors, f"{path}.{shape.tag}")
    if shape.kind in _WHOLE:
        return messages_below(errors, path, counted=_COUNTED.get(shape.kind, ()))
    return messages(errors, path)


def _children(shape: Shape, value: Any, errors: Errors, path: str, label: str) -> list[Field]:
    if shape.kind == "group":
        return _members(shape, value, errors, path)
    if shape.kind == "list":
        # A list that may not be empty begins with what there must be at least.
        least = [None] if shape.resolved.get("minItems") and not shape.is_nullable else []
        rows = value if isinstance(value, list) else least
        return [_row(shape.items, row, errors, f"{path}.{n}", f"{label} {n + 1}") for n, row in enumerate(rows)]
    if shape.kind == "named":
        named = value.items() if isinstance(value, Mapping) else ()
        return [_named(shape.values, row, errors, f"{path}.{n}", name) for n, (name, row) in enumerate(named)]
    if shape.kind == "variant":
        chosen = shape.variants.get(_tag(shape, value))
        fields = _members(chosen, value, errors, path) if chosen else []
        return [one for one in fields if one.path != f"{path}.{shape.tag}"]
    return []


def _row(shape: Shape, value: Any, errors: Errors, path: str, label: str) -> Field:
    if shape.kind == "group":
        children, faults = _members(shape, value, errors, path), messages(errors, path)
    else:  # which is a field of its own, and shows its own errors
        children, faults = [_draw(shape, value, errors, path, label, is_required=True)], []
    origin = {"from": path.rpartition(".")[2]}
    return Field(path=path, label=label, kind="row", errors=faults, children=children, attributes=origin)


def _blank(shape: Shape, path: str, label: str) -> Field | None:
    """Give the row that a script adds, with a mark in the place of its number."""
    if shape.kind not in ("list", "named"):
        return None
    inner = shape.items if shape.kind == "list" else shape.values
    at = f"{path}.{NEW}{inner.level}"
    row = _row(inner, None, {}, at, label) if shape.kind == "list" else _named(inner, None, {}, at, "")
    return replace(row, attributes={"from": "", "mark": f"{NEW}{inner.level}"})


def _named(shape: Shape, value: Any, errors: Errors, path: str, name: str) -> Field:
    row = _row(shape, value, errors, path, name or "this one")
    at = f"{path}.{NAME}"
    first = Field(path=at, label="Name", value=name, is_required=True, errors=messages(errors, at))
    return replace(row, children=[first, *row.children])


def _tag(shape: Shape, value: Any) -> str:
    given = value.get(shape.tag) if isinstance(value, Mapping) else None
    return str(given) if given is not None else "" if shape.is_nullable else next(iter(shape.variants), "")


def _choices(shape: Shape, value: Any, *, is_required: bool) -> list[Choice]:
    if shape.kind == "variant":
        blank = [Choice("", "–")] if shape.is_nullable else []
        chosen = _tag(shape, value)
        labels = {name: str(one.resolved.get("x-label") or _words(name)) for name, one in shape.variants.items()}
        gone = [Choice(chosen, f"{chosen} (gone)", True)] if chosen and chosen not in labels else []
        return [*blank, *gone, *(Choice(name, label, name == chosen) for name, label in labels.items())]
    if shape.kind == "tristate":
        named = (("", "–", None), ("true", "Yes", True), ("false", "No", False))
        return [Choice(text, label, value is meaning) for text, label, meaning in named]
    if shape.kind == "choice":
        return _owned(shape, value, is_required=is_required)
    if shape.kind == "choices":
        return _several(shape.items, value if isinstance(value, list) else [])
    return _enum(shape, value, is_required=is_required) if shape.kind == "enum" else []


def _enum(shape: Shape, value: Any, *, is_required: bool) -> list[Choice]:
    needs_blank = shape.is_nullable or (is_required and shape.default is None and len(shape.enum or ()) > 1)
    blank = [Choice("", "–" if shape.is_nullable else "Choose…", value is None)] if needs_blank else []
    return blank + [Choice(str(one), _words(one), one == value) for one in shape.enum or ()]


def _owned(shape: Shape, value: Any, *, is_required: bool) -> list[Choice]:
    """A select of what the owner has; what is stored and has gone stays, and says so."""
    chosen = _text(value)
    known = [Choice(name, label, name == chosen) for name, label in shape.options]
    word = "the owner's" if shape.resolved.get(LENT) else "gone"
    gone = [] if not chosen or any(one.is_chosen for one in known) else [Choice(chosen, f"{chosen} ({word})", True)]
    if is_required and chosen and not shape.is_nullable:
        return gone + known
    asks = "Choose…" if is_required and known else "None yet" if is_required else "–"
    return [Choice("", asks, not chosen), *gone, *known]


def _several(shape: Shape, value: list[Any]) -> list[Choice]:
    """Boxes, any number of which may be checked."""
    if shape.kind != "choice":
        return [Choice(str(one), _words(one), one in value) for one in shape.enum or ()]
    chosen = [_text(one) for one in value]
    known = [Choice(name, label, name in chosen) for name, label in shape.options]
    names = {one.value for one in known}
    word = "the owner's" if shape.resolved.get(LENT) else "gone"
    return [Choice(name, f"{name} ({word})", True) for name in dict.fromkeys(chosen) if name not in names] + known


def _link(shape: Shape) -> Link | None:
    make = str(shape.resolved.get(MAKE, ""))
    return Link(make, "You have none yet. Add one") if make and not shape.options else None


def _words(value: object) -> str:
    text = str(value)
    if text in _ACRONYMS:
        return text.upper()
    return text.replace("_", " ").capitalize() if text.islower() else text


def _attributes(shape: Shape) -> dict[str, str]:
    node = shape.resolved
    if shape.kind == "choice":
        return {}
    found = {html: str(node[name]) for name, html in _LIMITS.items() if name in node}
    if shape.kind == "number":
        found["step"] = "any"
    examples = shape.schema.get("examples") or node.get("examples")
    if examples and isinstance(examples[0], str | int | float):
        found["placeholder"] = str(examples[0])
    return found


def _text(value: Any) -> str:
    return "" if value is None else value if isinstance(value, str) else json.dumps(value)


def _json(value: Any) -> str:
    return "" if value is None else value if isinstance(value, str) else json.dumps(value, indent=2, ensure_ascii=False)


def _lines(value: Any) -> str:
    return "\n".join(_text(item) for item in value) if isinstance(value, list) else _text(value)


def _map(value: Any) -> str:
    if not isinstance(value, Mapping):
        return _text(value)
    return "\n".join(f"{name}: {_text(item)}" for name, item in value.items())


def _flag(value: Any) -> bool:
    return bool(value)


def _datetime(value: Any) -> str:
    try:
        moment = datetime.fromisoformat(str(value))
    except ValueError:
        return _text(value)
    local = timezone.localtime(moment) if timezone.is_aware(moment) else moment
    return local.strftime("%Y-%m-%dT%H:%M:%S" if local.second else "%Y-%m-%dT%H:%M")


_SHOW: dict[str, Callable[[Any], Any]] = {
    "json": _json,
    "lines": _lines,
    "map": _map,
    "cells": as_cells,
    "rows": as_rows,
    "datetime": _datetime,
    "bool": _flag,
    "secret": lambda _value: "",
    "group": lambda _value: None,
    "list": lambda value: len(value) if isinstance(value, list) else 0,
    "named": lambda value: len(value) if isinstance(value, Mapping) else 0,
}
