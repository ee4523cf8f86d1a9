"""A service with one list in pages, each made ready beforehand, so that what is measured is the reader."""

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

PAGE = 1_000


class ListService(ThreadingHTTPServer):
    """The pages, by number."""

    daemon_threads = True
    pages: list[bytes]

    def fill(self, records: int, *, changed_every: int = 0) -> None:
        """Make the pages; every n-th record is another one than usual."""
        rows = [_record(number, bool(changed_every) and number % changed_every == 0) for number in range(records)]
        self.pages = [json.dumps(rows[start : start + PAGE]).encode() for start in range(0, records, PAGE)]

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}/list"


def _record(number: int, is_changed: bool) -> dict[str, Any]:
    return {
        "id": number,
        "sku": f"ART-{number:08}",
        "name": f"Article number {number}",
        "price": round(number * 0.37 + is_changed, 2),
        "stock": number % 977,
        "tags": ["blue", "large"] if number % 3 else [],
        "supplier": {"id": number % 50, "name": f"Supplier {number % 50}"},
        "updated_at": f"2026-11-{1 + number % 28:02}T09:00:00Z",
    }


class _Answers(BaseHTTPRequestHandler):
    server: ListService

    def do_GET(self) -> None:
        number = int(parse_qs(urlsplit(self.path).query).get("page", ["1"])[0])
        body = self.server.pages[number - 1] if number <= len(self.server.pages) else b"[]"
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: Any) -> None:
        """Say nothing."""


@contextmanager
def list_service() -> Iterator[ListService]:
    """Run it on loopback until the block ends."""
    service = ListService(("127.0.0.1", 0), _Answers)
    threading.Thread(target=service.serve_forever, daemon=True).start()
    try:
        yield service
    finally:
        service.shutdown()
        service.server_close()
