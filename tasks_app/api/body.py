"""Reading a JSON body strictly: what another reader, or a database, might take differently is refused.

DRF's own reading would drop a body sent in chunks, keep the last of two equal keys, and die of deep nesting.
"""

from collections.abc import Iterator
from typing import Any

from django.conf import settings
from django.http import HttpRequest
from django.utils.http import parse_header_parameters
from rest_framework.parsers import JSONParser

from tasks_app.api.errors import Refused
from tasks_app.errors import FieldError, Invalid
from tasks_app.services import strict_json
from tasks_app.services.validation import fault_in

MOST_BESIDE_PAYLOAD = 65_536
MAX_VALUES = 20_000
_LONGEST_LENGTH = 18


class StrictParser(JSONParser):
    """Names the one media type for DRF and the schema; the reading itself is `read_json`."""


def read_raw(request: HttpRequest) -> bytes:
    """Read the body, at most as much as the largest request may have; 413 beyond."""
    if request.META.get("HTTP_CONTENT_ENCODING", "").strip().lower() not in ("", "identity"):
        raise Refused(415, "Send the body as it is, without Content-Encoding.")
    most = settings.PAYLOAD_MAX_BYTES + MOST_BESIDE_PAYLOAD
    declared = request.META.get("CONTENT_LENGTH") or "0"
    if declared.isdigit() and (len(declared) > _LONGEST_LENGTH or int(declared) > most):
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
    try:
        value = strict_json.read(_decoded(raw), "The body")
    except strict_json.NotJson as error:
        raise _bad(error.code, str(error)) from None
    if not isinstance(value, dict):
        raise _bad("not_an_object", "The body must be a JSON object.")
    _check_values(value)
    return value


def _decoded(raw: bytes) -> str:
    try:
        return raw.decode("utf-8")
    except UnicodeDecodeError as error:
        raise _bad("invalid_json", f"The body is not UTF-8: byte {error.start} is wrong.") from None


def _check_values(value: Any) -> None:
    for count, (path, text) in enumerate(_texts(value, ()), start=1):
        if count > MAX_VALUES:
            raise _bad("too_large", f"The body has more than {MAX_VALUES} values.")
        if (said := fault_in(text)) is not None:
            where = ".".join(path)[:200] or "body"
            fault = FieldError("characters", said)
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
    return "".join(character if fault_in(character) is None else "?" for character in text)


def _bad(code: str, message: str) -> Refused:
    return Refused(400, message, code=code)
