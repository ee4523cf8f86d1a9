"""Credentials for tests, and a token service."""

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from django.contrib.auth.models import User

from tasks_app.models import Credential
from tasks_app.services.credentials import credential_create

SECRET = "canary-0123456789-never-shown"
KINDS: dict[str, dict[str, Any]] = {
    "bearer": {},
    "basic": {"username": "robot"},
    "header": {"header": "X-Api-Key"},
    "oauth2": {"token_url": "https://login.example.com/token", "client_id": "carillon"},
    "signing": {},
}


def make_credential(owner: User, kind: str = "bearer", **fields: Any) -> Credential:
    """Make a credential for api.example.com."""
    values = {"name": "crm", "hosts": ["api.example.com"], "secret": SECRET, "details": KINDS[kind], **fields}
    return credential_create(owner=owner, kind=kind, actor="tests", **values)


class TokenService:
    """Answers POSTs at its address with `status` and `answer`, and remembers them."""

    def __init__(self, port: int) -> None:
        self.url = f"http://127.0.0.1:{port}/token"
        self.asked: list[tuple[dict[str, str], str]] = []
        self.status = 200
        self.answer: Any = {"access_token": "token-1", "token_type": "Bearer", "expires_in": 3600}
        self.location = ""


@contextmanager
def token_service() -> Iterator[TokenService]:
    """Run a token service on loopback."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length") or 0)).decode()
            service.asked.append(({name.lower(): value for name, value in self.headers.items()}, body))
            answer = service.answer if isinstance(service.answer, bytes) else json.dumps(service.answer).encode()
            self.send_response(service.status)
            if service.location:
                self.send_header("Location", service.location)
            self.send_header("Content-Length", str(len(answer)))
            self.end_headers()
            self.wfile.write(answer)

        def log_message(self, format: str, *args: Any) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    service = TokenService(server.server_address[1])
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    try:
        yield service
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
