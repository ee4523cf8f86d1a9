"""A service of the tests' own with one list of items, cut into pages in every style, and moods of every kind.

`/none`, `/link`, `/cursor` and `/page` give the items; `mood(n, …)` makes the n-th request answered in another way.
"""

import hashlib
import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

MODIFIED = "Mon, 23 Nov 2026 09:00:00 GMT"


@dataclass(frozen=True)
class Mood:
    """An answer out of turn; `delay` seconds late, and `cut` off before its end."""

    status: int = 200
    body: bytes = b""
    headers: dict[str, str] = field(default_factory=dict)
    delay: float = 0
    cut: bool = False


@dataclass(frozen=True)
class Request:
    """One request, as it arrived."""

    path: str
    query: dict[str, str]
    headers: dict[str, str]


@dataclass
class JsonApi:
    """The list, the moods, and what was asked.

    `most` caps what a page holds, whatever is asked for; `behind` says what comes behind the last one.
    """

    host: str = "127.0.0.1"
    port: int = 0
    items: list[Any] = field(default_factory=list)
    size: int = 10
    most: int = 1_000
    behind: str = "empty"
    has_etags: bool = True
    moods: dict[int, Mood] = field(default_factory=dict)
    asked: list[Request] = field(default_factory=list)
    delay: float = 0
    closing: threading.Event = field(default_factory=threading.Event)

    def url(self, path: str = "/none") -> str:
        return f"http://{self.host}:{self.port}{path}"

    def mood(self, number: int, **answer: Any) -> None:
        """Answer the n-th request from now on (1 is the next) otherwise."""
        self.moods[len(self.asked) + number] = Mood(**answer)

    @property
    def paths(self) -> list[str]:
        """The paths and page numbers that were asked for."""
        return [request.path + request.query.get("page", "") for request in self.asked]


class _Answers(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: "_Server"

    def do_GET(self) -> None:
        api = self.server.api
        url = urlsplit(self.path)
        query = {name: values[-1] for name, values in parse_qs(url.query).items()}
        api.asked.append(Request(url.path, query, {name.lower(): value for name, value in self.headers.items()}))
        mood = api.moods.pop(len(api.asked), None)
        api.closing.wait(mood.delay if mood else api.delay)
        if mood is not None:
            self._send(mood.status, mood.body, mood.headers, cut=mood.cut)
        else:
            getattr(self, f"_{url.path.strip('/')}")(api, query)
        self.close_connection = True

    def _none(self, api: JsonApi, query: dict[str, str]) -> None:
        self._list(api.items, {})

    def _link(self, api: JsonApi, query: dict[str, str]) -> None:
        page = int(query.get("page", "1"))
        more = page * api.size < len(api.items)
        link = f'</link?page=1>; rel="first", <{api.url(f"/link?page={page + 1}")}>; title="on"; rel="next"'
        self._list(self._slice(page - 1), {"Link": link} if more else {})

    def _cursor(self, api: JsonApi, query: dict[str, str]) -> None:
        start = int(query.get("after", "0"))
        end = start + api.size
        more = str(end) if end < len(api.items) else None
        self._list({"data": {"items": api.items[start:end]}, "meta": {"next": more}}, {})

    def _page(self, api: JsonApi, query: dict[str, str]) -> None:
        size = min(int(query.get("size", api.size)), api.most)
        last = max(1, -(-len(api.items) // size))
        number = int(query["page"])
        if number > last and api.behind.isdigit():
            self._send(int(api.behind), b'{"detail": "Invalid page."}', {})
            return
        number = min(number, last) if api.behind == "the last again" else number
        self._list(api.items[(number - 1) * size : number * size], {})

    def _slice(self, page: int) -> list[Any]:
        api = self.server.api
        return api.items[page * api.size : (page + 1) * api.size]

    def _list(self, document: Any, headers: dict[str, str]) -> None:
        body = json.dumps(document).encode()
        etag = f'"{hashlib.sha256(body).hexdigest()[:16]}"'
        headers = {"Content-Type": "application/json", **headers}
        if self.server.api.has_etags:
            headers |= {"ETag": etag, "Last-Modified": MODIFIED}
            if self.headers.get("If-None-Match") == etag:
                self._send(304, b"", headers)
                return
        self._send(200, body, headers)

    def _send(self, status: int, body: bytes, headers: dict[str, str], *, cut: bool = False) -> None:
        self.send_response(status)
        for name, value in {"Content-Length": str(len(body)), "Connection": "close", **headers}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body[: len(body) // 2] if cut else body)

    def log_message(self, format: str, *args: Any) -> None:
        """Say nothing."""


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    block_on_close = False
    api: JsonApi

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A client that hangs up early is part of the tests."""


@contextmanager
def json_api(items: list[Any] | None = None, **options: Any) -> Iterator[JsonApi]:
    """Run the service until the block ends."""
    api = JsonApi(items=items if items is not None else [], **options)
    server = _Server((api.host, 0), _Answers)
    server.api = api
    api.port = server.server_address[1]
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    try:
        yield api
    finally:
        api.closing.set()
        server.shutdown()
        server.server_close()
        thread.join()
