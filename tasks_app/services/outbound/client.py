"""One request to a place that somebody else named, with every cap that such a thing needs."""

import re
import time
from collections.abc import Iterator
from contextlib import contextmanager

import httpcore
import httpx

from tasks_app.services import audit
from tasks_app.services.outbound.calls import Answer, Call, Misdirected, NotSent, Refused, Unclear
from tasks_app.services.outbound.network import HEAD_TOO_LARGE, CheckedBackend, Deadline, Resolver, system_resolver
from tasks_app.services.outbound.requests import first_request, next_request, redirect_target
from tasks_app.services.outbound.transport import CheckedTransport
from tasks_app.services.outbound.urls import NotAllowed

MAX_REDIRECTS = 3
_LONGEST_WORDS = 200
_H11_FULL = "Receive buffer too long"
_QUOTED = re.compile(r":? \(?(?:bytearray\()?b['\"]")


def send(
    call: Call,
    *,
    allow_private: bool,
    resolve: Resolver = system_resolver,
    wire: httpcore.NetworkBackend | None = None,
) -> Answer:
    """Send the call and read its answer; raise one of the errors above.

    `resolve` finds addresses and `wire` opens sockets to those that were checked; both are the system's by default.
    """
    deadline = Deadline.after(call.timeout_seconds)
    try:
        return _conduct(call, CheckedBackend(deadline, allow_private, resolve, wire or httpcore.SyncBackend()))
    except Refused as error:
        audit.address_refused(call.url, str(error))
        raise


def _conduct(call: Call, backend: CheckedBackend) -> Answer:
    started = time.monotonic()
    request = first_request(call, allow_private=backend.allow_private)
    for hop in range(MAX_REDIRECTS + 1):
        with _exchange(request, backend, call.max_bytes) as response:
            target = redirect_target(response) if call.follow_redirects else None
            if target is None:
                body, is_truncated = _read(response, call.max_bytes)
                return Answer(
                    status=response.status_code,
                    headers=response.headers,
                    body=body,
                    is_truncated=is_truncated,
                    url=str(request.url),
                    redirects=hop,
                    elapsed_ms=round((time.monotonic() - started) * 1000),
                )
        request = next_request(request, response.status_code, target, allow_private=backend.allow_private)
    raise Misdirected(f"More than {MAX_REDIRECTS} redirects.")


@contextmanager
def _exchange(request: httpx.Request, backend: CheckedBackend, max_bytes: int) -> Iterator[httpx.Response]:
    """Send, and give the answer while its body can be read."""
    transport = CheckedTransport(backend, max_bytes)
    try:
        yield transport.handle_request(request)
    except NotAllowed as error:
        raise Refused(str(error)) from None
    except (httpcore.ConnectError, httpcore.ConnectTimeout) as error:
        raise NotSent(_words(error)) from error
    except (httpcore.NetworkError, httpcore.TimeoutException, httpcore.ProtocolError) as error:
        raise Unclear(_words(error)) from error
    finally:
        transport.close()


def _read(response: httpx.Response, max_bytes: int) -> tuple[bytes, bool]:
    body = bytearray()
    for chunk in response.iter_raw():
        body += chunk
        if len(body) > max_bytes:
            return bytes(body[:max_bytes]), True
    return bytes(body), False


def _words(error: Exception) -> str:
    if _H11_FULL in str(error):  # how much comes at once decides which of the two bounds a head meets first
        return HEAD_TOO_LARGE
    # Some repeat in quotes what was sent, which may be a secret, or what came.
    return _QUOTED.split(str(error))[0][:_LONGEST_WORDS] or type(error).__name__
