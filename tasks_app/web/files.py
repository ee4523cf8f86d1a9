"""Downloads: by a signed link, or by the owner who is signed in."""

from collections.abc import AsyncIterator, Iterator
from uuid import UUID

from asgiref.sync import sync_to_async
from django.contrib.auth.decorators import login_required
from django.core.files import File
from django.core.handlers.asgi import ASGIRequest
from django.http import Http404, HttpRequest, StreamingHttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import get_object_or_404, render
from django.utils.http import content_disposition_header
from django.views.decorators.http import require_safe

from tasks_app.errors import NotFound
from tasks_app.models import StoredFile
from tasks_app.selectors.access import visible_files
from tasks_app.services.files import LinkExpired, file_from_token, file_open

CHUNK_BYTES = 256 * 1024


@require_safe
def file_link(request: HttpRequest, token: str) -> HttpResponseBase:
    """Hand out the file of a signed link; the link itself is the permission."""
    try:
        return _attachment(request, file_from_token(token))
    except LinkExpired:
        return _unstored(render(request, "pages/link_expired.html", status=410))
    except NotFound as error:
        raise Http404(error.message) from None


@require_safe
@login_required
def file_download(request: HttpRequest, file_id: UUID) -> HttpResponseBase:
    """Hand out a file to its owner or to staff; for anybody else it does not exist."""
    file = get_object_or_404(visible_files(request.user), pk=file_id)
    try:
        return _attachment(request, file)
    except NotFound as error:
        raise Http404(error.message) from None


def _attachment(request: HttpRequest, file: StoredFile) -> HttpResponseBase:
    opened = file_open(file)
    # Under ASGI Django would read a plain iterator to its end before sending a byte.
    chunks = _AsyncChunks(opened) if isinstance(request, ASGIRequest) else _Chunks(opened)
    response = StreamingHttpResponse(chunks, content_type=file.content_type)
    response["Content-Length"] = str(opened.size)
    response["Content-Disposition"] = content_disposition_header(True, file.name) or "attachment"
    # Whatever a report holds, a browser neither guesses its type nor runs it.
    response["X-Content-Type-Options"] = "nosniff"
    response["Content-Security-Policy"] = "default-src 'none'; sandbox"
    return _unstored(response)


def _unstored(response: HttpResponseBase) -> HttpResponseBase:
    response["Cache-Control"] = "private, no-store"
    response["Referrer-Policy"] = "no-referrer"
    return response


class _Chunks:
    """A file in pieces; the response closes it, also when nobody has read it."""

    def __init__(self, file: "File[bytes]") -> None:
        self._file = file

    def __iter__(self) -> Iterator[bytes]:
        while chunk := self._file.read(CHUNK_BYTES):
            yield chunk

    def close(self) -> None:
        self._file.close()


class _AsyncChunks:
    """The same for an event loop: it reads in a thread."""

    def __init__(self, file: "File[bytes]") -> None:
        self._file = file

    async def __aiter__(self) -> AsyncIterator[bytes]:
        while chunk := await sync_to_async(self._file.read, thread_sensitive=False)(CHUNK_BYTES):
            yield chunk

    def close(self) -> None:
        self._file.close()
