"""On whose behalf the code runs right now: one request, or one command. Pure; known to whatever is called from it."""

import logging
from collections.abc import Callable, Hashable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar, Token
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True)
class Who:
    """Who asks, as far as is known: the name in the history, the user, and how they have signed in."""

    actor: str = ""
    user_id: int | None = None
    way: str = ""
    """session, key, command; "" for strangers."""


def _nobody() -> Who:
    return Who()


@dataclass(frozen=True)
class Caller:
    """A request or command. `find` says who asks once that is needed: a sign-in happens in the middle of a request.

    `later` holds what is noted at the end of the request, outside of the transactions in it, once per key.
    """

    request_id: str = ""
    address: str = ""
    find: Callable[[], Who] = _nobody
    later: dict[Hashable, Any] | None = field(default=None, compare=False)
    is_asked: bool = True
    """Somebody asks for what is done; a run of theirs only does what it was made for."""

    @property
    def who(self) -> Who:
        """Who asks, as known by now."""
        return self.find()


_current: ContextVar[Caller | None] = ContextVar("caller", default=None)


def current() -> Caller | None:
    """Give the caller; None in workers, beats and plain Python."""
    return _current.get()


def asked() -> Caller | None:
    """Give the caller where somebody asks for what is done; None in runs as well."""
    caller = _current.get()
    return caller if caller is not None and caller.is_asked else None


def enter(caller: Caller) -> Token[Caller | None]:
    """Act for this caller from now on."""
    return _current.set(caller)


def leave() -> None:
    """Act for nobody from now on."""
    _current.set(None)


@contextmanager
def acting(caller: Caller) -> Iterator[Caller]:
    """Act for this caller for a while."""
    token = enter(caller)
    try:
        yield caller
    finally:
        _current.reset(token)


class CallerFilter(logging.Filter):
    """Gives every log record the id of the request that it belongs to: `request_id`, and `request_mark` for people."""

    def filter(self, record: logging.LogRecord) -> bool:
        """Let everything pass."""
        caller = current()
        request_id = caller.request_id if caller else ""
        record.__dict__.update(request_id=request_id, request_mark=f" [{request_id}]" if request_id else "")
        return True
