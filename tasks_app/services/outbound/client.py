"""One request to a place that somebody else named, with every cap that such a thing needs."""

import time
from collections.abc import Mapping
from dataclasses import dataclass, field

import httpcore
import httpx

from tasks_app.services.outbound.network import CheckedBackend, Deadline, Resolver, system_resolver
from tasks_app.services.outbound.transport import CheckedTransport
from tasks_app.services.outbound.urls import NotAllowed, check_url

MAX_REDIRECTS = 3
_REDIRECTS = (301, 302, 303, 307, 308)
_KEEPS_METHOD = (307, 308)
# What may follow to another host; anything else that the caller set could be a secret of the first.
_HARMLESS_HEADERS = {"accept", "accept-language", "content-type", "user-agent"}


class OutboundError(Exception):
    """The request has no answer."""


class Refused(OutboundError):
    """The platform does not call that address; nothing was sent to it."""


class NotSent(OutboundError):
    """No connection came about, so the receiver knows nothing of the request."""


class Misdirected(OutboundError):
    """The receiver answers with one redirect after another."""


class Unclear(OutboundError):
    """It failed on the way: the receiver may have acted on it, or not."""


@dataclass(frozen=True, kw_only=True)
class Call:
    """What to send, and how much to bear."""

    method: str
    url: str
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes | None = None
    timeout_seconds: float = 30
    max_bytes: int = 1024 * 1024
    follow_redirects: bool = False


@dataclass(frozen=True, kw_only=True)
class Answer:
    """What came back. `body` holds at most the call's `max_bytes`; `is_truncated` says that there was more."""

    status: int
    headers: httpx.Headers
    body: bytes
    is_truncated: bool
    url: str
    redirects: int
    elapsed_ms: int


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
    backend = CheckedBackend(
        Deadline.after(call.timeout_seconds), allow_private, resolve, wire or httpcore.SyncBackend()
    )
    started = time.monotonic()
    request = _first(call, allow_private=allow_private)
    for hop in range(MAX_REDIRECTS + 1):
        answer = _exchange(request, backend, call.max_bytes)
        target = answer.headers.get("location") if answer.status in _REDIRECTS and call.follow_redirects else None
        if target is None:
            elapsed = round((time.monotonic() - started) * 1000)
            return Answer(**{**vars(answer), "redirects": hop, "elapsed_ms": elapsed})
        request = _next(request, answer.status, target, allow_private=allow_private)
    raise Misdirected(f"More than {MAX_REDIRECTS} redirects.")


def _first(call: Call, *, allow_private: bool) -> httpx.Request:
    try:
        url = check_url(call.url, allow_private=allow_private)
    except NotAllowed as error:
        raise Refused(str(error)) from None
    headers = httpx.Headers({"user-agent": "Carillon", "accept": "*/*"})
    headers.update(call.headers)
    # Not compressed, so that a small answer can't unpack into a huge one.
    headers["accept-encoding"] = "identity"
    return httpx.Request(call.method, url, headers=headers, content=call.body)


def _next(request: httpx.Request, status: int, target: str, *, allow_private: bool) -> httpx.Request:
    """Build the request to where an answer points, as a browser would, and more carefully."""
    try:
        url = check_url(str(request.url.join(target)), allow_private=allow_private)
    except (NotAllowed, httpx.InvalidURL) as error:
        raise Refused(f"Redirected to where the platform does not go: {error}") from None
    if request.url.scheme == "https" and url.scheme == "http":
        raise Refused("Redirected from https to http.")
    keeps = status in _KEEPS_METHOD or request.method in ("GET", "HEAD")
    headers = {
        name: value
        for name, value in request.headers.items()
        if name not in ("host", "content-length", "transfer-encoding")
        and (_is_same_place(request.url, url) or name in _HARMLESS_HEADERS)
        and (keeps or name != "content-type")
    }
    headers["accept-encoding"] = "identity"
    method = request.method if keeps else "GET"
    return httpx.Request(method, url, headers=headers, content=request.content if keeps else None)


def _is_same_place(old: httpx.URL, new: httpx.URL) -> bool:
    is_upgrade = (old.scheme, new.scheme, old.port, new.port) == ("http", "https", None, None)
    return old.host == new.host and (is_upgrade or (old.scheme, old.port) == (new.scheme, new.port))


def _exchange(request: httpx.Request, backend: CheckedBackend, max_bytes: int) -> Answer:
    transport = CheckedTransport(backend)
    try:
        response = transport.handle_request(request)
        body, is_truncated = _read(response, max_bytes)
    except NotAllowed as error:
        raise Refused(str(error)) from None
    except (httpcore.ConnectError, httpcore.ConnectTimeout) as error:
        raise NotSent(_words(error)) from error
    except (httpcore.NetworkError, httpcore.TimeoutException, httpcore.ProtocolError) as error:
        raise Unclear(_words(error)) from error
    finally:
        transport.close()
    return Answer(
        status=response.status_code,
        headers=response.headers,
        body=body,
        is_truncated=is_truncated,
        url=str(request.url),
        redirects=0,
        elapsed_ms=0,
    )


def _read(response: httpx.Response, max_bytes: int) -> tuple[bytes, bool]:
    body = bytearray()
    for chunk in response.iter_raw():
        body += chunk
        if len(body) > max_bytes:
            return bytes(body[:max_bytes]), True
    return bytes(body), False


def _words(error: Exception) -> str:
    return str(error) or type(error).__name__
