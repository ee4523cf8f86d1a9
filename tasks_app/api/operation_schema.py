"""How an operation describes itself to drf-spectacular: everything comes from the shapes that it reads and writes."""

import re
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from drf_spectacular.utils import OpenApiParameter, OpenApiResponse, extend_schema
from pydantic import BaseModel, Field

from tasks_app.api.shape import NoParameters, Nothing, Shape

if TYPE_CHECKING:
    from tasks_app.api.endpoint import Operation


class Fault(BaseModel):
    """One thing wrong with one field."""

    code: str = Field(description="For programs; it stays.")
    message: str = Field(description="For people; it may change.")
    position: int | None = Field(None, description="Where in the given text it is wrong, counted from 0; or absent.")
    suggestion: Any = Field(None, description="What may be given in place of the whole field; or absent.")
    suggestions: list[Any] | None = Field(None, description="Several, where more than one may be meant; or absent.")
    timezone: str | None = Field(None, description="The zone that belongs to the suggestion; or absent.")


class ErrorDetail(BaseModel):
    """What went wrong."""

    code: str
    message: str
    fields: dict[str, list[Fault]] = Field(description="Faults by the path of their field, such as payload.width.")
    request_id: str


class Error(BaseModel):
    """The shape of every error."""

    error: ErrorDetail


def described(one: "Operation") -> Callable[[Any], Any]:
    """Give the decorator that tells the schema about the operation."""
    doc = (one.function.__doc__ or "").strip()
    return extend_schema(
        operation_id=one.name,
        summary=_first_words(doc) or one.name,
        description=" ".join(doc.split()),
        parameters=[*_parameters(one.query), *_headers(one)],
        request=None if one.body is Nothing else one.body,
        responses={
            **{status: _answer(shape) for status, shape in ((one.status, one.answer), *one.others.items())},
            "4XX": OpenApiResponse(Error, "Refused; see error.code and error.fields."),
            "5XX": OpenApiResponse(Error, "It failed here, or the database is away (503)."),
        },
    )


def _first_words(doc: str) -> str:
    return re.split(r"[.:;]|, ", doc, maxsplit=1)[0].replace("`", "")


def _answer(shape: type[BaseModel] | None) -> OpenApiResponse:
    if shape is None:
        return OpenApiResponse(description="Done; no content.")
    return OpenApiResponse(shape, (shape.__doc__ or "").strip().splitlines()[0])


def _parameters(query: type[Shape]) -> list[OpenApiParameter]:
    if query is NoParameters:
        return []
    schema = query.model_json_schema()
    required = schema.get("required", [])
    return [
        OpenApiParameter(name, _plain(shape), required=name in required, description=shape.get("description", ""))
        for name, shape in schema.get("properties", {}).items()
    ]


def _plain(shape: dict[str, Any]) -> dict[str, Any]:
    """Leave out what a parameter cannot say: that it may be null means only that it may be absent."""
    kept = {name: value for name, value in shape.items() if name not in ("title", "description")}
    options = [one for one in kept.pop("anyOf", []) if one.get("type") != "null"]
    if kept.get("default", 0) is None:
        kept.pop("default")
    return {**kept, **(options[0] if options else {})}


def _headers(one: "Operation") -> list[OpenApiParameter]:
    found = []
    if one.is_idempotent:
        text = "The same key again within 24 hours does nothing twice and gives the first answer again."
        found.append(OpenApiParameter("Idempotency-Key", str, OpenApiParameter.HEADER, description=text))
    if one.reads_if_match:
        text = 'The version that you have read, in quotes ("3"); 412 when the task has changed since.'
        found.append(OpenApiParameter("If-Match", str, OpenApiParameter.HEADER, description=text))
    return found
