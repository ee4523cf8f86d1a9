"""Witnesses outside the database: a service records each Idempotency-Key, a mail server each Message-ID."""

import contextlib
import threading
import time
from collections.abc import Iterator
from email import message_from_bytes
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from uuid import UUID

from aiosmtpd.controller import Controller

from tests.faults.history import Sent
from tests.live.surroundings import free_port


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: "_Server"

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers.get("Content-Length") or 0))
        run_id = UUID(self.headers["X-Run"])
        self.server.sent.append(Sent(time.time(), self.headers["Idempotency-Key"], run_id))
        self.send_response(204)
        self.send_header("Connection", "close")
        self.end_headers()
        self.close_connection = True

    def log_message(self, *_: Any) -> None:
        """Say nothing."""


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    sent: list[Sent]


class Sink:
    """The service, and what it was sent."""

    def __init__(self, server: _Server) -> None:
        self._server = server
        self.url = f"http://127.0.0.1:{server.server_address[1]}/"

    @property
    def sent(self) -> list[Sent]:
        """Everything that has arrived so far."""
        return list(self._server.sent)


@contextlib.contextmanager
def running_sink() -> Iterator[Sink]:
    """Run the service for the block."""
    server = _Server(("127.0.0.1", 0), _Handler)
    server.sent = []
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
    thread.start()
    try:
        yield Sink(server)
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


class MailSink:
    """Takes every mail, or answers as `answers` says, oldest first; an empty answer drops the connection after DATA."""

    def __init__(self) -> None:
        self.message_ids: list[str] = []
        self.answers: list[str] = []
        self.port = free_port()

    async def handle_DATA(self, server: Any, session: Any, envelope: Any) -> str:
        """Take a message."""
        self.message_ids.append(message_from_bytes(envelope.content)["Message-ID"])
        answer = self.answers.pop(0) if self.answers else "250 OK"
        if not answer:
            server.transport.abort()
        return answer or "421 gone"


@contextlib.contextmanager
def running_mail_sink() -> Iterator[MailSink]:
    """Run the mail server for the block."""
    sink = MailSink()
    controller = Controller(sink, hostname="127.0.0.1", port=sink.port)
    controller.start()
    try:
        yield sink
    finally:
        controller.stop()
