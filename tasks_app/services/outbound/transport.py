"""An httpx transport on the checked network: one request, one connection, no proxy and nothing from the environment."""

import ssl
from collections.abc import Iterator
from contextlib import suppress
from functools import cache

import certifi
import httpcore
import httpx

from tasks_app.services.outbound.network import HEAD_TOO_LARGE, MAX_HEAD_BYTES, CheckedBackend

MAX_HEADERS = 200


@cache
def tls_context() -> ssl.SSLContext:
    """Trust what the system trusts (where companies add their own), and what certifi lists where it trusts nothing."""
    context = ssl.create_default_context()
    context.load_verify_locations(certifi.where())
    context.set_alpn_protocols(["http/1.1"])
    return context


class CheckedTransport(httpx.BaseTransport):
    """Sends through a `CheckedBackend`. Raises httpcore's errors as they are, and `NotAllowed`."""

    def __init__(self, backend: CheckedBackend, max_bytes: int) -> None:
        self._backend = backend
        self._max_bytes = max_bytes
        self._pool = httpcore.ConnectionPool(
            ssl_context=tls_context(), max_connections=1, max_keepalive_connections=0, network_backend=backend
        )

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        """Send; the body of the answer is still to be read."""
        assert isinstance(request.stream, httpx.SyncByteStream)
        url = request.url
        answer = self._pool.handle_request(
            httpcore.Request(
                method=request.method,
                url=httpcore.URL(scheme=url.raw_scheme, host=url.raw_host, port=url.port, target=url.raw_path),
                headers=request.headers.raw,
                content=request.stream,
            )
        )
        _check_size(answer.headers)
        self._backend.allowance.for_body(self._max_bytes)
        return httpx.Response(answer.status, headers=answer.headers, stream=_Body(answer))

    def close(self) -> None:
        """Drop the connection, read to its end or not."""
        with suppress(httpcore.NetworkError):
            self._pool.close()


def _check_size(headers: list[tuple[bytes, bytes]]) -> None:
    """Hold the answer to limits: h11 takes heads of more than 100 KiB, with any number of headers."""
    if len(headers) > MAX_HEADERS:
        raise httpcore.RemoteProtocolError(f"the answer has more than {MAX_HEADERS} headers")
    if sum(len(name) + len(value) for name, value in headers) > MAX_HEAD_BYTES:
        raise httpcore.RemoteProtocolError(HEAD_TOO_LARGE)


class _Body(httpx.SyncByteStream):
    def __init__(self, answer: httpcore.Response) -> None:
        self._answer = answer

    def __iter__(self) -> Iterator[bytes]:
        yield from self._answer.iter_stream()

    def close(self) -> None:
        self._answer.close()
