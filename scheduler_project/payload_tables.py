"""A payload's JSON Schema as Markdown: a table of its fields, and one for each model inside it."""

import json
import re
from collections.abc import Iterator, Mapping
from typing import Any

Schema = Mapping[str, Any]
_HEAD = "| field | type | default | meaning |\n| --- | --- | --- | --- |"
_FORMATS = {"uri": "URL", "email": "e-mail address", "uuid": "id", "date-time": "instant", "date": "date"}
_CHOICES = {
    "credentials": "name of a credential",
    "email-templates": "name of an e-mail template",
    "files": "id of a stored file",
    "collections": "name of a collection",
    "commands": "name of an allowed command",
    "celery-tasks": "name of an offered Celery task",
}
_PLAIN = {"boolean": "true or false", "null": "null"}
_PLURALS = {
    "id of a stored file": "ids of stored files",
    "e-mail address": "e-mail addresses",
    "URL": "URLs",
    "id": "ids",
    "100 to 599": "numbers from 100 to 599",
}


def tables(schema: Schema) -> str:
    """Give every table: the payload's own, then those of the models that it names, in the order of their naming."""
    definitions = schema.get("$defs", {})
    words = TypeWords(definitions)
    parts = [_table(schema, words) if schema.get("properties") else "This type needs no input."]
    for name in _named(schema, definitions):
        shape = definitions[name]
        if shape.get("properties"):
            parts += [f"**`{name}`** · {_text(shape.get('description', ''))}", _table(shape, words)]
    return "\n\n".join(parts)


class TypeWords:
    """What may stand in a field, in words."""

    def __init__(self, definitions: Schema) -> None:
        self._definitions = definitions

    def of(self, shape: Schema) -> str:
        """Give the words for one schema."""
        if options := shape.get("anyOf") or shape.get("oneOf"):
            return self._options(options)
        if reference := shape.get("$ref"):
            named = self._definitions[_name(reference)]
            return f"`{_name(reference)}`" if named.get("properties") else self.of(named)
        if "const" in shape or "enum" in shape:
            return ", ".join(f"`{value}`" for value in shape.get("enum") or [shape["const"]])
        kind = str(shape.get("type"))
        known = {"integer": _number, "number": _number, "string": _string, "array": self._list, "object": self._object}
        return known[kind](shape) if kind in known else _PLAIN.get(kind, "anything")

    def _options(self, options: list[Schema]) -> str:
        words = [self.of(one) for one in options if one.get("type") != "null"]
        said = ", ".join(words[:-1]) + (" or " if len(words) > 1 else "") + words[-1]
        return f"{said}, or null" if len(words) < len(options) else said

    def _list(self, shape: Schema) -> str:
        words = self.of(shape.get("items", {}))
        return f"list of {_PLURALS.get(words, words)}{_between(shape.get('minItems'), shape.get('maxItems'))}"

    def _object(self, shape: Schema) -> str:
        if not isinstance(inside := shape.get("additionalProperties"), Mapping):
            return "object"
        most = shape.get("maxProperties", shape.get("maxLength"))
        return f"object of {self.of(inside)}{_between(shape.get('minProperties'), most)}"


def _table(schema: Schema, words: TypeWords) -> str:
    required = schema.get("required", [])
    rows = [_row(name, shape, words, is_required=name in required) for name, shape in schema["properties"].items()]
    return "\n".join([_HEAD, *rows])


def _row(name: str, shape: Schema, words: TypeWords, *, is_required: bool) -> str:
    default = "required" if is_required else _code(shape["default"]) if "default" in shape else ""
    cells = [f"`{name}`", words.of(_with_choices(shape)), default, _text(shape.get("description", ""))]
    return f"| {' | '.join(cell.replace('|', chr(92) + '|') for cell in cells)} |"


def _with_choices(shape: Schema) -> Schema:
    """Give each option the source of choices that stands beside them."""
    if "x-choices" not in shape or "anyOf" not in shape:
        return shape
    marked = {"x-choices": shape["x-choices"]}
    return {**shape, "anyOf": [one if one.get("type") == "null" else {**one, **marked} for one in shape["anyOf"]]}


def _number(shape: Schema) -> str:
    low = shape.get("minimum", shape.get("exclusiveMinimum"))
    high = shape.get("maximum", shape.get("exclusiveMaximum"))
    kind = "whole number" if shape["type"] == "integer" else "number"
    if low is not None and high is not None:
        return f"{low:,} to {high:,}"
    return kind if low is high else f"{kind} from {low:,}" if high is None else f"{kind} up to {high:,}"


def _string(shape: Schema) -> str:
    known = _CHOICES.get(shape.get("x-choices", "")) or _FORMATS.get(shape.get("format", ""))
    if known:
        return known
    return f"text (up to {shape['maxLength']:,} characters)" if "maxLength" in shape else "text"


def _between(least: int | None, most: int | None) -> str:
    if most is None:
        return f", {least:,} at least" if least else ""
    return f", {least:,} to {most:,}" if least else f", up to {most:,}"


def _named(schema: Schema, definitions: Schema) -> Iterator[str]:
    """The models that a schema names, each once, those inside others after them."""
    found: list[str] = []
    waiting: list[Any] = [{key: value for key, value in schema.items() if key != "$defs"}]
    while waiting:
        for name in _references(waiting.pop(0)):
            if name not in found:
                found.append(name)
                waiting.append(definitions[name])
                yield name


def _references(value: Any) -> Iterator[str]:
    if isinstance(value, Mapping):
        if isinstance(value.get("$ref"), str):
            yield _name(value["$ref"])
        for key, child in value.items():
            if key != "discriminator":
                yield from _references(child)
    elif isinstance(value, list):
        for child in value:
            yield from _references(child)


def _name(reference: str) -> str:
    return reference.rpartition("/")[2]


def _code(value: Any) -> str:
    return f"`{json.dumps(value, ensure_ascii=False)}`"


def _text(words: str) -> str:
    """Escape what Markdown would take for HTML, but not in code; a meaning in a table has no full stop at its end."""
    parts = re.split(r"(`[^`]*`)", " ".join(words.split()))
    plain = "".join(part if part.startswith("`") else part.replace("<", "&lt;") for part in parts)
    return plain.removesuffix(".") if ". " not in plain else plain
