"""Shapes of input and output, as pydantic models: types are taken strictly, unknown names are refused.

Shapes say nothing about meaning: ranges, choices and what depends on other rows are the services' business.
"""

import difflib
from collections.abc import Mapping
from datetime import datetime
from typing import Annotated, Any, ClassVar, TypeVar

from pydantic import BaseModel, ConfigDict, PlainSerializer, ValidationError, WithJsonSchema
from pydantic_core import ErrorDetails

from tasks_app.errors import FieldError, Invalid
from tasks_app.recurrence.moments import to_text
from tasks_app.services.strict_json import shown

B = TypeVar("B", bound="Shape")
MOST_FAULTS = 50
PARAMETERS = "unknown_parameter"
"""The code of unknown names where the values are texts of an address."""
_CODES = {
    "missing": "required",
    "literal_error": "unknown",
    "string_too_long": "too_long",
    "string_too_short": "blank",
    "too_long": "too_many",
    "greater_than_equal": "out_of_range",
    "less_than_equal": "out_of_range",
}
_SENTENCES = {
    "missing": "This field is required.",
    "string_type": "Must be text.",
    "int_type": "Must be a whole number.",
    "float_type": "Must be a number.",
    "bool_type": "Must be true or false.",
    "dict_type": "Must be an object.",
    "list_type": "Must be a list.",
}
_LENGTHS = {
    "string_too_long": "At most {max_length} characters; this has {has}.",
    "too_long": "At most {max_length}; this has {has}.",
    "too_short": "At least {min_length}; this has {has}.",
}


class Shape(BaseModel):
    """What comes in: every name known, every type exact (`"5"` is no number, `true` no 1)."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)


class Nothing(Shape):
    """A body without fields: leave it out or send {}."""


class NoParameters(Shape):
    """A query without parameters."""


class Out(BaseModel):
    """What goes out; with a status of its own where it is not what the operation usually answers."""

    model_config = ConfigDict(frozen=True, populate_by_name=True)
    http_status: ClassVar[int | None] = None

    def headers(self) -> dict[str, str]:
        """Give the headers that say more about this object."""
        return {}


Instant = Annotated[
    datetime,
    PlainSerializer(to_text, return_type=str),
    WithJsonSchema({"type": "string", "format": "date-time", "description": "RFC 3339, in UTC with Z."}),
]
Seconds = Annotated[int, WithJsonSchema({"type": "integer", "minimum": 0})]


def read_shape(model: type[B], values: Mapping[str, Any], *, unknown: str) -> B:
    """Give the values as the model; raise Invalid with every fault, unknown names under the code `unknown`."""
    try:
        return model.model_validate(dict(values), context=unknown)
    except ValidationError as error:
        found = error.errors(include_url=False)[:MOST_FAULTS]
    fields: dict[str, list[FieldError]] = {}
    for detail in found:
        path = ".".join(str(step)[:80] for step in detail["loc"])
        fields.setdefault(path, []).append(_fault(model, detail, unknown))
    raise Invalid("The request was not accepted; see the fields.", fields=fields)


def _fault(model: type[Shape], detail: ErrorDetails, unknown: str) -> FieldError:
    kind = detail["type"]
    if kind == "extra_forbidden":
        return FieldError(unknown, _unknown_name(model, str(detail["loc"][-1]), unknown))
    code = _CODES.get(kind, "type" if kind.endswith("_type") else kind)
    if kind == "literal_error":
        expected = detail["ctx"]["expected"].replace("'", "")
        return FieldError(code, f"Must be one of: {expected}; not {shown(detail['input'])}.")
    message = _message(kind, detail)
    return FieldError(code, message if message.endswith((".", "?")) else f"{message}.")


def _message(kind: str, detail: ErrorDetails) -> str:
    if kind in _LENGTHS:
        return _LENGTHS[kind].format(**detail["ctx"], has=len(detail["input"]))
    return _SENTENCES.get(kind, detail["msg"].replace("Input should", "Must", 1).removeprefix("Value error, "))


def _unknown_name(model: type[Shape], name: str, code: str) -> str:
    known = [field.alias or own for own, field in model.model_fields.items()]
    close = difflib.get_close_matches(name[:80], known, n=1)
    word = "parameter" if code == PARAMETERS else "field"
    return f"There is no such {word}; did you mean {close[0]}?" if close else f"There is no such {word}."
