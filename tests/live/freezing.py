"""Processes that stand still for a while, not at a moment at which everybody waits for them."""

import os
import signal
from collections.abc import Iterator
from contextlib import contextmanager, suppress

from tests.live import inside
from tests.live.platform import Platform
from tests.live.surroundings import eventually, state


@contextmanager
def frozen(platform: Platform, *pids: int) -> Iterator[None]:
    """Let them stand still for the block, and never longer.

    SQLite has one writer at a time: who is stopped inside a write holds everybody up, and nobody can take that lock
    away. So it is let go on and stopped again until it stands outside.
    """

    def stands_outside() -> bool:
        _signal(signal.SIGSTOP, pids)
        eventually(lambda: all(state(pid) in ("T", "Z", "") for pid in pids), what="they stand still")
        if platform.do(inside.can_write):
            return True
        _signal(signal.SIGCONT, pids)
        return False

    try:
        eventually(stands_outside, what="they stand still outside of a write")
        yield
    finally:
        _signal(signal.SIGCONT, pids)


def _signal(number: signal.Signals, pids: tuple[int, ...]) -> None:
    for pid in pids:
        with suppress(ProcessLookupError):
            os.kill(pid, number)
