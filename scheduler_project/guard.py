"""Ends what the launcher started when the launcher itself was killed, which it can't do any more.

A process of its own holds the reading end of a pipe whose writing end the launcher has, and for a moment whoever starts
a part for it. They write which process groups live; when the pipe ends, whatever still lives is stopped as the launcher
would have stopped it.
"""

import contextlib
import os
import signal
import time
from collections.abc import Callable, Collection, Iterable
from multiprocessing.connection import Connection

POLL_SECONDS = 0.05


class Guard:
    """The launcher's end: tells the guard what lives, and lets it go."""

    def __init__(self, *, grace_seconds: float) -> None:
        reader, self._writer = os.pipe()
        self._told: dict[int, bool] = {}
        self._pid = os.fork()
        if not self._pid:
            os.close(self._writer)
            _watch(reader, grace_seconds)
        os.close(reader)
        # Forks of the launcher must not keep the pipe open when it is gone; closed on exec it is anyway.
        os.register_at_fork(after_in_child=self._forget)

    def tell(self, living: Iterable[tuple[int, bool]]) -> None:
        """Say which process groups live now; True marks what is to be stopped last."""
        now = dict(living)
        for group in self._told.keys() - now.keys():
            self._write(f"-{group}\n")
        for group in now.keys() - self._told.keys():
            self._write(_living_line(group, is_last=now[group]))
        self._told = now

    def pen(self) -> Connection:
        """Give another writing end, for the process that starts a part: while that is open the guard goes on reading.

        So it hears of a part of which a launcher that is killed in that moment could tell it nothing.
        """
        return Connection(os.dup(self._writer), readable=False)

    def end(self) -> None:
        """Let the guard go, after it has ended what is left."""
        self._forget()
        with contextlib.suppress(ChildProcessError):
            os.waitpid(self._pid, 0)

    def _write(self, line: str) -> None:
        with contextlib.suppress(OSError):
            os.write(self._writer, line.encode("ascii"))

    def _forget(self) -> None:
        writer, self._writer = self._writer, -1  # a fork's fork must not close what has this number by then
        with contextlib.suppress(OSError):
            os.close(writer)


def tell_and_close(pen: Connection, group: int, *, is_last: bool) -> None:
    """Say that a process group lives, and let go of the writing end."""
    with pen, contextlib.suppress(OSError):
        os.write(pen.fileno(), _living_line(group, is_last=is_last).encode("ascii"))


def _living_line(group: int, *, is_last: bool) -> str:
    return f"{group} {int(is_last)}\n"


def _watch(reader: int, grace_seconds: float) -> None:
    """Wait for the end of the launcher, then end the rest. Never returns."""
    try:
        # Ctrl-C and a closed terminal are for the launcher.
        os.setsid()
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            signal.signal(number, signal.SIG_IGN)
        with os.fdopen(reader, encoding="ascii") as lines:
            groups = _living(lines)
        first = [group for group, is_last in groups.items() if not is_last]
        _stop(first, grace_seconds)
        _stop(groups, grace_seconds)
    finally:
        os._exit(0)


def _living(lines: Iterable[str]) -> dict[int, bool]:
    groups: dict[int, bool] = {}
    for line in lines:
        words = line.split()
        if line.startswith("-"):
            groups.pop(int(words[0][1:]), None)
        else:
            groups[int(words[0])] = words[1] == "1"
    return groups


def _stop(groups: Collection[int], grace_seconds: float) -> None:
    for number in (signal.SIGTERM, signal.SIGKILL):
        for group in groups:
            _signal(group, number)
        _wait(lambda: not any(_signal(group, 0) for group in groups), grace_seconds)


def _signal(group: int, number: int) -> bool:
    """Signal a process group; says whether there is one."""
    try:
        os.killpg(group, number)
    except OSError:
        return False
    return True


def _wait(is_over: Callable[[], bool], seconds: float) -> None:
    deadline = time.monotonic() + seconds
    while not is_over() and time.monotonic() < deadline:
        time.sleep(POLL_SECONDS)
