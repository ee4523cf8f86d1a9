"""From a schema and a payload to fields: every kind of shape has its own small way of being drawn."""

from collections.abc import Container, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from tasks_app.handlers.masking import MASK
from tasks_app.web.forms.choices import with_options
from tasks_app.web.forms.field import Errors, Field, messages, messages_below
from tasks_app.web.forms.many import LISTED, MOST_OF_ONE, WRITTEN, in_json
from tasks_app.web.forms.named import NAME
from tasks_app.web.forms.offered import label_of, make_link, offered
from tasks_app.web.forms.pick import Picker, pick_attributes, with_names
from tasks_app.web.forms.sayable import in_one_line
from tasks_app.web.forms.shape import MOST_LEVELS, PICK, Shape
from tasks_app.web.forms.shown import shown
from tasks_app.web.forms.ways import in_ways, ways_of
from tasks_app.web.words import singular

_LIMITS = {
    "minimum": "min",
    "maximum": "max",
    "minLength": "minlength",
    "maxLength": "maxlength",
    "pattern": "pattern",
}
NEW = "__new"
"""The mark in place of a number, with the level of its list behind it: rows are in rows."""
_DEEP = f"It lies more than {MOST_LEVELS} levels deep, so it is written as JSON."
_MANY = (
    f"More than {MOST_OF_ONE} rows would be slow as fields, so they are written as JSON, one in each line. "
    f"Leave {MASK} where it stands to keep a secret."
)
_UNSAYABLE = (
    "Something here could not be told apart in lines, such as a line end within a value, so it is written as JSON. "
    f"Leave {MASK} where it stands to keep a secret."
)
_MOST_SAID = 20
_UNSAID = "What you typed is not shown again; type it once more."
_COUNTED = {
    "lines": ("Line",),
    "rows": ("Line", "value"),
    "cells": ("Value",),
    "json-rows": ("Row",),
    "choices": ("Choice",),
}
_ONE_LINE = frozenset({"text", "email", "url", "scalar", "date", "time", "datetime", "int", "number"})
_WHOLE = frozenset({"json", "json-rows", "lines", "map", "choices", "scalar", "cells", "rows"})


def draw_payload(  # noqa: PLR0913  # what a form is made of
    schema: Mapping[str, Any],
    payload: Mapping[str, Any],
    errors: Errors,
    *,
    owner: Any = None,
    editor: Any = None,
    as_json: Mapping[str, bool] | None = None,
) -> list[Field]:
    """Give the fields of a payload, with its values and the errors at their places.

    `owner` is whose it is; `editor`, where that is another, chooses among what is theirs too. `as_json` says what the
    form that was sent has had as JSON.
    """
    schema = with_options(schema, owner, editor)
    root, drawing = Shape(schema, schema), _Drawing(errors, in_json(schema, payload, as_json))
    if root.kind == "group":
        return with_names(drawing.members(root, payload, "payload"), Picker(owner, editor))
    if not schema.get("properties") and schema.get("additionalProperties") is False:
        return []
    label = _label(root.properties[root.tag], root.tag) if root.tag in root.properties else "Payload"
    return with_names([drawing.draw(root, payload, "payload", label, is_required=False)], Picker(owner, editor))


def _label(shape: Shape, name: str) -> str:
    return label_of(name, str(shape.schema.get("title") or ""))


@dataclass(frozen=True)
class _Drawing:
    """What is the same for all fields of a form: the errors, and the places of what is written as JSON."""

    errors: Errors
    as_json: Container[str] = field(default_factory=frozenset)

    def members(self, shape: Shape, value: Any, path: str) -> list[Field]:
        """Draw the fields of an object."""
        given, ways = value if isinstance(value, Mapping) else {}, ways_of(shape, path)
        needed: set[str] = set().union(*(one.needs for one in ways))
        telling = {inner.told_by for inner in shape.properties.values()}
        fields = []
        for name, inner in shape.members(given).items():
            is_required = name in needed or (name in shape.required and not inner.is_nullable)
            held = given.get(name, inner.default)
            drawn = self.draw(inner, held, f"{path}.{name}", _label(inner, name), is_required=is_required)
            fields.append(_told(replace(drawn, tells=name in telling), shape, name, given))
        return in_ways(fields, ways, given)

    def draw(self, shape: Shape, value: Any, path: str, label: str, *, is_required: bool) -> Field:
        """Draw one field."""
        kind = self._kind(shape, value, path)
        children = [] if kind == "json-rows" else self._children(shape, value, path, label)
        is_optional = kind == "group" and shape.is_nullable
        return Field(
            path=path,
            label=label,
            kind=kind,
            value=value is not None if is_optional else shown(kind, value),
            help=_help(shape, kind, value),
            is_required=is_required,
            choices=offered(shape, value, is_required=is_required),
            attributes=_attributes(shape, kind, path),
            errors=self._errors(shape, kind, path),
            children=children,
            link=make_link(shape.items if kind == "choices" else shape),
            blank=self._blank(shape, kind, path, label),
            is_kept=value == MASK if kind == "secret" else None,
        )

    def _kind(self, shape: Shape, value: Any, path: str) -> str:
        if path in self.as_json and shape.kind in WRITTEN:
            return "json-rows"
        if shape.kind in _ONE_LINE and isinstance(value, str) and value != in_one_line(value):
            return "textarea"
        if not shape.is_told and not value:
            return "untold"
        return "empty" if shape.kind == "group" and not shape.properties else shape.kind

    def _errors(self, shape: Shape, kind: str, path: str) -> list[str]:
        if kind == "variant":  # the choice of which is the field itself
            return messages(self.errors, path) + messages(self.errors, f"{path}.{shape.tag}")
        if kind in _WHOLE:
            found = messages_below(self.errors, path, counted=_COUNTED.get(kind, ()))
            more = len(found) - _MOST_SAID if kind == "json-rows" else 0
            return found if more <= 0 else [*found[:_MOST_SAID], f"And {more:,} more like these."]
        return messages(self.errors, path)

    def _children(self, shape: Shape, value: Any, path: str, label: str) -> list[Field]:
        if shape.kind == "group":
            return self.members(shape, value, path)
        if shape.kind == "list":
            # A list that may not be empty begins with what there must be at least.
            least = [None] if shape.resolved.get("minItems") and not shape.is_nullable else []
            rows = value if isinstance(value, list) else least
            return [
                self._row(shape.items, row, f"{path}.{n}", f"{singular(label)} {n + 1}") for n, row in enumerate(rows)
            ]
        if shape.kind == "named":
            named = value.items() if isinstance(value, Mapping) else ()
            return [self._named(shape.values, row, f"{path}.{n}", name) for n, (name, row) in enumerate(named)]
        if shape.kind == "variant":
            chosen = shape.variants.get(shape.tag_of(value))
            fields = self.members(chosen, value, path) if chosen else []
            return [one for one in fields if one.path != f"{path}.{shape.tag}"]
        return []

    def _row(self, shape: Shape, value: Any, path: str, label: str) -> Field:
        if shape.kind == "group":
            children, faults = self.members(shape, value, path), messages(self.errors, path)
        else:  # which is a field of its own, and shows its own errors
            children, faults = [self.draw(shape, value, path, label, is_required=not shape.is_nullable)], []
        origin = {"from": path.rpartition(".")[2]}
        return Field(path=path, label=label, kind="row", errors=faults, children=children, attributes=origin)

    def _named(self, shape: Shape, value: Any, path: str, name: str) -> Field:
        row, at = self._row(shape, value, path, name or "this one"), f"{path}.{NAME}"
        first = Field(path=at, label="Name", value=name, is_required=True, errors=messages(self.errors, at))
        return replace(row, children=[first, *row.children])

    def _blank(self, shape: Shape, kind: str, path: str, label: str) -> Field | None:
        """Give the row that a script adds, with a mark in the place of its number."""
        if kind not in ("list", "named"):
            return None
        inner = shape.items if kind == "list" else shape.values
        at, bare = f"{path}.{NEW}{inner.level}", _Drawing({})
        row = bare._row(inner, None, at, singular(label)) if kind == "list" else bare._named(inner, None, at, "")
        return replace(row, attributes={"from": "", "mark": f"{NEW}{inner.level}"})


def _told(drawn: Field, shape: Shape, name: str, given: Mapping[str, Any]) -> Field:
    """Let a field whose shape another one tells say for what it was drawn, or what to choose first."""
    by = shape.properties[name].told_by
    if drawn.kind == "untold":
        first = _label(shape.properties[by], by) if by in shape.properties else by
        return replace(drawn, help=f"{drawn.help} Choose under “{first}” first; then they stand here.".strip())
    return (
        replace(drawn, attributes={"by": str(given.get(by, ""))}) if by and drawn.kind in ("group", "list") else drawn
    )


def _help(shape: Shape, kind: str, value: Any) -> str:
    words = str(shape.schema.get("description") or shape.resolved.get("description") or "")
    if kind == "json-rows":
        return f"{words} {_MANY if shape.kind in LISTED else _UNSAYABLE}".strip()
    if shape.is_deep:
        return f"{words} {_DEEP}".strip()
    if kind == "pick":
        return f"{words} Give its name, or its id.".strip()
    if kind == "secret" and value not in (None, "", MASK, shape.default):
        return f"{words} {_UNSAID}".strip()
    return words


def _attributes(shape: Shape, kind: str, path: str) -> dict[str, str]:
    node = shape.resolved
    if kind == "variant":
        return {"name": f"{path}.{shape.tag}"}
    if kind in ("choice", "json-rows"):
        return {}
    if kind == "pick":
        return pick_attributes(str(node[PICK]))
    found = {html: str(node[name]) for name, html in _LIMITS.items() if name in node}
    if kind == "number":
        found["step"] = "any"
    examples = shape.schema.get("examples") or node.get("examples")
    if examples and isinstance(examples[0], str | int | float):
        found["placeholder"] = str(examples[0])
    return found
