"""One request to a place that somebody else named, with every cap that such a thing needs."""

import re
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import httpcore
import httpx

from tasks_app.services.outbound.calls import Answer, Call, Misdirected, NotSent, Refused, TooLarge, Unclear
from tasks_app.services.outbound.network import CheckedBackend, Deadline, Resolver, system_resolver
from tasks_app.services.outbound.requests import first_request, next_request, redirect_target
from tasks_app.services.outbound.transport import CheckedTransport
from tasks_app.services.outbound.urls import NotAllowed

MAX_REDIRECTS = 3
_LONGEST_WORDS = 200
_QUOTED = re.compile(r":? \(?(?:bytearray\()?b['\"]")

_Read = Callable[[httpx.Response], tuple[bytes, bool]]


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
    backend = _backend(call, allow_private, resolve, wire)
    return _conduct(call, backend, call.max_bytes, lambda response: _read(response, call.max_bytes))


def download(  # noqa: PLR0913  # by keyword, and the last two are for tests
    call: Call,
    *,
    allow_private: bool,
    write: Callable[[bytes], object],
    max_bytes: int,
    resolve: Resolver = system_resolver,
    wire: httpcore.NetworkBackend | None = None,
) -> Answer:
    """Send the call and hand the body of a 2xx answer to `write`, piece by piece; raise as `send` does.

    Raise `TooLarge` where there is more than `max_bytes`: before the first piece when the answer says so itself.
    The body of any other answer is in the answer, as with `send`.
    """

    def read(response: httpx.Response) -> tuple[bytes, bool]:
        if not response.is_success:
            return _read(response, call.max_bytes)
        _pour(response, write, max_bytes)
        return b"", False

    backend = _backend(call, allow_private, resolve, wire)
    return _conduct(call, backend, max(max_bytes, call.max_bytes), read)


def _backend(
    call: Call, allow_private: bool, resolve: Resolver, wire: httpcore.NetworkBackend | None
) -> CheckedBackend:
    deadline = Deadline.after(call.timeout_seconds)
    return CheckedBackend(deadline, allow_private, resolve, wire or httpcore.SyncBackend())


def _conduct(call: Call, backend: CheckedBackend, max_bytes: int, read: _Read) -> Answer:
    started = time.monotonic()
    request = first_request(call, allow_private=backend.allow_private)
    for hop in range(MAX_REDIRECTS + 1):
        with _exchange(request, backend, max_bytes) as response:
            target = redirect_target(response) if call.follow_redirects else None
            if target is None:
                body, is_truncated = read(response)
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


def _pour(response: httpx.Response, write: Callable[[bytes], object], max_bytes: int) -> None:
    announced = response.headers.get("content-length", "")
    if announced.isascii() and announced.isdigit() and int(announced[:20]) > max_bytes:
        raise TooLarge(f"The answer has {int(announced[:20])} bytes; at most {max_bytes} are taken.")
    taken = 0
    for chunk in response.iter_raw():
        taken += len(chunk)
        if taken > max_bytes:
            raise TooLarge(f"The answer has more than {max_bytes} bytes.")
        write(chunk)


def _words(error: Exception) -> str:
    # Some repeat in quotes what was sent, which may be a secret, or what came.
    return _QUOTED.split(str(error))[0][:_LONGEST_WORDS] or type(error).__name__
