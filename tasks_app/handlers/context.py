"""What a handler is given besides its payload. Only shapes: the engine implements them, and so does the test kit."""

from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from datetime import datetime
from typing import Any, Literal, Protocol

LogLevel = Literal["debug", "info", "warning", "error"]


class EffectHandle(Protocol):
    """One side effect of a run: sending a mail, calling a service."""

    @property
    def id(self) -> str:
        """The same string on every attempt and every retry of this run; give it to the receiver as its key."""

    @property
    def done(self) -> bool:
        """The effect is known to have happened: skip it."""

    @property
    def result(self) -> Any:
        """What was confirmed with it, when it is done."""

    def confirm(self, result: Any = None) -> None:
        """Note at once that it happened, with a small JSON value to remember; leaving the block does so too."""

    def not_done(self) -> None:
        """Note that it certainly didn't happen, and may be tried again; leaving the block then confirms nothing."""


class RunContext(Protocol):
    """The run as its handler sees it."""

    @property
    def run_id(self) -> str:
        """The run's id."""

    @property
    def root_run_id(self) -> str:
        """The id of the first run of a chain of retries by people; equals `run_id` for an original."""

    @property
    def task_id(self) -> str | None:
        """The task that the run belongs to; null for a run without one."""

    @property
    def owner_id(self) -> int | None:
        """The user on whose behalf this runs; null for the platform's own work."""

    @property
    def attempt(self) -> int:
        """1 on the first attempt."""

    @property
    def scheduled_for(self) -> datetime | None:
        """The planned instant that this run is for, however late it runs; null when nothing was planned."""

    def log(self, message: str, level: LogLevel = "info") -> None:
        """Add a line to the run's log."""

    def progress(self, done: float, total: float | None = None, message: str = "") -> None:
        """Say how far the run is; call it as often as you like, it is written at a bounded rate."""

    def should_stop(self) -> bool:
        """Say whether the run was asked to stop; cheap enough for an inner loop."""

    def check_stop(self) -> None:
        """Leave the handler, by raising, when the run was asked to stop."""

    def effect(self, key: str, *, idempotent: bool = False) -> AbstractContextManager[EffectHandle]:
        """Guard a side effect: once per root run, across attempts, crashes and retries.

        After a crash in between nobody knows whether it happened. An effect declared `idempotent` (the receiver drops a
        second one with the same id) is then tried again; any other ends the run for a person to look at.
        """

    def effect_batch(
        self, keys: Sequence[str], *, reserve: Callable[[int], int] | None = None
    ) -> Sequence[EffectHandle]:
        """Begin many idempotent effects in one write, and give their handles in order.

        Each is to be settled by itself: `confirm()` as soon as it happened, `not_done()` where it certainly did not;
        one that is left open is tried again by the next attempt. `reserve(n)`, asked in the same transaction, may allow
        only the first so many that are new; the list then ends there.
        """
