"""One process of the Procfile, in a process group of its own, its output in a file."""

import contextlib
import os
import signal
import subprocess
from pathlib import Path

from scheduler_project.settings import BASE_DIR
from tests.live.surroundings import children, state

STOP_SECONDS = 80


class Process:
    """A started line of the Procfile: its kind is the line's name, its title tells it from others of the kind."""

    def __init__(self, kind: str, title: str, line: str, environment: dict[str, str], log: Path) -> None:
        self.kind = kind
        self.title = title
        self.log = log
        with log.open("ab") as output:
            self._popen = subprocess.Popen(
                ["/bin/sh", "-c", line],
                cwd=BASE_DIR,
                env=environment,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )

    @property
    def pid(self) -> int:
        """The process itself: the lines of the Procfile replace their shell."""
        return self._popen.pid

    @property
    def is_alive(self) -> bool:
        """It runs."""
        return self._popen.poll() is None

    def children(self) -> list[int]:
        """Give its living children."""
        return children(self.pid)

    def send(self, number: signal.Signals) -> None:
        """Signal the process alone."""
        self._popen.send_signal(number)

    def send_group(self, number: signal.Signals) -> None:
        """Signal the process and all that it started, as a terminal, honcho and systemd do."""
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self.pid, number)

    def stop(self) -> int:
        """Ask it to stop, and wait; gives its exit code."""
        if self.is_alive:
            self.send_group(signal.SIGTERM)
            self.send_group(signal.SIGCONT)  # who stands still hears it too
        try:
            return self._popen.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            states = {pid: state(pid) for pid in (self.pid, *self.children())}
            self.kill()
            raise AssertionError(f"{self.title} has not stopped: {states}\n{self.log.read_text()[-4000:]}") from None

    def kill(self) -> None:
        """End it and all that it started at once, as a power cut does."""
        self.send_group(signal.SIGKILL)
        self.wait()

    def wait(self) -> int:
        """Wait until it has ended; gives its exit code."""
        return self._popen.wait()
