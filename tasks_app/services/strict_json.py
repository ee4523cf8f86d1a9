"""Reading JSON strictly: what another reader, or a database, might take differently is refused.

Used wherever JSON comes as text: bodies of the API, fields of forms, fields of the admin.
"""

import json
import math
import re
from typing import Any

MAX_DEPTH = 32
MAX_INTEGER = 2**53
_LONGEST_INTEGER = 17
_MOST_SHOWN = 80
_BRACKETS = re.compile(r'"(?:[^"\\]++|\\.)*+"|[\[{]|[\]}]', re.DOTALL)


class NotJson(ValueError):
    """This is no JSON that everybody reads alike; the message is a sentence."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code


def read(text: str, what: str = "It") -> Any:
    """Give the value; `what` begins the sentences about what is wrong with it. Raises NotJson."""
    if text.startswith("\ufeff"):
        raise NotJson("invalid_json", f"{what} begins with a byte order mark; send it without.")
    _check_depth(text, what)
    try:
        return json.loads(
            text, object_pairs_hook=_unique, parse_constant=_constant, parse_float=_float, parse_int=_integer
        )
    except json.JSONDecodeError as error:
        message = f"{what} is not JSON: {error.msg} at line {error.lineno}, column {error.colno}."
        raise NotJson("invalid_json", message) from None


def shown(value: object) -> str:
    """Give a refused value as it may stand in a message: short, and nothing in it that breaks a line."""
    text = "".join(character if character.isprintable() else "?" for character in str(value)[:_MOST_SHOWN])
    return f'"{text}"'


def _check_depth(text: str, what: str) -> None:
    """Count brackets before parsing: the parser recurses, and its limits differ between versions of Python."""
    depth = 0
    for found in _BRACKETS.finditer(text):
        first = found.group()[0]
        if first in "[{":
            depth += 1
            if depth > MAX_DEPTH:
                raise NotJson("too_deep", f"{what} is nested deeper than {MAX_DEPTH} levels.")
        elif first in "]}":
            depth -= 1


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for key, value in pairs:
        if key in found:
            raise NotJson("duplicate_key", f"The key {shown(key)} stands twice in one object.")
        found[key] = value
    return found


def _constant(word: str) -> Any:
    raise NotJson("not_finite", f"{word} is not JSON; numbers must be finite.")


def _float(digits: str) -> float:
    number = float(digits)
    if not math.isfinite(number):
        raise NotJson("not_finite", f"{shown(digits)} is too large; numbers must be finite.")
    return number


def _integer(digits: str) -> int:
    if len(digits) > _LONGEST_INTEGER or abs(int(digits)) > MAX_INTEGER:
        raise NotJson("too_large", f"{shown(digits)} is too large; integers go up to 2^53.")
    return int(digits)
