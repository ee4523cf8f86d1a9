"""What a handler may change in its process and the next run must not find changed.

Put back after each handler, in a few microseconds: one that wants its own language of the C library, directory or alarm
is welcome to it until its end.
"""

import gc
import locale
import logging
import os
import signal
import socket
import sys
import threading
import time
from contextlib import suppress
from importlib import import_module
from typing import Any

_SIGNALS = (
    *(signal.SIGALRM, signal.SIGUSR2, signal.SIGTERM, signal.SIGINT),
    *(signal.SIGQUIT, signal.SIGHUP, signal.SIGCHLD, signal.SIGPIPE),
)
_FILES = 0o077
_FEWEST_FREE = 16

_core: Any = import_module("_signal")
"""What `signal` stands on: that makes enumerations of its numbers, which would take longer than all else here."""


logger = logging.getLogger(__name__)


class Surroundings:
    """The process as it was when this was made; `is_lost` when something of it could not be put back."""

    def __init__(self) -> None:
        self.is_lost = False
        self._directory = _directory()
        self._names = os.environ
        self._environment = self._kept_names().copy()
        self._umask = os.umask(_FILES)
        os.umask(self._umask)
        self._signals = [_core.getsignal(number) for number in _SIGNALS]
        self._mask = signal.pthread_sigmask(signal.SIG_BLOCK, ())
        self._locale = locale.setlocale(locale.LC_ALL)
        self._streams = sys.stdin, sys.stdout, sys.stderr
        self._recursion = sys.getrecursionlimit()
        self._socket_timeout = socket.getdefaulttimeout()
        self._logging = logging.root.manager.disable
        self._collects = gc.isenabled()

    def restore(self) -> None:
        """Put back what is another now. Nothing is raised: what a handler did to its process is not how it ended."""
        for step in (self._restore_python, self._restore_signals, self._restore_environment, self._restore_files):
            try:
                step()
            except Exception:
                logger.exception("what a handler has changed in its process cannot be put back")
                self.is_lost = True

    def _restore_python(self) -> None:
        sys.stdin, sys.stdout, sys.stderr = self._streams
        if sys.getrecursionlimit() != self._recursion:
            sys.setrecursionlimit(self._recursion)
        socket.setdefaulttimeout(self._socket_timeout)
        logging.root.manager.disable = self._logging
        if self._collects:
            gc.enable()

    def _restore_files(self) -> None:
        os.umask(self._umask)
        if self._directory is not None and _directory() != self._directory:
            with suppress(OSError):
                os.chdir(self._directory)
        if locale.setlocale(locale.LC_ALL) != self._locale:
            locale.setlocale(locale.LC_ALL, self._locale)

    def _restore_signals(self) -> None:
        _core.pthread_sigmask(signal.SIG_SETMASK, self._mask)
        if threading.current_thread() is not threading.main_thread():
            return
        for number, before in zip(_SIGNALS, self._signals, strict=True):
            if before is not None and _core.getsignal(number) != before:
                signal.signal(number, before)

    def _restore_environment(self) -> None:
        os.environ = self._names  # noqa: B003  # the very one, not another
        now, before = self._kept_names(), self._environment
        if now == before:
            return
        for name in now.keys() - before.keys():
            os.unsetenv(name)
        for name, value in before.items():
            if now.get(name) != value:
                os.putenv(name, value)
        now.clear()
        now.update(before)
        time.tzset()

    def _kept_names(self) -> dict[Any, Any]:
        """Give what `os.environ` keeps: to compare it costs a microsecond, to copy it through its front fifty."""
        return self._names._data  # type: ignore[attr-defined, no-any-return]  # so in every CPython


def can_open_files() -> bool:
    """Say whether there is room for some more open files in this process: handlers may have left too many behind."""
    opened: list[int] = []
    try:
        for _ in range(_FEWEST_FREE):
            opened.append(os.open(os.devnull, os.O_RDONLY | os.O_CLOEXEC))
    except OSError:
        return False
    finally:
        for number in opened:
            os.close(number)
    return True


def _directory() -> str | None:
    try:
        return os.getcwd()
    except OSError:  # it was removed
        return None
