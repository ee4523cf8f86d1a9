"""Payload fields whose values an administrator has fixed, by dotted path: put in, taken out, told apart from others'.

A path runs through objects only: `url`, `headers.X-Team`, `upload.method`. Where an object on the way is optional and
was not given, nothing is put in: an upload that nobody wants is not begun by fixing its method.
"""

from collections.abc import Callable, Iterator, Mapping
from copy import deepcopy
from typing import Any

from pydantic import BaseModel

from tasks_app.handlers.masking import MASK, changed, masked
from tasks_app.handlers.places import Place

Model = type[BaseModel] | None
Locked = Mapping[str, Any]
_NOTHING = object()


def with_locked(model: Model, payload: Mapping[str, Any], locked: Locked) -> dict[str, Any]:
    """Give the payload with the fixed values in place of whatever stood there."""
    found = deepcopy(dict(payload)) if locked else dict(payload)
    for path, value in locked.items():
        _put(Place.top(model), found, path.split("."), deepcopy(value))
    return found


def without_locked(payload: Mapping[str, Any], locked: Locked) -> dict[str, Any]:
    """Give the payload without what stands at fixed paths."""
    found = deepcopy(dict(payload))
    for path in locked:
        *way, last = path.split(".")
        inner: Any = found
        for step in way:
            inner = inner.get(step) if isinstance(inner, dict) else None
        if isinstance(inner, dict):
            inner.pop(last, None)
    return found


def differing(model: Model, payload: Mapping[str, Any], locked: Locked) -> Iterator[str]:
    """Name the fixed paths at which the payload says something else; a mask says the same."""
    shown = masked_locks(model, locked)
    for path, value in locked.items():
        given = _at(payload, path)
        if given is not _NOTHING and not any(_is_same(given, one) for one in (value, shown[path], MASK)):
            yield path


def masked_locks(model: Model, locked: Locked) -> dict[str, Any]:
    """Give the fixed values as they may be shown: secrets masked."""
    return {path: _at(masked(model, _nested(path, value)), path) for path, value in locked.items()}


def changed_locks(model: Model, locked: Locked, change: Callable[[Any], Any]) -> dict[str, Any]:
    """Give the fixed values with each secret among them changed."""
    return {path: _at(changed(model, _nested(path, value), change), path) for path, value in locked.items()}


def is_place(model: Model, path: str) -> bool:
    """Say whether the payload's schema knows this path."""
    place = Place.top(model)
    for step in path.split("."):
        place = place.member(step)
        if not step or not place.is_known or not place.options:
            return False
    return True


def _put(place: Place, target: dict[str, Any], way: list[str], value: Any) -> None:
    step, *rest = way
    if not rest:
        target[step] = value
        return
    inner = target.get(step, _NOTHING)
    place = place.member(step)
    if inner is _NOTHING and not any(node.get("default", _NOTHING) is None for node in place.options):
        inner = target[step] = {}
    if isinstance(inner, dict):
        _put(place, inner, rest, value)


def _nested(path: str, value: Any) -> Any:
    for step in reversed(path.split(".")):
        value = {step: value}
    return value


def _at(payload: Any, path: str) -> Any:
    for step in path.split("."):
        payload = payload.get(step, _NOTHING) if isinstance(payload, Mapping) else _NOTHING
    return payload


def _is_same(given: Any, value: Any) -> bool:
    """In JSON true is no number, though Python takes them for the same."""
    return bool(given == value) and isinstance(given, bool) == isinstance(value, bool)
