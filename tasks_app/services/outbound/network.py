"""Connections to checked addresses only, under one deadline."""

import socket
import ssl
import threading
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any

import httpcore

from tasks_app.services.outbound.addresses import is_public
from tasks_app.services.outbound.urls import NotAllowed, unless_allowed

Resolver = Callable[[str, int], list[str]]
HEAD_TOO_LARGE = "the head of the answer is too large"
MAX_HEAD_BYTES = 64 * 1024
# A chunk of one byte takes six on the wire.
_WRAPPING = 8
_PIECE = 16 * 1024


def system_resolver(host: str, port: int) -> list[str]:
    """Ask the system for every address of a host."""
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return list(dict.fromkeys(str(entry[4][0]) for entry in found))


@dataclass(frozen=True)
class Deadline:
    """The one moment by which everything must have happened, whatever each step may take."""

    at: float

    @classmethod
    def after(cls, seconds: float) -> "Deadline":
        """Start counting now."""
        return cls(time.monotonic() + seconds)

    def left(self, error: type[Exception]) -> float:
        """Give the seconds that are left, or raise."""
        seconds = self.at - time.monotonic()
        if seconds <= 0:
            raise error("the time for the whole request is over")
        return seconds


@dataclass
class Allowance:
    """How many bytes may still come from the wire: at first for the head of the answer alone.

    h11 bounds one incomplete head, but not how many heads of 1xx come before it, nor what wraps the chunks of a body.
    """

    left: int = MAX_HEAD_BYTES
    words: str = HEAD_TOO_LARGE

    def for_body(self, max_bytes: int) -> None:
        """The head is over: allow a body of that size, wrapped as wastefully as can be."""
        self.left = MAX_HEAD_BYTES + max_bytes * _WRAPPING
        self.words = "the answer is too large on the wire"


@dataclass
class CheckedBackend(httpcore.NetworkBackend):
    """Resolves once, checks every address, and connects to what it has checked.

    httpcore keeps the URL's host for the Host header and TLS, so only the socket's peer is ours to choose.
    """

    deadline: Deadline
    allow_private: bool
    resolve: Resolver
    wire: httpcore.NetworkBackend
    allowance: Allowance = field(default_factory=Allowance)

    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[Any] | None = None,
    ) -> httpcore.NetworkStream:
        """Open a connection to the first checked address that answers."""
        error: Exception = httpcore.ConnectError(f"{host} has no address")
        addresses = self._checked(host, port)
        for position, address in enumerate(addresses):
            try:
                # Shared out, so that one that stays silent leaves time for the next.
                left = self.deadline.left(httpcore.ConnectTimeout) / (len(addresses) - position)
                stream = self.wire.connect_tcp(address, port, left, local_address, socket_options)
            except (httpcore.ConnectError, httpcore.ConnectTimeout) as failure:
                error = failure
            else:
                self.allowance = Allowance()
                return _Stream(stream, self.deadline, self.allowance)
        raise error

    def _checked(self, host: str, port: int) -> list[str]:
        addresses = self._resolved(host, port)
        # One inside address among public ones is enough: it is how a name is made to point inside.
        if not self.allow_private and not all(map(is_public, addresses)):
            raise NotAllowed(f"{host} leads to a private or reserved address{unless_allowed()}.")
        return addresses

    def _resolved(self, host: str, port: int) -> list[str]:
        """Resolve in a thread of its own, because the system's resolver knows no deadline."""
        answers: list[list[str]] = []
        failures: list[Exception] = []

        def work() -> None:
            try:
                answers.append(self.resolve(host, port))
            except (OSError, UnicodeError) as error:
                failures.append(error)

        thread = threading.Thread(target=work, name="resolver", daemon=True)
        thread.start()
        thread.join(self.deadline.left(httpcore.ConnectTimeout))
        if failures:
            raise httpcore.ConnectError(f"{host} was not found: {failures[0]}")
        if not answers:
            raise httpcore.ConnectTimeout(f"{host} was not resolved in time")
        return answers[0]


class _Stream(httpcore.NetworkStream):
    """A connection whose every step ends by the deadline, so that a trickle can't hold a worker."""

    def __init__(self, inner: httpcore.NetworkStream, deadline: Deadline, allowance: Allowance) -> None:
        self._inner = inner
        self._deadline = deadline
        self._allowance = allowance

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        if self._allowance.left <= 0:
            raise httpcore.RemoteProtocolError(self._allowance.words)
        data = self._inner.read(max_bytes, self._deadline.left(httpcore.ReadTimeout))
        self._allowance.left -= len(data)
        return data

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        # Piece by piece: the timeout starts anew with every bit that a slow reader takes of one write.
        for start in range(0, len(buffer), _PIECE):
            self._inner.write(buffer[start : start + _PIECE], self._deadline.left(httpcore.WriteTimeout))

    def start_tls(
        self, ssl_context: ssl.SSLContext, server_hostname: str | None = None, timeout: float | None = None
    ) -> httpcore.NetworkStream:
        left = self._deadline.left(httpcore.ConnectTimeout)
        inner = self._inner.start_tls(ssl_context, server_hostname, left)
        return _Stream(inner, self._deadline, self._allowance)

    def get_extra_info(self, info: str) -> Any:
        return self._inner.get_extra_info(info)

    def close(self) -> None:
        self._inner.close()
