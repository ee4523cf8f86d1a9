"""What goes out, what comes back, and what can go wrong in between."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import BinaryIO

import httpx


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
    """What to send, and how much to bear.

    A `body` that is an open binary file is sent from where it stands to its end, piece by piece; it must be seekable.
    """

    method: str
    url: str
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes | BinaryIO | None = None
    timeout_seconds: float = 30
    max_bytes: int = 1024 * 1024
    follow_redirects: bool = False


@dataclass(frozen=True, kw_only=True)
class Answer:
    """What came back. `body` holds at most the call's `max_bytes`; `is_truncated` says that there was more.

    The body is as it was sent: nothing is ever unpacked, whatever Content-Encoding says.
    """

    status: int
    headers: httpx.Headers
    body: bytes
    is_truncated: bool
    url: str
    redirects: int
    elapsed_ms: int
