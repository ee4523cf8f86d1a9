"""A real HTTP service on loopback: it does what the path says and remembers what it was asked."""

import json
import socket
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from tests.kinds.service_paths import Asked, Paths, Server


@dataclass
class Service:
    """Where it listens and what it heard."""

    host: str
    port: int
    server: Server = field(repr=False)
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
    server = Server((host, 0), Paths)
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
