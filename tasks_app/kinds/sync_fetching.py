"""Reading a list page by page: one page in memory at a time, from one host, never round in a circle."""

import hashlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from http import HTTPStatus
from itertools import count
from typing import Any, Protocol

import httpx

from tasks_app.errors import Permanent, RetryLater
from tasks_app.kinds.http_answer import retry_after_seconds, summary
from tasks_app.kinds.sync_items import Unreadable, items_in, parsed
from tasks_app.kinds.sync_paging import LinkPages, NumberedPages, Paging, linked
from tasks_app.retry import RetryPolicy
from tasks_app.services.outbound import Answer, Call, NotAllowed, OutboundError, Refused, check_url, send

PAGE_BYTES = 32 * 1024 * 1024
MOST_VERSIONS = 100
RETRY = RetryPolicy()
# A list of many pages would never be read to its end if each limit of the service began it anew.
LONGEST_PAUSE_SECONDS = 60
MOST_PAUSES = 5
# Quotas are by the hour or the day: asked before their time, they would use up the run's attempts.
LONGEST_WAIT_SECONDS = 86_400
_LONGEST_VERSION = 500
_PASSING = (408, 425, 429)
_SERVER_ERROR = 500
_REDIRECTS = range(300, 400)
# What services answer to the number of a page behind the last.
_NO_SUCH_PAGE = (400, 404, 416, 422)


class FetchFailed(Exception):
    """No answer, or one that may be better the next time; tried again by the retry policy."""


@dataclass(frozen=True)
class Page:
    """One page of the list, with what the service says of its version."""

    number: int
    url: str
    items: Sequence[Any]
    version: dict[str, str] | None


class Access(Protocol):
    """What opens the service to us."""

    def headers(self, url: str) -> httpx.Headers:
        """Give the headers of a request to this address, secrets included."""

    def renew(self) -> bool:
        """Forget what the service has refused; says whether asking again can help."""


@dataclass
class Reader:
    """Reads the pages of one list. `pause` waits for some seconds, unless the run is to stop.

    `is_certain` says whether the list was seen to end. A "not found" behind a full page may be the end (many services
    say it so), or a fault: then nothing may be taken for gone.
    """

    url: str
    paging: Paging
    items_path: str
    access: Access
    timeout_seconds: float
    pause: Callable[[float], None]
    allow_private: bool
    is_certain: bool = True
    _asked: set[str] = field(default_factory=set)
    _first: Answer | None = None

    def is_unchanged(self, versions: Sequence[Mapping[str, str]]) -> bool:
        """Ask for each page on the condition that it has changed; say whether none has."""
        start = str(self._start)
        if not versions or versions[0]["url"] != start:
            return False
        for number, version in enumerate(versions, start=1):
            answer = self._answer(number, version["url"], version)
            if answer.status != HTTPStatus.NOT_MODIFIED:
                self._first = answer if number == 1 else None
                return False
        # The last page may have got a successor without having changed itself.
        return not isinstance(self.paging, LinkPages) or linked(httpx.URL(version["url"]), answer) is None

    def pages(self) -> Iterator[Page]:
        """Give page after page; ends only when the list has ended.

        A page that is shorter than was asked for is the last one where another was not. Where all are short, the
        service may have a limit of its own: the page behind is asked for, and the list ends when there is none.
        """
        url: httpx.URL | None = self._start
        previous, is_shown, may_end = "", False, False
        for number in count(1):
            assert url is not None
            self._asked.add(str(url))
            self._check_number(number, may_end=may_end)
            answer = self._first or self._answer(number, str(url), {}, may_end=may_end)
            self._first = None
            digest = hashlib.sha256(answer.body).hexdigest()
            if answer.status == HTTPStatus.NOT_FOUND and not may_end:
                self.is_certain = False
                return
            if may_end and (answer.status != HTTPStatus.OK or digest == previous):
                return
            page, url = self._read(number, url, answer)
            del answer
            if page.items and digest == previous:
                raise Permanent(f"Page {number} is the same as the page before: the service does not count pages so.")
            if may_end and not page.items:
                return
            self._check_number(number)
            is_short = self.paging.is_short(page.items)
            is_shown = is_shown or not is_short
            yield page
            del page  # one in memory at a time
            if url is None or (is_short and is_shown):
                return
            previous, may_end = digest, is_short

    def _check_number(self, number: int, *, may_end: bool = False) -> None:
        """Behind the last page that may be read, only the end of the list may still be looked for."""
        if number > self.paging.max_pages and not may_end:
            raise Permanent(f"The list has more than {self.paging.max_pages} pages, which is the limit of the task.")

    @property
    def _start(self) -> httpx.URL:
        return self.paging.first(httpx.URL(self.url))

    def _read(self, number: int, url: httpx.URL, answer: Answer) -> tuple[Page, httpx.URL | None]:
        if answer.is_truncated:
            raise Permanent(f"Page {number} is larger than {PAGE_BYTES // 1024 // 1024} MiB.")
        try:
            document = parsed(answer.body)
        except Unreadable as error:
            # A page of words instead of data often means that the service is down for a moment.
            raise FetchFailed(f"Page {number} {error}") from None
        try:
            items = items_in(document, self.items_path)
            following = self.paging.following(url, answer, document, items)
        except Unreadable as error:
            raise Permanent(f"Page {number} {error}") from None
        if following is not None:
            self._check_next(number, following)
        return Page(number, str(url), items, _version(url, answer) if self.paging.has_versions else None), following

    def _check_next(self, number: int, url: httpx.URL) -> None:
        """A service must not lead us, and the credential, to somebody else, nor round in a circle."""
        if _place(url) != _place(httpx.URL(self.url)):
            raise Permanent(f"Page {number} leads to another place, {_shown(url)}; only {_shown(self.url)} is read.")
        try:
            check_url(str(url), allow_private=self.allow_private)
        except NotAllowed as error:
            raise Permanent(f"Page {number} leads to an address that the platform does not call. {error}") from None
        if str(url) in self._asked:
            raise Permanent(f"Page {number} leads back to a page that was read before: the list does not end.")

    def _answer(self, number: int, url: str, version: Mapping[str, str], *, may_end: bool = False) -> Answer:
        answer = self._sent(number, url, version)
        if answer.status == HTTPStatus.UNAUTHORIZED and self.access.renew():
            answer = self._sent(number, url, version)
        for _ in range(MOST_PAUSES if number > 1 else 0):
            seconds = _wanted_pause(answer)
            if seconds is None or seconds > LONGEST_PAUSE_SECONDS:
                break
            self.pause(seconds)
            answer = self._sent(number, url, version)
        is_behind = number > 1 and isinstance(self.paging, NumberedPages) and answer.status == HTTPStatus.NOT_FOUND
        if not is_behind and not (may_end and answer.status in _NO_SUCH_PAGE):
            _check_status(number, answer, is_conditional=bool(version))
        return answer

    def _sent(self, number: int, url: str, version: Mapping[str, str]) -> Answer:
        headers = self.access.headers(url)
        headers.setdefault("Accept", "application/json")
        headers.update(_condition(version))
        call = Call(method="GET", url=url, headers=headers, timeout_seconds=self.timeout_seconds, max_bytes=PAGE_BYTES)
        try:
            return send(call, allow_private=self.allow_private)
        except Refused as error:
            raise Permanent(f"ssrf_blocked: {error}") from None
        except OutboundError as error:
            raise FetchFailed(f"Page {number}: no answer from {_shown(url)}: {error}") from error


def _check_status(number: int, answer: Answer, *, is_conditional: bool) -> None:
    if answer.status == HTTPStatus.OK or (answer.status == HTTPStatus.NOT_MODIFIED and is_conditional):
        return
    words = f"Page {number}: the service answered {summary(answer)}"
    seconds = _wanted_pause(answer)
    if seconds is not None:
        raise RetryLater(min(seconds, LONGEST_WAIT_SECONDS), words)
    if answer.status in _REDIRECTS:
        raise Permanent(f"{words}: redirects are not followed; give the address that it leads to.")
    if answer.status < _SERVER_ERROR and answer.status >= _REDIRECTS.stop and answer.status not in _PASSING:
        raise Permanent(words)
    raise FetchFailed(words)


def _wanted_pause(answer: Answer) -> float | None:
    is_limit = answer.status in (HTTPStatus.TOO_MANY_REQUESTS, HTTPStatus.SERVICE_UNAVAILABLE)
    return retry_after_seconds(answer.headers) if is_limit else None


def _version(url: httpx.URL, answer: Answer) -> dict[str, str] | None:
    found = {"url": str(url)}
    for name in ("etag", "last-modified"):
        value = answer.headers.get(name, "")
        if value and len(value) <= _LONGEST_VERSION and value.isascii() and value.isprintable():
            found[name] = value
    return found if len(found) > 1 else None


def _condition(version: Mapping[str, str]) -> dict[str, str]:
    names = {"etag": "If-None-Match", "last-modified": "If-Modified-Since"}
    return {header: version[name] for name, header in names.items() if name in version}


def _place(url: httpx.URL) -> tuple[str, bytes, int | None]:
    return url.scheme, url.raw_host, url.port


def _shown(url: httpx.URL | str) -> str:
    """A URL without path and query, which may hold what is not for everybody."""
    url = httpx.URL(url)
    return f"{url.scheme}://{url.netloc.decode('ascii', 'replace')}"[:200]
