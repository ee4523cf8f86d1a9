"""Processes that are measured, each in a group of its own, and what they use."""

import contextlib
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import TypeVar

from tests.live import leash
from tests.live.surroundings import children

STOP_SECONDS = 20
_TICKS = os.sysconf("SC_CLK_TCK")
T = TypeVar("T")


class Process:
    """One started command; its output goes to a file."""

    def __init__(self, words: list[str], directory: Path, environment: Mapping[str, str], log: Path) -> None:
        self.log = log
        self.started_at = time.time()
        with log.open("ab") as output:
            self._popen = subprocess.Popen(
                words,
                cwd=directory,
                env=dict(environment),
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )

    def __enter__(self) -> "Process":
        """Nothing: it runs already."""
        return self

    def __exit__(self, *_: object) -> None:
        """Ask it and all that it started to stop; kill what does not."""
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self.pid, signal.SIGTERM)
        with contextlib.suppress(subprocess.TimeoutExpired):
            self._popen.wait(STOP_SECONDS)
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self.pid, signal.SIGKILL)
        self._popen.wait()

    @property
    def pid(self) -> int:
        """The process itself."""
        return self._popen.pid

    @property
    def has_ended(self) -> bool:
        """It runs no more."""
        return self._popen.poll() is not None

    def family(self) -> list[int]:
        """Give it and all that hang below it."""
        found, look = [self.pid], [self.pid]
        while look:
            below = children(look.pop())
            found += below
            look += below
        return found

    def last_words(self) -> str:
        """Give the end of what it has printed."""
        return self.log.read_text(encoding="utf-8", errors="replace")[-600:]


def until(condition: Callable[[], T], seconds: float, what: str, pause: float = 0.02) -> T:
    """Wait until the condition holds, and give what it gave."""
    deadline = time.monotonic() + seconds
    while not (found := condition()):
        if time.monotonic() > deadline:
            raise TimeoutError(f"not within {seconds:g} s: {what}")
        time.sleep(pause)
    return found


def cpu_seconds(pids: list[int]) -> float:
    """Give the processor time that these processes have used so far."""
    total = 0
    for pid in pids:
        with contextlib.suppress(OSError):
            fields = Path(f"/proc/{pid}/stat").read_text(encoding="ascii").rpartition(")")[2].split()
            total += int(fields[11]) + int(fields[12])
    return total / _TICKS


def memory_mib(pid: int) -> dict[str, float]:
    """Give the resident memory, its fair share of what is shared, and what it has alone."""
    values: dict[str, int] = {}
    for line in Path(f"/proc/{pid}/smaps_rollup").read_text(encoding="ascii").splitlines()[1:]:
        name, _, rest = line.partition(":")
        values[name] = int(rest.split()[0])
    alone = values["Private_Clean"] + values["Private_Dirty"]
    return {
        name: round(value / 1024, 1) for name, value in (("rss", values["Rss"]), ("pss", values["Pss"]), ("uss", alone))
    }


@contextlib.contextmanager
def ended_with(mark: Mapping[str, str], directory: Path) -> Iterator[None]:
    """When this process is killed, end what bears the mark in its environment."""
    ((name, value),) = mark.items()
    words = [sys.executable, "-S", leash.__file__, f"{name}={value}", str(directory)]
    with subprocess.Popen(words, stdin=subprocess.PIPE, start_new_session=True) as process:
        try:
            yield
        finally:
            assert process.stdin is not None
            process.stdin.close()
