"""Tables that are written while they are sent: CSV and JSON lines, page by page."""

from collections.abc import AsyncIterator, Callable, Iterable, Iterator, Sequence
from io import BytesIO
from typing import Any

from asgiref.sync import sync_to_async
from django.core.handlers.asgi import ASGIRequest
from django.http import HttpRequest, StreamingHttpResponse

from tasks_app.kinds.csv_file import write_csv
from tasks_app.kinds.jsonl_file import write_jsonl

FORMATS = {"csv": "text/csv; charset=utf-8", "jsonl": "application/jsonl"}
Rows = Sequence[Sequence[Any]]


def streamed_table(
    request: HttpRequest, *, name: str, format: str, columns: Sequence[str], pages: Iterable[Rows]
) -> StreamingHttpResponse:
    """Answer with a file of this format; the names of the columns stand above the first row of a CSV."""
    return streamed(request, _pieces(columns, pages, format), name=f"{name}.{format}", content_type=FORMATS[format])


def streamed(request: HttpRequest, pieces: Iterator[bytes], *, name: str, content_type: str) -> StreamingHttpResponse:
    """Answer with a file that is made while it is sent, to be saved and never shown."""
    # Under ASGI Django would read a plain iterator to its end before sending a byte.
    is_async = isinstance(request, ASGIRequest)
    response = StreamingHttpResponse(_later(pieces) if is_async else pieces, content_type=content_type)
    response["Content-Disposition"] = f'attachment; filename="{name}"'
    response["X-Content-Type-Options"] = "nosniff"
    return response


def _pieces(columns: Sequence[str], pages: Iterable[Rows], format: str) -> Iterator[bytes]:
    if format == "jsonl":
        for page in pages:
            yield _written(write_jsonl, columns, page)
        return
    head = _written(write_csv, columns, [])
    yield head
    for page in pages:
        yield _written(write_csv, columns, page)[len(head) :]


def _written(write: Callable[..., Any], columns: Sequence[str], rows: Rows) -> bytes:
    stream = BytesIO()
    write(stream, columns, [rows] if rows else [])
    return stream.getvalue()


async def _later(pieces: Iterator[bytes]) -> AsyncIterator[bytes]:
    """Read in the thread of the request, which has the connection to the database."""
    while (piece := await sync_to_async(lambda: next(pieces, None))()) is not None:
        yield piece
