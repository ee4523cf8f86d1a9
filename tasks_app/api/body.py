"""Reading a JSON body strictly: what another reader, or a database, might take differently is refused.

DRF's own reading would drop a body sent in chunks, keep the last of two equal keys, and die of deep nesting.
"""

import json
import math
import re
from collections.abc import Iterator
from typing import Any

from django.conf import settings
from django.http import HttpRequest
from django.utils.http import parse_header_parameters
from rest_framework.parsers import JSONParser

from tasks_app.api.errors import Refused, shown
from tasks_app.errors import FieldError, Invalid

MOST_BESIDE_PAYLOAD = 65_536
MAX_DEPTH = 32
MAX_VALUES = 20_000
MAX_INTEGER = 2**53
_BRACKETS = re.compile(r'"(?:[^"\\]++|\\.)*+"|[\[{]|[\]}]', re.DOTALL)


class StrictParser(JSONParser):
    """Names the one media type for DRF and the schema; the reading itself is `read_json`."""


def read_raw(request: HttpRequest) -> bytes:
    """Read the body, at most as much as the largest request may have; 413 beyond."""
    most = settings.PAYLOAD_MAX_BYTES + MOST_BESIDE_PAYLOAD
    declared = request.META.get("CONTENT_LENGTH") or "0"
    if declared.isdigit() and int(declared) > most:
        raise Refused(413, f"A request has at most {most} bytes.")
    raw: bytes = request.read(most + 1)
    if len(raw) > most:
        raise Refused(413, f"A request has at most {most} bytes.")
    return raw


def read_json(content_type: str, raw: bytes) -> dict[str, Any]:
    """Give the JSON object that `raw` is; an empty body is an empty object."""
    if not raw:
        return {}
    kind, parameters = parse_header_parameters(content_type)
    if kind != "application/json" or parameters.get("charset", "utf-8").lower() not in ("utf-8", "utf8"):
        raise Refused(415)
    text = _decoded(raw)
    _check_depth(text)
    value = _parsed(text)
    if not isinstance(value, dict):
        raise _bad("not_an_object", "The body must be a JSON object.")
    _check_values(value)
    return value


def _decoded(raw: bytes) -> str:
    try:
        text = raw.decode("utf-8")
    except UnicodeDecodeError as error:
        raise _bad("invalid_json", f"The body is not UTF-8: byte {error.start} is wrong.") from None
    if text.startswith("\ufeff"):
        raise _bad("invalid_json", "The body begins with a byte order mark; send it without.")
    return text


def _check_depth(text: str) -> None:
    """Count brackets before parsing: the parser recurses, and its limits differ between versions of Python."""
    depth = 0
    for found in _BRACKETS.finditer(text):
        first = found.group()[0]
        if first in "[{":
            depth += 1
            if depth > MAX_DEPTH:
                raise _bad("too_deep", f"The body is nested deeper than {MAX_DEPTH} levels.")
        elif first in "]}":
            depth -= 1


def _parsed(text: str) -> Any:
    try:
        return json.loads(
            text, object_pairs_hook=_unique, parse_constant=_constant, parse_float=_float, parse_int=_integer
        )
    except json.JSONDecodeError as error:
        message = f"The body is not JSON: {error.msg} at line {error.lineno}, column {error.colno}."
        raise _bad("invalid_json", message) from None


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for key, value in pairs:
        if key in found:
            raise _bad("duplicate_key", f"The key {shown(key)} stands twice in one object.")
        found[key] = value
    return found


def _constant(word: str) -> Any:
    raise _bad("not_finite", f"{word} is not JSON; numbers must be finite.")


def _float(digits: str) -> float:
    number = float(digits)
    if not math.isfinite(number):
        raise _bad("not_finite", f"{shown(digits)} is too large; numbers must be finite.")
    return number


def _integer(digits: str) -> int:
    if len(digits) > 17 or abs(int(digits)) > MAX_INTEGER:  # noqa: PLR2004  # 2^53 has 16 digits
        raise _bad("too_large", f"{shown(digits)} is too large; integers go up to 2^53.")
    return int(digits)


def _check_values(value: Any) -> None:
    for count, (path, text) in enumerate(_texts(value, ()), start=1):
        if count > MAX_VALUES:
            raise _bad("too_large", f"The body has more than {MAX_VALUES} values.")
        if "\0" in text or any("\ud800" <= character <= "\udfff" for character in text):
            where = ".".join(path)[:200] or "body"
            fault = FieldError("characters", "Text must not hold NUL characters or lone surrogates.")
            raise Invalid(fault.message, fields={_storable(where): [fault]})


def _texts(value: Any, path: tuple[str, ...]) -> Iterator[tuple[tuple[str, ...], str]]:
    """Walk every value; those that are not text count as empty text."""
    yield path, value if isinstance(value, str) else ""
    if isinstance(value, dict):
        for key, child in value.items():
            yield path, key
            yield from _texts(child, (*path, key[:80]))
    elif isinstance(value, list):
        for number, child in enumerate(value):
            yield from _texts(child, (*path, str(number)))


def _storable(text: str) -> str:
    return text.encode("utf-8", "replace").decode().replace("\0", "?")


def _bad(code: str, message: str) -> Refused:
    return Refused(400, message, code=code)
