"""What the tests' HTTP service does, by the first word of the path, and what it remembers."""

import gzip
import json
import socket
import threading
from dataclasses import dataclass
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
    query: dict[str, str]


class Paths(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: "Server"

    def _answer(self) -> None:
        length = int(self.headers.get("Content-Length") or 0)
        headers = {name.lower(): value for name, value in self.headers.items()}
        url = urlsplit(self.path)
        query = {name: values[0] for name, values in parse_qs(url.query, keep_blank_values=True).items()}
        name = url.path.strip("/").split("/")[0] or "text"
        # One that looks at no body must not wait for it.
        body = b"" if name in ("early", "sip", "discard") else self.rfile.read(length)
        self.server.asked.append(Asked(self.command, url.path, headers, body, query))
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
        names = ("date", "etag", "last_modified", "location", "retry_after") if "each" in query else ()
        headers = {name: query["each"].encode().decode("latin-1") * 1000 for name in names}
        body = bytes.fromhex(query["hex"]) * int(query.get("times", 1))
        self._send(200, body, content_type=query["type"], **headers)

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

    def _hold(self, query: dict[str, str]) -> None:
        """Take a request and let it wait for its answer; answer it when it comes again."""
        key = self.headers.get("Idempotency-Key")
        if sum(asked.headers.get("idempotency-key") == key for asked in self.server.asked) == 1:
            self.server.closing.wait(60)
        else:
            self._json(query)

    def _drop(self, query: dict[str, str]) -> None:
        self.connection.shutdown(socket.SHUT_RDWR)

    def _garbage(self, query: dict[str, str]) -> None:
        self.wfile.write(b"\x00\x01 this is not HTTP\r\n\r\n")

    def _headers(self, query: dict[str, str]) -> None:
        self._send(200, b"", **{f"x_{number}": "y" * 1000 for number in range(int(query.get("count", 1000)))})

    def _many(self, query: dict[str, str]) -> None:
        self._send(200, b"", **{f"x_{number}": "y" for number in range(int(query["count"]))})

    def _interim(self, query: dict[str, str]) -> None:
        """Head after head, and never the one that counts."""
        while not self.server.closing.is_set():
            self.server.sent_bytes += self.wfile.write(b"HTTP/1.1 103 Early Hints\r\nX-A: " + b"y" * 1000 + b"\r\n\r\n")

    def _switch(self, query: dict[str, str]) -> None:
        self.wfile.write(b"HTTP/1.1 101 Switching Protocols\r\nConnection: upgrade\r\nUpgrade: x\r\n\r\nother words")
        self.server.closing.wait(20)

    def _line(self, query: dict[str, str]) -> None:
        """One header without an end."""
        self.wfile.write(b"HTTP/1.1 200 OK\r\nX-A: ")
        while not self.server.closing.is_set():
            self.server.sent_bytes += self.wfile.write(b"y" * 10_000)

    def _drip(self, query: dict[str, str]) -> None:
        self.wfile.write(b"HTTP/1.1 200 OK\r\nX-A: ")
        while not self.server.closing.wait(0.05):
            self.wfile.write(b"y")

    def _wrapped(self, query: dict[str, str]) -> None:
        """Chunks of one byte in kilobytes of wrapping."""
        self.wfile.write(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
        while not self.server.closing.is_set():
            self.server.sent_bytes += self.wfile.write(b"1;a=" + b"y" * 50_000 + b"\r\nx\r\n")

    def _chunked(self, query: dict[str, str]) -> None:
        self.wfile.write(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
        size = int(query.get("size", 1024))
        for _ in range(int(query["times"])):
            self.wfile.write(b"%x\r\n%s\r\n" % (size, b"x" * size))
        self.wfile.write(b"0\r\n\r\n")

    def _short(self, query: dict[str, str]) -> None:
        self.wfile.write(b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhello")

    def _bomb(self, query: dict[str, str]) -> None:
        """Ten kilobytes that would unpack into ten million."""
        packed = gzip.compress(b"\0" * 10**7)
        self._send(200, packed, content_type="application/json", content_encoding="gzip")

    def _early(self, query: dict[str, str]) -> None:
        """An answer before the body was read, as of a gateway that takes no large ones."""
        self._send(413, b"too large")

    def _sip(self, query: dict[str, str]) -> None:
        """Take the body in sips."""
        while not self.server.closing.wait(0.005):
            self.rfile.read(65536)

    def _discard(self, query: dict[str, str]) -> None:
        """Take a body of any size and keep nothing of it."""
        left = int(self.headers["Content-Length"])
        while left and (piece := self.rfile.read(min(left, 65536))):
            left -= len(piece)
        self._send(200, b"{}", content_type="application/json")

    def _cookie(self, query: dict[str, str]) -> None:
        self._send(302, b"", set_cookie="session=1; Path=/", location="/text")

    def _guarded(self, query: dict[str, str]) -> None:
        """Open to the one token that the query names, and to no other."""
        is_known = self.headers.get("Authorization") == f"Bearer {query['token']}"
        if is_known and "then" in query:
            getattr(self, f"_{query['then']}")(query)
        else:
            self._send(200 if is_known else 401, b"{}", content_type="application/json")

    def _document(self, query: dict[str, str]) -> None:
        self._send(200, json.dumps(self.server.document).encode(), content_type="application/json")

    def _echo(self, query: dict[str, str]) -> None:
        headers = {name.lower(): value for name, value in self.headers.items()}
        etag = headers.get("x-api-key", "")
        self._send(200, json.dumps(headers).encode(), content_type="application/json", etag=etag)

    def _token(self, query: dict[str, str]) -> None:
        """A token endpoint of OAuth2: another token each time."""
        count = sum(asked.path == "/token" for asked in self.server.asked)
        body = json.dumps({"access_token": f"token-{count}", "token_type": "Bearer", "expires_in": 3600})
        self._send(200, body.encode(), content_type="application/json")

    def _redirect(self, query: dict[str, str]) -> None:
        self._send(int(query.get("code", 302)), b"", location=query["to"].encode().decode("latin-1"))

    def log_message(self, format: str, *args: Any) -> None:
        """Say nothing."""


class Server(ThreadingHTTPServer):
    daemon_threads = True
    block_on_close = False
    asked: list[Asked]
    sent_bytes = 0
    document: Any = None
    closing: threading.Event

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A client that hangs up early is part of the tests."""
