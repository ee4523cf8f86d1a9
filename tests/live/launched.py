"""The whole platform as `make run` starts it, from nothing, in a temporary directory."""

import contextlib
import os
import re
import secrets
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from scheduler_project import ports
from scheduler_project.settings import BASE_DIR, env

START_SECONDS = 90
STOP_SECONDS = 30
READY = re.compile(r"is ready: (?P<address>\S+)(?:  user: (?P<user>\S+)  one-time password: (?P<password>\S+))?")


@dataclass
class Launched:
    """A launcher with everything that it started; `lines` is what it has printed so far."""

    process: "subprocess.Popen[str]"
    mark: str
    lines: list[str] = field(default_factory=list)

    def ready(self) -> re.Match[str]:
        """Wait for the ready line."""
        deadline = time.monotonic() + START_SECONDS
        while time.monotonic() < deadline and self.process.poll() is None:
            for line in list(self.lines):
                if found := READY.search(line):
                    return found
            time.sleep(0.05)
        raise AssertionError("not ready:\n" + "".join(self.lines))

    def pids(self) -> set[int]:
        """Every living process that came from this launcher, wherever it hangs in the tree now."""
        mark = self.mark.encode()
        found = set()
        for entry in Path("/proc").glob("[0-9]*"):
            with contextlib.suppress(OSError):
                if mark in (entry / "environ").read_bytes().split(b"\0") and "Z" not in _state(entry):
                    found.add(int(entry.name))
        return found

    def interrupt(self) -> int:
        """Press Ctrl-C: the terminal signals the launcher's whole group. Gives the exit code."""
        os.killpg(self.process.pid, signal.SIGINT)
        return self.process.wait(STOP_SECONDS)


@contextlib.contextmanager
def launched(directory: Path, **settings: str) -> Iterator[Launched]:
    """Launch the platform with its state in `directory`; ends whatever is left of it afterwards."""
    environment = {name: value for name, value in os.environ.items() if name not in _settings()}
    identity = secrets.token_hex(8)
    environment |= {"VAR_DIR": str(directory), "PORT": str(free_port()), "LAUNCHED": identity, **settings}
    process = subprocess.Popen(
        [sys.executable, "-m", "scheduler_project.launch"],
        cwd=BASE_DIR,
        env=environment,
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


@contextlib.contextmanager
def short_directory() -> Iterator[Path]:
    """Give a directory whose path leaves room for a socket's name."""
    with tempfile.TemporaryDirectory(prefix="carillon-", dir="/tmp", ignore_cleanup_errors=True) as name:
        yield Path(name)


def free_port() -> int:
    """Give a port that nobody listens on now."""
    return ports.any_free()


def _settings() -> set[str]:
    names = {declared.name for declared in env.declared}
    return names | {f"{name}_FILE" for name in names} | {"DJANGO_SETTINGS_MODULE"}


def _state(entry: Path) -> str:
    return (entry / "stat").read_text().rpartition(")")[2].split()[0]


def _read(platform: Launched) -> None:
    assert platform.process.stdout is not None
    with platform.process.stdout:
        platform.lines.extend(iter(platform.process.stdout.readline, ""))
