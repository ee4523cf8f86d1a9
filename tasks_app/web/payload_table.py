"""A payload's JSON Schema as rows of a table, the models inside it indented below the field that holds them."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

Schema = Mapping[str, Any]
_DEEPEST = 3
_WORDS = {"string": "text", "integer": "whole number", "number": "number", "boolean": "yes or no", "null": "nothing"}
_FORMATS = {"uri": "URL", "email": "e-mail address", "uuid": "id", "date-time": "instant", "date": "date"}


@dataclass(frozen=True)
class FieldRow:
    """One field; `default` None has none, which an optional one then leaves out."""

    path: str
    words: str
    is_required: bool
    default: str | None
    description: str
    depth: int


def field_rows(schema: Schema) -> list[FieldRow]:
    """Give the rows in the order of the schema."""
    return list(_rows(schema, schema.get("$defs", {}), "", 0))


def _rows(shape: Schema, definitions: Schema, before: str, depth: int) -> Iterator[FieldRow]:
    required = shape.get("required", ())
    for name, field in shape.get("properties", {}).items():
        path = f"{before}{name}"
        default = json.dumps(field["default"], ensure_ascii=False) if "default" in field else None
        words, inner = _words(field, definitions), _inner(field, definitions)
        yield FieldRow(path, words, name in required, default, field.get("description", ""), depth)
        if inner is not None and depth < _DEEPEST:
            yield from _rows(inner, definitions, f"{path}.", depth + 1)


def _words(shape: Schema, definitions: Schema) -> str:
    shape = _resolved(shape, definitions)
    if options := shape.get("anyOf") or shape.get("oneOf"):
        said = [_words(one, definitions) for one in options if one.get("type") != "null"]
        return " or ".join(dict.fromkeys(said))
    if "const" in shape or "enum" in shape:
        return ", ".join(str(one) for one in shape.get("enum") or [shape["const"]])
    kind = shape.get("type")
    if kind == "array":
        return f"list of: {_words(shape.get('items', {}), definitions)}"
    if kind == "object":
        return "object"
    return _FORMATS.get(str(shape.get("format")), _WORDS.get(str(kind), "anything"))


def _inner(shape: Schema, definitions: Schema) -> Schema | None:
    """Give the one model that may stand in a field, alone or in a list."""
    shape = _resolved(shape, definitions)
    options = [one for one in shape.get("anyOf") or shape.get("oneOf") or [shape] if one.get("type") != "null"]
    found = [_resolved(one.get("items", one), definitions) for one in options]
    models = [one for one in found if one.get("properties")]
    return models[0] if len(models) == 1 else None


def _resolved(shape: Schema, definitions: Schema) -> Schema:
    name = str(shape.get("$ref", "")).rpartition("/")[2]
    found: Schema = definitions.get(name, shape)
    return found
