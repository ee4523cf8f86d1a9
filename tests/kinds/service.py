"""A real HTTP service on loopback: it does what the path says and remembers what it was asked."""

import json
import socket
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit


@dataclass(frozen=True)
class Asked:
    """One request, as it arrived."""

    method: str
    path: str
    headers: dict[str, str]
    body: bytes


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: "_Server"

    def _answer(self) -> None:
        length = int(self.headers.get("Content-Length") or 0)
        headers = {name.lower(): value for name, value in self.headers.items()}
        url = urlsplit(self.path)
        self.server.asked.append(Asked(self.command, url.path, headers, self.rfile.read(length)))
        query = {name: values[0] for name, values in parse_qs(url.query).items()}
        name = url.path.strip("/").split("/")[0] or "text"
        getattr(self, f"_{name}")(query)
        self.close_connection = True

    do_GET = do_HEAD = do_POST = do_PUT = do_PATCH = do_DELETE = do_OPTIONS = _answer

    def _send(self, status: int, body: bytes = b"", **headers: str) -> None:
        self.send_response(status)
        for name, value in {"content_length": str(len(body)), "connection": "close", **headers}.items():
            self.send_header(name.replace("_", "-"), value)
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    def _text(self, query: dict[str, str]) -> None:
        self._send(200, b"hello", content_type="text/plain")

    def _json(self, query: dict[str, str]) -> None:
        self._send(200, query.get("body", '{"ok": true}').encode(), content_type="application/json")

    def _status(self, query: dict[str, str]) -> None:
        headers = {"retry_after": query["retry_after"]} if "retry_after" in query else {}
        status = int(query["code"]) if len(self.server.asked) <= int(query.get("times", 1_000)) else 200
        self._send(status, b"no", **headers)

    def _bytes(self, query: dict[str, str]) -> None:
        self._send(200, bytes.fromhex(query["hex"]) * int(query.get("times", 1)), content_type=query["type"])

    def _gzip(self, query: dict[str, str]) -> None:
        self._send(200, b"\x1f\x8b squeezed anyway", content_type="text/plain", content_encoding="gzip")

    def _huge(self, query: dict[str, str]) -> None:
        self.send_response(200)
        self.send_header("Content-Length", str(10**10))
        self.end_headers()
        sent = 0
        while sent < 10**8:
            sent += self.wfile.write(b"x" * 65536)
            self.server.sent_bytes = sent

    def _trickle(self, query: dict[str, str]) -> None:
        self.wfile.write(b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n")
        while not self.server.closing.wait(0.05):
            self.wfile.write(b".")

    def _silent(self, query: dict[str, str]) -> None:
        self.server.closing.wait(20)

    def _drop(self, query: dict[str, str]) -> None:
        self.connection.shutdown(socket.SHUT_RDWR)

    def _garbage(self, query: dict[str, str]) -> None:
        self.wfile.write(b"\x00\x01 this is not HTTP\r\n\r\n")

    def _headers(self, query: dict[str, str]) -> None:
        self._send(200, b"", **{f"x_{number}": "y" * 1000 for number in range(1000)})

    def _redirect(self, query: dict[str, str]) -> None:
        self._send(int(query.get("code", 302)), b"", location=query["to"].encode().decode("latin-1"))

    def log_message(self, format: str, *args: Any) -> None:
        """Say nothing."""


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    block_on_close = False
    asked: list[Asked]
    sent_bytes = 0
    closing: threading.Event

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A client that hangs up early is part of the tests."""


@dataclass
class Service:
    """Where it listens and what it heard."""

    host: str
    port: int
    server: _Server = field(repr=False)
    scheme: str = "http"

    def url(self, path: str = "/") -> str:
        return f"{self.scheme}://{self.host}:{self.port}{path}"

    @property
    def asked(self) -> list[Asked]:
        return self.server.asked

    @property
    def last(self) -> Asked:
        return self.server.asked[-1]

    @property
    def last_json(self) -> Any:
        return json.loads(self.last.body)


@contextmanager
def running(*, tls: ssl.SSLContext | None = None, host: str = "127.0.0.1") -> Iterator[Service]:
    """Run a service until the block ends."""
    server = _Server((host, 0), _Handler)
    server.asked = []
    server.closing = threading.Event()
    if tls is not None:
        server.socket = tls.wrap_socket(server.socket, server_side=True)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    try:
        yield Service(host, server.server_address[1], server, "https" if tls else "http")
    finally:
        server.closing.set()
        server.shutdown()
        server.server_close()
        thread.join()


class Trap:
    """A listener that nobody may reach; it counts who does."""

    def __init__(self) -> None:
        self._socket = socket.create_server(("127.0.0.1", 0))
        self._socket.setblocking(False)
        self.port: int = self._socket.getsockname()[1]

    def visits(self) -> int:
        """A connection is complete before it is accepted, so whoever came is here to be counted."""
        count = 0
        while True:
            try:
                self._socket.accept()[0].close()
            except BlockingIOError:
                return count
            count += 1

    def close(self) -> None:
        self._socket.close()
