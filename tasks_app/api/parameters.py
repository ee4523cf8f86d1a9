"""Query parameters: each at most once, each known, each exactly of its type."""

import re
import unicodedata
import uuid
from datetime import date, datetime
from typing import Annotated, Any, TypeVar
from zoneinfo import ZoneInfo

from django.http import QueryDict
from pydantic import AfterValidator, BeforeValidator, Field, ValidationInfo, WithJsonSchema
from pydantic_core import PydanticCustomError

from tasks_app.api.instants import reachable, sentence
from tasks_app.api.shape import PARAMETERS, Shape, read_shape
from tasks_app.errors import FieldError, Invalid
from tasks_app.recurrence.moments import Unreadable, read_instant
from tasks_app.services.strict_json import shown

Q = TypeVar("Q", bound=Shape)
LONGEST = 4000
MAX_PAGE_SIZE = 200
_WHOLE = re.compile(r"-?\d{1,9}", re.ASCII)
_DAY = re.compile(r"\d{4}-\d\d-\d\d", re.ASCII)
_UUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.ASCII)
_UTC = ZoneInfo("UTC")


def read_query(model: type[Q], query: QueryDict) -> Q:
    """Give the parameters as the model; raise Invalid with every fault."""
    faults: dict[str, list[FieldError]] = {}
    for name, values in query.lists():
        if len(values) > 1:
            faults[name[:80]] = [FieldError("repeated", "Give this parameter once.")]
        elif fault := _fault_in(values[0]):
            faults[name[:80]] = [fault]
    if faults:
        raise Invalid("The parameters were not accepted; see the fields.", fields=faults)
    return read_shape(model, query.dict(), unknown=PARAMETERS)


def _fault_in(text: str) -> FieldError | None:
    if len(text) > LONGEST:
        return FieldError("too_long", f"At most {LONGEST} characters.")
    if any(unicodedata.category(character) in ("Cc", "Cs") for character in text):
        return FieldError("characters", "Must not contain control characters.")
    return None


def _whole(value: Any) -> int:
    if isinstance(value, int):
        return value
    if not _WHOLE.fullmatch(value):
        raise PydanticCustomError("type", "Must be a whole number.")
    return int(value)


def _flag(value: Any, info: ValidationInfo) -> bool:
    """A word in the address; in a body, where there are flags, no word is one."""
    if isinstance(value, bool):
        return value
    if info.context != PARAMETERS or value not in ("true", "false"):
        raise PydanticCustomError("type", "Must be true or false.")
    return bool(value == "true")


def _instant(value: Any) -> datetime:
    if isinstance(value, datetime):
        return value
    try:
        return reachable(read_instant(value, _UTC))
    except Unreadable as error:
        # What pydantic takes for a placeholder must not come from the value.
        raise PydanticCustomError("time_invalid", "{said}", {"said": sentence(error.problem.message)}) from None


def _day(value: Any) -> date:
    if isinstance(value, date):
        return value
    try:
        if not _DAY.fullmatch(value):
            raise ValueError(value)
        return date.fromisoformat(value)
    except ValueError:
        raise PydanticCustomError("date_invalid", "Must be a day such as 2027-05-14.") from None


def _identifier(value: Any) -> uuid.UUID:
    if isinstance(value, uuid.UUID):
        return value
    if not (isinstance(value, str) and _UUID.fullmatch(value)):
        raise PydanticCustomError("type", "Must be an id in its canonical form: a lowercase UUID with hyphens.")
    return uuid.UUID(value)


def whole(low: int, high: int) -> tuple[Any, ...]:
    """Give what makes a text a whole number: `Annotated[int, *whole(1, 200)]`."""
    return Field(ge=low, le=high), BeforeValidator(_whole)


def one_of(*words: str) -> tuple[Any, ...]:
    """Give what makes a text one of a few words: `Annotated[str, *one_of("a", "b")]`."""

    def check(value: str) -> str:
        if value not in words:
            said = f"Must be one of: {', '.join(words)}; not {shown(value)}."
            raise PydanticCustomError("unknown", "{said}", {"said": said})
        return value

    return AfterValidator(check), WithJsonSchema({"type": "string", "enum": list(words)})


Flag = Annotated[bool, BeforeValidator(_flag), WithJsonSchema({"type": "boolean"})]
Moment = Annotated[datetime, BeforeValidator(_instant), WithJsonSchema({"type": "string", "format": "date-time"})]
Day = Annotated[date, BeforeValidator(_day), WithJsonSchema({"type": "string", "format": "date"})]
Identifier = Annotated[uuid.UUID, BeforeValidator(_identifier), WithJsonSchema({"type": "string", "format": "uuid"})]
Word = Annotated[str, Field(max_length=200)]


class PageQuery(Shape):
    """A page of a short list."""

    page: Annotated[int, *whole(1, 1_000_000)] = 1
    page_size: Annotated[int, *whole(1, MAX_PAGE_SIZE)] = 50


class CursorQuery(Shape):
    """A page of a long list; `cursor` is out of `next` or `previous`."""

    cursor: Annotated[str, Field(max_length=LONGEST)] | None = None
    page_size: Annotated[int, *whole(1, MAX_PAGE_SIZE)] = 50
