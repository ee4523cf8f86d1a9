"""The audit log: reading it, and exporting what the filters leave."""

from functools import partial
from typing import Annotated, Any

from django.http import StreamingHttpResponse
from django.utils import timezone
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, OpenApiResponse, extend_schema
from pydantic import Field
from rest_framework.request import Request

from tasks_app.api.call import Call
from tasks_app.api.endpoint import Endpoint, operation
from tasks_app.api.operation_schema import Error
from tasks_app.api.parameters import CursorQuery, Moment, Word, one_of, read_query
from tasks_app.api.shape import Instant, Out, Shape
from tasks_app.api.walked_pages import WalkedPage, walked_by_cursor
from tasks_app.kinds.streamed import FORMATS, streamed_table
from tasks_app.models import AuditEntry
from tasks_app.selectors.access import Person
from tasks_app.selectors.audit import AuditFilters, audit_pages, audit_search, shows_address
from tasks_app.selectors.audit_walk import audit_find
from tasks_app.services import audit

_SAME = (
    *("at", "actor", "address", "request_id", "action", "outcome", "object_type", "object_id", "object_name"),
    *("before", "after", "note", "position", "digest"),
)
_COLUMNS = ("id", *_SAME)
_REFUSED = OpenApiResponse(Error, "Refused; see error.code and error.fields.")


class _Narrowed(Shape):
    """What the log is narrowed to."""

    actor: Word = Field("", description="A part of who did it: user:alice, key:alice/ci, command:restore.")
    action: Word = Field("", description="What was done: task.update, sign_in; or all of a kind: task.*, sign_in.*.")
    object_type: Word = Field("", description="task, run, user, credential, …")
    object: Word = Field("", description="The id of what it was done with.")
    outcome: Annotated[str, *one_of("", *AuditEntry.Outcome.values)] = ""
    search: Word = Field("", description="A part of the name or note; or an id, request id or address.")
    at_from: Moment | None = Field(None, alias="from", description="Not before.")
    at_to: Moment | None = Field(None, alias="to", description="Before.")

    def filters(self) -> AuditFilters:
        """Give them as the selector takes them."""
        return AuditFilters(**{name: getattr(self, name) for name in _Narrowed.model_fields})


class AuditQuery(_Narrowed, CursorQuery):
    """A page of the log."""


class ExportQuery(_Narrowed):
    """An export of the log."""

    format: Annotated[str, *one_of(*FORMATS)] = "csv"


class Entry(Out):
    """One change, one sensitive read, or one refusal."""

    id: str
    at: Instant
    actor: str
    address: str | None = Field(description="From where; of others' doings only for those who see the whole log.")
    request_id: str | None
    action: str
    outcome: str = Field(description="done or refused.")
    object_type: str | None
    object_id: str | None
    object_name: str | None
    before: dict[str, Any] = Field(description="What differs, as it was; secrets are masked.")
    after: dict[str, Any] = Field(description="What differs, as it is since.")
    note: str | None
    position: int | None = Field(description="Its place in the chain; null until it is sealed, some seconds later.")
    digest: str | None = Field(description="HMAC-SHA256 of the entry and the digest before it.")


class EntryPage(WalkedPage[Entry]):
    """Entries, the newest first."""


class AuditLog(Endpoint):
    """The entries that the caller may see."""

    @operation("audit_list")
    def get(self, call: Call, query: AuditQuery) -> EntryPage:
        """List entries: all with the permission `see_audit`, otherwise your own doings and what happened to yours."""
        find = partial(audit_find, call.user, query.filters())
        return EntryPage(**walked_by_cursor(call, query, find, partial(_out, call.user)))


class AuditExport(Endpoint):
    """The same as a file."""

    @extend_schema(
        operation_id="audit_export",
        summary="Export the audit log",
        description="All entries that match, newest first, as CSV or JSON lines. The export is itself an entry.",
        parameters=[
            OpenApiParameter(field.alias or name, str, description=field.description or "")
            for name, field in ExportQuery.model_fields.items()
        ],
        responses={
            (200, "text/csv"): OpenApiResponse(OpenApiTypes.BINARY, "One row per entry."),
            (200, "application/jsonl"): OpenApiResponse(OpenApiTypes.BINARY, "One object per line."),
            "4XX": _REFUSED,
        },
    )
    def get(self, request: Request) -> StreamingHttpResponse:
        """Stream every entry that matches."""
        call, query = Call.of(request), read_query(ExportQuery, request.query_params)
        asked = {name: value for name, value in request.query_params.items() if value}
        audit.note("audit.export", kind="audit", name=query.format, after=asked)
        pages = audit_pages(audit_search(call.user, query.filters()))
        return streamed_table(
            request._request,
            name=f"audit-{timezone.now():%Y-%m-%dT%H%M%SZ}",
            format=query.format,
            columns=_COLUMNS,
            pages=([_row(call.user, entry) for entry in page] for page in pages),
        )


def _row(user: Person, entry: AuditEntry) -> list[Any]:
    values = {name: getattr(entry, name) for name in _COLUMNS}
    if not shows_address(user, entry):
        values["address"] = ""
    return list(values.values())


def _out(user: Person, row: AuditEntry) -> Entry:
    values: dict[str, Any] = {name: getattr(row, name) for name in _SAME}
    if not shows_address(user, row):
        values["address"] = ""
    return Entry(id=str(row.id), **{name: None if value == "" else value for name, value in values.items()})
