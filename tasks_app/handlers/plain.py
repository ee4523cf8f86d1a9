"""Plain JSON: what every database can store and every reader can parse."""

import math
from collections.abc import Iterator
from typing import Any

from pydantic_core import PydanticSerializationError, to_jsonable_python

MAX_DEPTH = 20
MAX_INTEGER = 2**53


class NotPlain(ValueError):
    """A value that can't be kept as JSON, and where it stands."""

    def __init__(self, path: tuple[str, ...], code: str, message: str) -> None:
        super().__init__(message)
        self.path = path
        self.code = code


def to_plain(value: object) -> Any:
    """Turn dates, ids, enums and models into JSON values; raise `NotPlain` for what no database keeps.

    That is: NUL and lone surrogates in text, NaN and infinity, integers beyond 2^53, nesting deeper than 20.
    """
    try:
        plain = to_jsonable_python(value, inf_nan_mode="constants")
    except (PydanticSerializationError, UnicodeError, RecursionError, ValueError) as error:
        if isinstance(value, str | dict | list):
            _check(value, ())
        raise NotPlain((), "not_json", "This can't be written as JSON.") from error
    _check(plain, ())
    return plain


def _check(value: object, path: tuple[str, ...]) -> None:
    if len(path) > MAX_DEPTH:
        raise NotPlain(path[:3], "too_deep", f"Nested deeper than {MAX_DEPTH} levels.")
    if isinstance(value, str):
        _check_text(value, path)
    elif isinstance(value, float) and not math.isfinite(value):
        raise NotPlain(path, "not_finite", "Must be a finite number.")
    elif isinstance(value, int) and abs(value) > MAX_INTEGER:
        raise NotPlain(path, "too_large", "Integers go up to 2^53.")
    for step, item in _items(value):
        _check_text(step, path)
        _check(item, (*path, step))


def _items(value: object) -> Iterator[tuple[str, object]]:
    if isinstance(value, dict):
        yield from ((str(key), item) for key, item in value.items())
    elif isinstance(value, list | tuple):
        yield from ((str(index), item) for index, item in enumerate(value))


def _check_text(text: str, path: tuple[str, ...]) -> None:
    if "\0" in text or any("\ud800" <= character <= "\udfff" for character in text):
        raise NotPlain(path, "bad_character", "Text must not hold NUL characters or lone surrogates.")
