"""The whole platform as `make run` starts it, from nothing, under one launcher."""

import contextlib
import os
import re
import secrets
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from scheduler_project.settings import BASE_DIR
from tests.live.surroundings import environment, eventually, free_port, living, short_directory

__all__ = ["Launched", "launched", "short_directory"]

START_SECONDS = 90
STOP_SECONDS = 80
READY = re.compile(r"is ready: (?P<address>\S+)(?:  user: (?P<user>\S+)  one-time password: (?P<password>\S+))?")


@dataclass
class Launched:
    """A launcher with everything that it started; `lines` is what it has printed so far."""

    process: "subprocess.Popen[str]"
    mark: str
    lines: list[str] = field(default_factory=list)

    def ready(self) -> re.Match[str]:
        """Wait for the ready line."""
        eventually(lambda: self._ready_line() or self.process.poll() is not None, START_SECONDS, "the ready line")
        line = self._ready_line()
        assert line is not None, "".join(self.lines)
        return line

    def pids(self) -> set[int]:
        """Every living process that came from this launcher, wherever it hangs in the tree now."""
        return living(self.mark)

    def interrupt(self) -> int:
        """Press Ctrl-C: the terminal signals the launcher's whole group. Gives the exit code."""
        os.killpg(self.process.pid, signal.SIGINT)
        return self.process.wait(STOP_SECONDS)

    def _ready_line(self) -> re.Match[str] | None:
        return next(filter(None, map(READY.search, list(self.lines))), None)


@contextlib.contextmanager
def launched(directory: Path, **settings: str) -> Iterator[Launched]:
    """Launch the platform with its state in `directory`; ends whatever is left of it afterwards."""
    identity = secrets.token_hex(8)
    process = subprocess.Popen(
        [sys.executable, "-m", "scheduler_project.launch"],
        cwd=BASE_DIR,
        env=environment(**{"VAR_DIR": str(directory), "PORT": str(free_port()), "LAUNCHED": identity} | settings),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
    )
    platform = Launched(process, f"LAUNCHED={identity}")
    reader = threading.Thread(target=_read, args=(platform,))
    reader.start()
    try:
        yield platform
    finally:
        if process.poll() is None:
            platform.interrupt()
        for pid in platform.pids():
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        reader.join()


def _read(platform: Launched) -> None:
    assert platform.process.stdout is not None
    with platform.process.stdout:
        platform.lines.extend(iter(platform.process.stdout.readline, ""))
