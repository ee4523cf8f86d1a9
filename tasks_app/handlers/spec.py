"""HandlerSpec: everything the platform knows about one task type."""

import inspect
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from pydantic import BaseModel

from tasks_app.retry import MAX_RETRIES_LIMIT, RetryPolicy

HandlerFunction = Callable[..., Any]
ErrorTypes = tuple[type[Exception], ...]

_NAME = re.compile(r"[a-z][a-z0-9_.]{0,99}")
_QUEUE = re.compile(r"[a-z0-9][a-z0-9_-]{0,99}")


class BadHandler(TypeError):
    """A handler was declared wrongly; raised while its module is imported."""


@dataclass(frozen=True, kw_only=True)
class HandlerSpec:
    """One task type. `timeout_seconds` None means no limit, said explicitly; the lease still bounds such a run.

    `permission` ("app.codename") is what a user needs to have runs of it; `why_off` gives the reason while nobody may.
    `retry_for` gives the policy of one payload, where payloads differ in it; otherwise it is `retry`. `short` says
    that runs take milliseconds, or that they never do; None lets each worker find out. `flush_each` has each outcome
    written at once, so that a crash of a neighbour repeats few runs that had ended: on PostgreSQL four at most.
    """

    name: str
    function: HandlerFunction = field(repr=False)
    payload: type[BaseModel]
    title: str
    description: str = ""
    queue: str = "default"
    timeout_seconds: int | None = 3600
    soft_timeout_seconds: int | None = None
    retry: RetryPolicy = RetryPolicy()  # noqa: RUF009  # frozen
    retry_on: ErrorTypes = (Exception,)
    give_up_on: ErrorTypes = ()
    sensitive: bool = False
    internal: bool = False
    aliases: tuple[str, ...] = ()
    permission: str = ""
    why_off: Callable[[], str] | None = None
    retry_for: Callable[[Mapping[str, Any]], RetryPolicy] | None = None
    short: bool | None = None
    flush_each: bool = False

    def __post_init__(self) -> None:
        for name in (self.name, *self.aliases):
            self._require(_NAME.fullmatch(name) is not None, f"{name!r} is not a name like 'images.thumbnail'")
        self._require(_QUEUE.fullmatch(self.queue) is not None, f"{self.queue!r} is not the name of a queue")
        self._check_function()
        self._check_limits()

    def _check_function(self) -> None:
        is_model = isinstance(self.payload, type) and issubclass(self.payload, BaseModel)
        self._require(is_model, "payload must be a pydantic model class")
        self._require(not inspect.iscoroutinefunction(self.function), "the function must not be async")
        try:
            inspect.signature(self.function).bind(None, None)
        except TypeError:
            raise BadHandler(f"handler {self.name!r}: the function must take (ctx, payload)") from None

    def _check_limits(self) -> None:
        hard, soft = self.timeout_seconds, self.soft_timeout_seconds
        self._require(hard is None or hard > 0, "timeout must be above 0; None means no limit")
        self._require(soft is None or soft > 0, "soft_timeout must be above 0")
        self._require(hard is None or soft is None or soft < hard, "soft_timeout must be below timeout")
        self._require(0 <= self.retry.retries_or(0) <= MAX_RETRIES_LIMIT, f"max_retries is 0 to {MAX_RETRIES_LIMIT}")

    def _require(self, condition: bool, message: str) -> None:
        if not condition:
            raise BadHandler(f"handler {self.name!r}: {message}")

    @property
    def source(self) -> str:
        """Where the function is defined, for people."""
        return f"{self.function.__module__}.{getattr(self.function, '__qualname__', '?')}"
