"""Shape: a JSON Schema node with its references resolved, and the kind of control that it asks for."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from tasks_app.handlers.places import CHOICES

BY, ORDERED, PICK = "x-by", "x-ordered", "x-pick"

Schema = Mapping[str, Any]
_LONG_TEXT = 200
_FORMATS = {
    "email": "email",
    "uri": "url",
    "date": "date",
    "time": "time",
    "date-time": "datetime",
    "password": "secret",
    "textarea": "textarea",
    "multi-line": "textarea",
    "single-line": "text",
}
_NARROWING = frozenset({"type", "anyOf", "oneOf", "allOf"})
_SCALARS = {"integer": "int", "number": "number", "boolean": "bool"}
# What a list says line by line; what a map says behind each name, and a list in a list between commas.
_LINES = frozenset({"text", "pick", "email", "url", "int", "number", "date", "time", "datetime", "scalar"})
_MAPPED = _LINES | {"enum", "bool", "textarea"}
_CELLS = _MAPPED | {"tristate"}
# What needs a row of its own in a list, or behind a name.
_PARTS = frozenset(
    {"group", "variant", "map", "list", "named", "lines", "rows", "choices", "textarea", "secret", "bool", "tristate"}
)
MOST_LEVELS = 3
"""So many lists and objects inside of one another have fields; what lies deeper is written as JSON."""


@dataclass(frozen=True)
class Shape:
    """One node of a schema; `root` holds the definitions that references point to.

    `level` counts the lists and objects around it: an object that is a row of a list counts once, with its list.
    """

    schema: Schema
    root: Schema
    level: int = 0
    is_row: bool = True

    @cached_property
    def resolved(self) -> Schema:
        """The node with `$ref`, a single `allOf` and "or null" taken away; what stands beside a reference wins."""
        node: dict[str, Any] = dict(self.schema)
        for _ in range(10):
            inner = self._inner(node)
            if inner is None:
                return node
            outer = {key: value for key, value in node.items() if key not in ("$ref", "allOf", "anyOf")}
            node = {**inner, **outer}
        return node

    def _inner(self, node: Schema) -> Schema | None:
        if "$ref" in node:
            found: Schema = self.root.get("$defs", {})[str(node["$ref"]).rsplit("/", 1)[-1]]
            return found
        if len(node.get("allOf", ())) == 1:
            return dict(node["allOf"][0])
        options = [option for option in node.get("anyOf", ()) if option.get("type") != "null"]
        return dict(options[0]) if len(options) == 1 else None

    @property
    def is_nullable(self) -> bool:
        """The field may be null."""
        return any(option.get("type") == "null" for option in self.schema.get("anyOf", ()))

    @property
    def is_free(self) -> bool:
        """Anything may stand here, null too."""
        return self.kind == "json" and not _NARROWING & self.resolved.keys()

    @property
    def default(self) -> Any:
        """The default, or None."""
        return self.schema.get("default")

    @property
    def enum(self) -> list[Any] | None:
        """The allowed values, where they are listed."""
        node = self.resolved
        return [node["const"]] if "const" in node else node.get("enum")

    @property
    def options(self) -> list[tuple[str, str]]:
        """What the owner has to choose from, as values and labels."""
        return list(self.resolved.get("x-options", ()))

    @property
    def properties(self) -> dict[str, "Shape"]:
        """The fields of an object, in order."""
        level = self.level if self.is_row else self.level + 1
        nodes = self.resolved.get("properties", {})
        return {name: Shape(node, self.root, level, is_row=False) for name, node in nodes.items()}

    def members(self, value: Any) -> dict[str, "Shape"]:
        """The fields of an object that holds this; some have another shape by what another field says."""
        given = value if isinstance(value, Mapping) else {}
        found = self.properties
        for name, inner in found.items():
            if inner.told_by in found:
                found[name] = inner.once(str(given.get(inner.told_by, found[inner.told_by].default)))
        return found

    @property
    def told_by(self) -> str:
        """The field beside this one that says which shape it has: `"x-by": {"field": …, "shapes": {value: schema}}`."""
        return str(self.schema.get(BY, {}).get("field", ""))

    @property
    def is_told(self) -> bool:
        """It has the shape that the field beside it says, or none does."""
        return BY not in self.schema

    @property
    def every(self) -> list["Shape"]:
        """All shapes that this may have."""
        return [self.once(told) for told in self.schema.get(BY, {}).get("shapes", {})] or [self]

    def once(self, told: str) -> "Shape":
        """The shape that this has once the field beside it says so; a schema of its own, with its own definitions."""
        found = self.schema.get(BY, {}).get("shapes", {}).get(told)
        if found is None:
            return self
        kept = {name: self.schema[name] for name in ("title", "description", "default") if name in self.schema}
        return Shape({**found, **kept}, found, self.level, self.is_row)

    @property
    def required(self) -> set[str]:
        """The fields that an object must have."""
        return set(self.resolved.get("required", ()))

    @cached_property
    def items(self) -> "Shape":
        """The members of a list."""
        return self._inside(self.resolved.get("items"))

    def _inside(self, schema: Any) -> "Shape":
        return Shape(schema if isinstance(schema, dict) else {}, self.root, self.level + 1)

    @property
    def options_of_union(self) -> list["Shape"]:
        """What a union is made of; nothing where it is none."""
        node = self.resolved
        found = [*node.get("anyOf", ()), *node.get("oneOf", ())]
        return [self._same(option) for option in found if option.get("type") != "null"]

    def _same(self, schema: Schema) -> "Shape":
        """What may stand at this very place."""
        return Shape(schema, self.root, self.level, self.is_row)

    @property
    def tag(self) -> str:
        """The property that tells the variants of a union apart."""
        return str(self.resolved.get("discriminator", {}).get("propertyName", "")) or self._fixed[0]

    def tag_of(self, value: Any) -> str:
        """Say which variant of a union a value is; of one that does not say it, the first that has such fields."""
        given = value if isinstance(value, Mapping) else {}
        if given.get(self.tag) is not None:
            return str(given[self.tag])
        names = given.keys()
        fitting = (
            tag for tag, one in self.variants.items() if names and one.required <= names <= one.properties.keys()
        )
        return next(fitting, "" if self.is_nullable else next(iter(self.variants), ""))

    @cached_property
    def _fixed(self) -> tuple[str, dict[str, "Shape"]]:
        """The property that has another fixed text in each variant, where a union declares none, and the variants."""
        options = self.options_of_union
        for name in options[0].properties if len(options) > 1 else ():
            texts = [option.properties[name].schema.get("const") for option in options if name in option.properties]
            if len(set(texts)) == len(options) and all(isinstance(text, str) for text in texts):
                return name, dict(zip(map(str, texts), options, strict=True))
        return "", {}

    @property
    def variants(self) -> dict[str, "Shape"]:
        """The variants of a union, by the value of their tag, in their order."""
        if "discriminator" not in self.resolved:
            return self._fixed[1]
        mapping = self.resolved.get("discriminator", {}).get("mapping", {})
        order = [option.get("$ref") for option in self.resolved.get("oneOf", ())]
        named = sorted(mapping.items(), key=lambda pair: order.index(pair[1]) if pair[1] in order else len(order))
        return {name: self._same({"$ref": reference}) for name, reference in named}

    @cached_property
    def kind(self) -> str:
        """The kind of control; `json` is the last resort."""
        if self.level > MOST_LEVELS + len(("rows", "cells")):
            return "json"  # a type may hold itself
        found = self._any_kind()
        return "json" if found in _PARTS and self._is_too_deep(found) else found

    def _is_too_deep(self, kind: str) -> bool:
        if kind in ("list", "named"):
            return self.level >= MOST_LEVELS
        return kind in ("group", "variant") and self.level + (not self.is_row) > MOST_LEVELS

    @property
    def is_deep(self) -> bool:
        """It is written as JSON because it lies, or has parts that lie, too deep for fields of their own."""
        node = self.resolved
        if self.kind != "json":
            return False
        if self.level >= MOST_LEVELS:
            return node.get("type") in ("array", "object") or bool(self.tag)
        return self.items.is_deep if node.get("type") == "array" else self.values.is_deep

    def _any_kind(self) -> str:
        node = self.resolved
        if self.tag:
            return "variant"
        if node.get("type") in ("string", "integer") and isinstance(node.get(CHOICES, node.get(PICK)), str):
            return "choice" if CHOICES in node else "pick"
        if self.enum is not None:
            return "enum"
        if node.get("type") in _SCALARS:
            kind = _SCALARS[node["type"]]
            return "tristate" if kind == "bool" and self.is_nullable else kind
        if self._is_scalar_union:
            return "scalar"
        special = {"string": self._text_kind, "array": self._list_kind, "object": self._object_kind}
        return special[node["type"]]() if node.get("type") in special else "json"

    @property
    def _is_scalar_union(self) -> bool:
        """A number or a text: one line says either."""
        options = self.options_of_union
        return bool(options) and all(one.resolved.get("type") in ("string", "integer", "number") for one in options)

    def _text_kind(self) -> str:
        node = self.resolved
        if node.get("writeOnly"):
            return "secret"
        if node.get("format") in _FORMATS:
            return _FORMATS[node["format"]]
        return "textarea" if node.get("maxLength", 0) > _LONG_TEXT and node.get("format") is None else "text"

    def _list_kind(self) -> str:
        inner, is_short = self.items.kind, "x-shorthand" in self.items.resolved  # {"email": …}, or the address alone
        if "prefixItems" in self.resolved and not is_short:
            return "cells" if all(self.cell(n).kind in _CELLS for n in range(self._fixed_cells)) else "json"
        if is_short or inner in _LINES:
            return "lines"
        if inner in ("lines", "choices") and self.items.items.kind in _CELLS:
            return "rows"
        boxes = "list" if ORDERED in self.schema else "choices"  # rows can be moved, boxes cannot
        kinds = {"enum": boxes, "choice": boxes, "cells": "rows"}
        return kinds.get(inner) or ("list" if inner in _PARTS else "json")

    @property
    def _fixed_cells(self) -> int:
        return len(self.resolved.get("prefixItems", ()))

    def cell(self, place: int) -> "Shape":
        """The value at a place of a tuple, or of a list."""
        fixed = self.resolved.get("prefixItems", ())
        return self._inside(fixed[place]) if place < len(fixed) else self.items

    def _object_kind(self) -> str:
        node = self.resolved
        extra = node.get("additionalProperties")
        if node.get("properties") or extra is False:
            return "group"
        kind = self.values.kind if isinstance(extra, dict) else "json"
        return "map" if kind in _MAPPED else "named" if kind in _PARTS else "json"

    @cached_property
    def values(self) -> "Shape":
        """The values of an object whose members have names of people's own."""
        return self._inside(self.resolved.get("additionalProperties"))
