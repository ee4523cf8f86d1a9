"""Files: what runs have left and people have uploaded."""

import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from functools import partial
from typing import Annotated

from django.conf import settings
from django.http import HttpRequest, UnreadablePostError
from django.http.response import HttpResponseBase
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, OpenApiResponse, extend_schema
from pydantic import Field
from rest_framework.request import Request
from rest_framework.response import Response

from tasks_app.api.call import Call
from tasks_app.api.endpoint import Endpoint, operation
from tasks_app.api.errors import Refused
from tasks_app.api.operation_schema import Error
from tasks_app.api.parameters import CursorQuery, Identifier, Word, one_of, read_query
from tasks_app.api.shape import Instant, Out, Shape
from tasks_app.api.walked_pages import WalkedPage, walked_by_cursor
from tasks_app.downloads import attachment
from tasks_app.models import StoredFile
from tasks_app.selectors.access import require_change
from tasks_app.selectors.files import FileFilters, file_find, file_get
from tasks_app.services.files import LINK_LIFETIME, file_delete, link_create
from tasks_app.services.uploads import UploadTooLarge, file_upload, too_large

CHUNK_BYTES = 256 * 1024
_REFUSED = OpenApiResponse(Error, "Refused; see error.code and error.fields.")


class FileQuery(CursorQuery):
    """What the list of files is narrowed to."""

    search: Word = Field("", description="A part of the name.")
    purpose: Annotated[str, *one_of(*StoredFile.Purpose.values)] = ""
    task: Identifier | None = None
    run: Identifier | None = None


class UploadQuery(Shape):
    """What is said of a file beside its bytes."""

    name: str = Field(max_length=1000, description="What the download is called; directories in it are dropped.")


class LinkIn(Shape):
    """How long a link lasts."""

    lifetime_seconds: int = Field(
        int(LINK_LIFETIME.total_seconds()), description="Up to 90 days. No link outlives its file."
    )


class FileOut(Out):
    """A stored file."""

    id: str
    name: str
    purpose: str = Field(description="report: left by a run; upload: brought by its owner; backup: staff only.")
    content_type: str = Field(description="What it is said to be. Uploads are downloaded as application/octet-stream.")
    size: int = Field(description="In bytes.")
    owner: str | None
    task: str | None
    run: str | None
    created_at: Instant
    expires_at: Instant | None

    def headers(self) -> dict[str, str]:
        """Give its address."""
        return {"Location": f"/api/files/{self.id}"}


class FilePage(WalkedPage[FileOut]):
    """Files, the newest first."""


class FileLink(Out):
    """A link that needs no sign-in: whoever has it can read the file until it ends."""

    url: str
    expires_at: Instant


class FileList(Endpoint):
    """The files that the caller may see."""

    @operation("file_list")
    def get(self, call: Call, query: FileQuery) -> FilePage:
        """List files, the newest first."""
        filters = FileFilters(search=query.search, purpose=query.purpose, task=query.task, run=query.run)
        return FilePage(**walked_by_cursor(call, query, partial(file_find, call.user, filters), file_out))

    @extend_schema(
        operation_id="file_upload",
        summary="Upload a file",
        description="The body is the file itself, not a form: `curl --data-binary @prices.csv`.",
        parameters=[OpenApiParameter("name", str, required=True, description="What the download is called.")],
        request={"application/octet-stream": OpenApiTypes.BINARY},
        responses={201: OpenApiResponse(FileOut, "A stored file."), "4XX": _REFUSED},
    )
    def post(self, request: Request) -> Response:
        """Store the bytes of the body as a file of the caller's."""
        call, name = Call.of(request), read_query(UploadQuery, request.query_params).name
        kind = request.headers.get("Content-Type", "")
        if kind.startswith("multipart/"):
            raise Refused(415, "Send the file's bytes as the body, not as a form.")
        chunks = _body(request._request)
        with _refusals():
            file = file_upload(owner=call.user, name=name, content_type=kind, chunks=chunks)
        shape = file_out(file)
        return Response(shape.model_dump(mode="json"), status=201, headers=shape.headers())


class FileObject(Endpoint):
    """One file."""

    @operation("file_get")
    def get(self, call: Call, file_id: uuid.UUID) -> FileOut:
        """Tell about a file."""
        return file_out(file_get(call.user, file_id))

    @operation("file_delete", status=204)
    def delete(self, call: Call, file_id: uuid.UUID) -> None:
        """Delete a file for good; links to it end."""
        with _refusals():
            file_delete(_own(call, file_id))


class FileContent(Endpoint):
    """What is in a file."""

    @extend_schema(
        operation_id="file_content",
        summary="Download a file",
        responses={
            (200, "application/octet-stream"): OpenApiResponse(OpenApiTypes.BINARY, "The file's bytes."),
            "4XX": _REFUSED,
        },
    )
    def get(self, request: Request, file_id: uuid.UUID) -> HttpResponseBase:
        """Give the file's bytes, to be saved."""
        with _refusals():
            return attachment(request._request, file_get(Call.of(request).user, file_id))


class FileLinks(Endpoint):
    """Links to a file."""

    @operation("file_link", status=201)
    def post(self, call: Call, body: LinkIn, file_id: uuid.UUID) -> FileLink:
        """Make a link that needs no sign-in and ends; it cannot be taken back but by deleting the file."""
        lifetime = timedelta(seconds=min(max(body.lifetime_seconds, 0), 10**9))
        url, end = link_create(file=_own(call, file_id), lifetime=lifetime)
        return FileLink(url=url, expires_at=end)


def file_out(file: StoredFile) -> FileOut:
    """Write a file for the outside; where it lies in storage is nobody's business."""
    same = ("name", "purpose", "content_type", "size", "created_at", "expires_at")
    return FileOut(
        id=str(file.pk),
        owner=file.owner.get_username() if file.owner else None,
        task=str(file.task_id) if file.task_id else None,
        run=str(file.run_id) if file.run_id else None,
        **{name: getattr(file, name) for name in same},
    )


def _body(request: HttpRequest) -> Iterator[bytes]:
    """Give the body in pieces; what says beforehand that it is too large is not read at all."""
    declared = request.META.get("CONTENT_LENGTH") or "0"
    if declared.isdigit() and int(declared) > settings.UPLOAD_MAX_BYTES:
        raise too_large(settings.UPLOAD_MAX_BYTES)
    while chunk := request.read(CHUNK_BYTES):
        yield chunk


@contextmanager
def _refusals() -> Iterator[None]:
    """Say what storage and the size of an upload have to say; a caller who has gone is not storage's fault."""
    try:
        yield
    except UploadTooLarge as error:
        raise Refused(413, error.message, code=error.error_code, fields=error.fields) from None
    except UnreadablePostError:
        raise
    except OSError:
        raise Refused(503, "The file storage does not answer right now; try again.") from None


def _own(call: Call, file_id: uuid.UUID) -> StoredFile:
    file = file_get(call.user, file_id)
    require_change(call.user, file.owner_id)
    return file
