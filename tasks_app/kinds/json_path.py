"""Paths into a JSON document: `data.items.0.id`, with quotes around a key that holds a dot."""

import re
from functools import lru_cache
from typing import Annotated, Any

from pydantic import AfterValidator, Field, StringConstraints
from pydantic_core import PydanticCustomError

WHOLE = "$"
LONGEST_PATH = 500
# In quotes up to the next one, where the step ends with it; any other step up to the next dot.
_STEP = re.compile(r'"([^"]+)"(?=\.|\Z)|([^.]+)')
_INDEX = re.compile(r"-?[0-9]{1,9}")


class NoSuchPlace(LookupError):
    """The document has nothing at the path."""


def path_fault(path: str) -> str | None:
    """Say what is wrong with a path, or nothing."""
    if len(path) > LONGEST_PATH:
        return f"At most {LONGEST_PATH} characters."
    if not path or ".".join(step[0] for step in _STEP.finditer(path)) != path:
        return 'Must be a path such as data.items.0.id, with quotes around a key that holds a dot, as in "a.b".'
    return None


def value_at(document: Any, path: str) -> Any:
    """Give what is at the path; raise `NoSuchPlace`.

    A number is a place in a list (from its end when negative), or a key of an object; `$` is the whole document.
    """
    found = document
    for step in _steps(path):
        found = _member(found, step)
    return found


@lru_cache(maxsize=100)
def _steps(path: str) -> tuple[str, ...]:
    """Items are many, and their path is one."""
    return () if path == WHOLE else tuple(step[1] or step[2] for step in _STEP.finditer(path))


def _member(value: Any, step: str) -> Any:
    if isinstance(value, dict) and step in value:
        return value[step]
    if isinstance(value, list) and _INDEX.fullmatch(step) and -len(value) <= int(step) < len(value):
        return value[int(step)]
    raise NoSuchPlace(step)


def _checked(path: str) -> str:
    fault = path_fault(path)
    if fault is not None:
        raise PydanticCustomError("path", "{fault}", {"fault": fault})
    return path


Path = Annotated[
    str,
    StringConstraints(max_length=LONGEST_PATH),
    AfterValidator(_checked),
    Field(json_schema_extra={"format": "single-line"}),
]
"""A field of a payload that takes a path."""
