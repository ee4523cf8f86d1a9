"""Paths into a JSON document: `data.items.0.id`, with quotes around a key that holds a dot."""

import re
from typing import Any

_WHOLE = "$"
_LONGEST = 500
_STEP = r'(?:"[^"]+"|[^".\s]+)'
_PATH = re.compile(rf"{_STEP}(?:\.{_STEP})*")
_INDEX = re.compile(r"-?\d{1,9}")


class NoSuchPlace(LookupError):
    """The document has nothing at the path."""


def path_fault(path: str) -> str | None:
    """Say what is wrong with a path, or nothing."""
    if len(path) > _LONGEST:
        return f"At most {_LONGEST} characters."
    if _PATH.fullmatch(path.removesuffix("?")) is None:
        return 'Must be a path such as data.items.0.id, with quotes around a key that holds a dot, as in "a.b".'
    return None


def value_at(document: Any, path: str) -> Any:
    """Give what is at the path; raise `NoSuchPlace`, or give None where the path ends with a question mark.

    A number is a place in a list (from its end when negative), or a key of an object; `$` is the whole document.
    """
    bare = path.removesuffix("?")
    found = document
    if bare == _WHOLE:
        return found
    for step in re.findall(_STEP, bare):
        try:
            found = _member(found, step.strip('"'))
        except NoSuchPlace:
            if path == bare:
                raise
            return None
    return found


def _member(value: Any, step: str) -> Any:
    if isinstance(value, dict) and step in value:
        return value[step]
    if isinstance(value, list) and _INDEX.fullmatch(step) and -len(value) <= int(step) < len(value):
        return value[int(step)]
    raise NoSuchPlace(step)
