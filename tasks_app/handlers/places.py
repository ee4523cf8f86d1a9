"""Walking a payload beside the JSON Schema of its model, whether it fits or not.

Old payloads, and those of types whose code has gone, are walked too: then nothing is known about a place.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any

from pydantic import BaseModel

Schema = Mapping[str, Any]
CHOICES = "x-choices"
_UNIONS = ("allOf", "anyOf", "oneOf")
_DEEPEST = 40


@dataclass(frozen=True)
class Place:
    """What a schema says about one place: every node that may describe it, with references resolved."""

    options: tuple[Schema, ...]
    root: Schema

    @classmethod
    def top(cls, model: type[BaseModel] | None) -> "Place":
        """The payload itself; None is a type whose code has gone."""
        schema = {} if model is None else _schema_of(model)
        return cls(_options(schema, schema), schema)

    def says(self, name: str) -> Any:
        """What any of the nodes says under this keyword."""
        return next((node[name] for node in self.options if name in node), None)

    def knows(self, key: str) -> bool:
        """Say whether the schema has a word on this member of an object."""
        return any(key in node.get("properties", ()) or node.get("additionalProperties") for node in self.options)

    def member(self, key: str) -> "Place":
        """A member of an object."""
        found: list[Schema] = []
        for node in self.options:
            inner = node.get("properties", {}).get(key, node.get("additionalProperties"))
            found += _options(inner, self.root) if isinstance(inner, Mapping) else ()
        return Place(tuple(found), self.root)

    @property
    def item(self) -> "Place":
        """A member of a list."""
        found: list[Schema] = []
        for node in self.options:
            for inner in (node.get("items"), *node.get("prefixItems", ())):
                found += _options(inner, self.root) if isinstance(inner, Mapping) else ()
        return Place(tuple(found), self.root)


def references(model: type[BaseModel], payload: Any, kinds: frozenset[str]) -> Iterator[tuple[str, str]]:
    """Give path and name of everything that a payload names by fields whose `x-choices` is one of `kinds`."""
    return _references(Place.top(model), payload, (), kinds)


@cache
def refers_to(model: type[BaseModel], kinds: frozenset[str]) -> bool:
    """Say whether the model has such a field at all."""
    schema = _schema_of(model)
    return any(node.get(CHOICES) in kinds for node in _every(schema))


def _references(place: Place, value: Any, path: tuple[str, ...], kinds: frozenset[str]) -> Iterator[tuple[str, str]]:
    if len(path) > _DEEPEST:
        return
    if isinstance(value, Mapping):
        for key, inner in value.items():
            yield from _references(place.member(key), inner, (*path, key), kinds)
    elif isinstance(value, list):
        for number, inner in enumerate(value):
            yield from _references(place.item, inner, (*path, str(number)), kinds)
    elif isinstance(value, str) and place.says(CHOICES) in kinds:
        yield ".".join(path), value


@cache
def _schema_of(model: type[BaseModel]) -> Schema:
    return model.model_json_schema()


def _options(node: Schema, root: Schema, depth: int = 0) -> tuple[Schema, ...]:
    if depth > _DEEPEST:
        return ()
    found: tuple[Schema, ...] = (node,)
    if "$ref" in node:
        target = root.get("$defs", {}).get(str(node["$ref"]).rsplit("/", 1)[-1])
        found += _options(target, root, depth + 1) if target is not None else ()
    for union in _UNIONS:
        for inner in node.get(union, ()):
            found += _options(inner, root, depth + 1)
    return found


def _every(value: Any) -> Iterator[Schema]:
    if isinstance(value, Mapping):
        yield value
        for inner in value.values():
            yield from _every(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from _every(inner)
