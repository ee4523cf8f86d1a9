"""Ways to call the tests' service."""

from typing import Any

import httpcore

from tasks_app.services.outbound import Answer, Call, send
from tasks_app.services.outbound.addresses import is_public
from tests.kinds.service import Service


def call(url: str, **options: object) -> Call:
    return Call(**{"method": "GET", "url": url, "timeout_seconds": 5, **options})  # type: ignore[arg-type]  # by name


def get(service: Service, path: str, **options: object) -> Answer:
    return send(call(service.url(path), **options), allow_private=True)


PUBLIC_HOME = "93.184.216.34"


class Wire(httpcore.SyncBackend):
    """Leads one public address to the test's service, and every other where it really leads."""

    def __init__(self, port: int) -> None:
        self.port = port

    def connect_tcp(self, host: str, port: int, *rest: Any, **options: Any) -> httpcore.NetworkStream:
        assert is_public(host), "connected to what was not checked"
        assert host == PUBLIC_HOME, "connected to a stranger"
        return super().connect_tcp("127.0.0.1", self.port, *rest, **options)


def from_public(service: Service, url: str) -> Answer:
    return send(
        call(url, follow_redirects=True),
        allow_private=False,
        resolve=lambda host, port: ["127.0.0.1"] if host == "inside.example" else [PUBLIC_HOME],
        wire=Wire(service.port),
    )
