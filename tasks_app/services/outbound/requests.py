"""The request that a call makes, and the one that a redirect makes of it."""

import os
from collections.abc import Iterable, Iterator
from typing import BinaryIO

import httpcore
import httpx

from tasks_app.services.outbound.calls import Call, Refused
from tasks_app.services.outbound.urls import NotAllowed, check_url

_PIECE = 64 * 1024
_REDIRECTS = (301, 302, 303, 307, 308)
_KEEPS_METHOD = (307, 308)
# What may follow to another host; anything else that the caller set could be a secret of the first.
_HARMLESS_HEADERS = {"accept", "accept-language", "content-type", "user-agent"}
_OF_THE_BODY = ("content-length", "transfer-encoding")


class _Upload:
    """A file from where it stood to where it ended, as often as a redirect asks for it."""

    def __init__(self, file: BinaryIO) -> None:
        self._file = file
        self._start = file.tell()
        self.size = file.seek(0, os.SEEK_END) - self._start

    def __iter__(self) -> Iterator[bytes]:
        self._file.seek(self._start)
        left = self.size
        while left and (piece := self._file.read(min(left, _PIECE))):
            left -= len(piece)
            yield piece
        if left:
            raise httpcore.LocalProtocolError("the file became shorter while it was sent")


def first_request(call: Call, *, allow_private: bool) -> httpx.Request:
    """Build the request of a call; raise `Refused`."""
    try:
        url = check_url(call.url, allow_private=allow_private)
    except NotAllowed as error:
        raise Refused(str(error)) from None
    headers = httpx.Headers({**_host(url), "user-agent": "Carillon", "accept": "*/*"})
    headers.update(call.headers)
    # Not compressed, so that a small answer can't unpack into a huge one.
    headers["accept-encoding"] = "identity"
    if call.body is None or isinstance(call.body, bytes):
        return httpx.Request(call.method, url, headers=headers, content=call.body)
    upload = _Upload(call.body)
    headers["content-length"] = str(upload.size)
    return httpx.Request(call.method, url, headers=headers, content=upload)


def redirect_target(response: httpx.Response) -> str | None:
    """Say where an answer points, if it does."""
    return response.headers.get("location") if response.status_code in _REDIRECTS else None


def next_request(request: httpx.Request, status: int, target: str, *, allow_private: bool) -> httpx.Request:
    """Build the request to where an answer points, as a browser would, and more carefully; raise `Refused`."""
    try:
        url = check_url(str(request.url.join(target)), allow_private=allow_private)
    except (NotAllowed, httpx.InvalidURL) as error:
        raise Refused(f"Redirected to where the platform does not go: {error}") from None
    if request.url.scheme == "https" and url.scheme == "http":
        raise Refused("Redirected from https to http.")
    keeps = status in _KEEPS_METHOD or request.method in ("GET", "HEAD")
    stays = _is_same_place(request.url, url)
    headers = _host(url) | {
        name: value
        for name, value in request.headers.items()
        if name != "host"
        and (stays or name in _HARMLESS_HEADERS or (keeps and name in _OF_THE_BODY))
        and (keeps or name not in (*_OF_THE_BODY, "content-type"))
    }
    headers["accept-encoding"] = "identity"
    content = request.stream if "content-length" in headers else None
    assert content is None or isinstance(content, Iterable)
    return httpx.Request(request.method if keeps else "GET", url, headers=headers, content=content)


def _host(url: httpx.URL) -> dict[str, str]:
    """Give the Host header as it is: httpx would decode the name for it, and refuse some that are in use."""
    return {"host": url.netloc.decode("ascii")}


def _is_same_place(old: httpx.URL, new: httpx.URL) -> bool:
    is_upgrade = (old.scheme, new.scheme, old.port, new.port) == ("http", "https", None, None)
    return old.raw_host == new.raw_host and (is_upgrade or (old.scheme, old.port) == (new.scheme, new.port))
