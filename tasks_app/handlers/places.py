"""Walking a payload beside the JSON Schema of its model, whether it fits or not.

Old payloads, and those of types whose code has gone, are walked too: then nothing is known about a place.
"""

from collections.abc import Iterator, Mapping
from functools import cache, cached_property
from typing import Any

from pydantic import BaseModel

Schema = Mapping[str, Any]
CHOICES = "x-choices"
_UNIONS = ("allOf", "anyOf", "oneOf")
_NARROWING = frozenset({"type", "properties", "$ref", "enum", "const", *_UNIONS})
_DEEPEST = 40


class Place:
    """What a schema says about one place: every node that may describe it, with references resolved.

    Without nodes, the place may hold anything, or is one that the schema does not know (`is_known`). Places of a schema
    are worked out once; lists of tasks walk a payload for each row.
    """

    def __init__(self, options: tuple[Schema, ...], root: Schema, is_known: bool = True) -> None:
        self.options, self.root, self.is_known = options, root, is_known
        self._named: dict[str, Place] = {}
        self._said: dict[str, Any] = {}

    @classmethod
    def top(cls, model: type[BaseModel] | None) -> "Place":
        """The payload itself; None is a type whose code has gone."""
        return cls((), {}, False) if model is None else _top(model)

    def says(self, name: str) -> Any:
        """What any of the nodes says under this keyword."""
        if name not in self._said:
            self._said[name] = next((node[name] for node in self.options if name in node), None)
        return self._said[name]

    def member(self, key: str) -> "Place":
        """A member of an object."""
        if key in self._named:
            return self._named[key]
        if not any(key in node.get("properties", ()) for node in self.options):
            return self._rest
        found = self._inner([node.get("properties", {}).get(key, _rest(node)) for node in self.options])
        self._named[key] = found  # as many as the schema has, whatever payloads hold
        return found

    @cached_property
    def item(self) -> "Place":
        """A member of a list."""
        options = [(node.get("items", _is_any(node)), *node.get("prefixItems", ())) for node in self.options]
        return self._inner([inner for found in options for inner in found])

    @cached_property
    def _rest(self) -> "Place":
        """A member of an object that the schema does not name."""
        return self._inner([_rest(node) for node in self.options])

    def _inner(self, schemas: list[Any]) -> "Place":
        """The place that these describe: a schema each, or whether anything may stand there."""
        nodes = [node for inner in schemas if isinstance(inner, Mapping) for node in _options(inner, self.root)]
        is_free = not self.options or any(inner is True for inner in schemas)
        return Place(tuple(nodes), self.root, self.is_known and (bool(nodes) or is_free))


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
def _top(model: type[BaseModel]) -> Place:
    schema = _schema_of(model)
    return Place(_options(schema, schema), schema)


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


def _rest(node: Schema) -> Any:
    """What a node says about members that it does not name."""
    return node.get("additionalProperties", _is_any(node))


def _is_any(node: Schema) -> bool:
    return not _NARROWING & node.keys()


def _every(value: Any) -> Iterator[Schema]:
    if isinstance(value, Mapping):
        yield value
        for inner in value.values():
            yield from _every(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from _every(inner)
