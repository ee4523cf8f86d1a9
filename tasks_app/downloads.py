"""Handing out a stored file through the web process: in pieces, to be saved and never to be shown."""

from collections.abc import AsyncIterator, Iterator

from asgiref.sync import sync_to_async
from django.core.files import File
from django.core.handlers.asgi import ASGIRequest
from django.http import HttpRequest, StreamingHttpResponse
from django.http.response import HttpResponseBase
from django.utils.http import content_disposition_header

from tasks_app.models import StoredFile
from tasks_app.services import audit
from tasks_app.services.files import file_open

CHUNK_BYTES = 256 * 1024


def attachment(request: HttpRequest, file: StoredFile) -> StreamingHttpResponse:
    """Answer with the file; raise `NotFound` when storage has lost it, OSError when storage does not answer.

    Whoever made the file has chosen its content, so a browser neither guesses its type nor runs it here. What somebody
    uploaded is bytes, whatever its type was said to be.
    """
    opened = file_open(file)
    audit.file_read(file)
    # Under ASGI Django would read a plain iterator to its end before sending a byte.
    chunks = _AsyncChunks(opened) if isinstance(request, ASGIRequest) else _Chunks(opened)
    is_upload = file.purpose == StoredFile.Purpose.UPLOAD
    response = StreamingHttpResponse(
        chunks, content_type="application/octet-stream" if is_upload else file.content_type
    )
    response["Content-Length"] = str(opened.size)
    response["Content-Disposition"] = content_disposition_header(True, file.name) or "attachment"
    response["X-Content-Type-Options"] = "nosniff"
    response["Content-Security-Policy"] = "default-src 'none'; sandbox"
    response["Cross-Origin-Resource-Policy"] = "same-origin"
    unstored(response)
    return response


def unstored(response: HttpResponseBase) -> HttpResponseBase:
    """Keep an answer, and the address with its signature, out of caches and other sites' logs."""
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
