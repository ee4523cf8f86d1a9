"""What real processes need around them: an environment, a directory, ports; and how to find all that came of them."""

import contextlib
import os
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TypeVar

from scheduler_project import ports
from scheduler_project.settings import env
from tests.live.leash import living, state

__all__ = ["WAIT_SECONDS", "children", "environment", "eventually", "free_port", "living", "short_directory", "state"]

PAUSE_SECONDS = 0.02
WAIT_SECONDS = 60  # for what takes a second: only what never comes is a fault, however slow the machine is
T = TypeVar("T")


def environment(**settings: str) -> dict[str, str]:
    """Give this process's environment without any setting of the platform, and with those that are given."""
    declared = {name for variable in env.declared for name in (variable.name, f"{variable.name}_FILE")}
    # Byte code that may not be kept is compiled anew by every process.
    dropped = declared | {"DJANGO_SETTINGS_MODULE", "PYTHONDONTWRITEBYTECODE"}
    kept = {name: value for name, value in os.environ.items() if name not in dropped}
    path = f"{Path(sys.executable).parent}{os.pathsep}{kept.get('PATH', os.defpath)}"
    return {**kept, "PATH": path, "PYTHONUNBUFFERED": "1", **settings}


@contextlib.contextmanager
def short_directory() -> Iterator[Path]:
    """Give a directory whose path leaves room for a socket's name; in memory, so that a slow disk is no fault."""
    place = "/dev/shm" if os.access("/dev/shm", os.W_OK) else "/tmp"
    with tempfile.TemporaryDirectory(prefix="carillon-", dir=place, ignore_cleanup_errors=True) as name:
        yield Path(name)


def free_port() -> int:
    """Give a port that nobody listens on now."""
    return ports.any_free()


def children(pid: int) -> list[int]:
    """Give the living children of a process."""
    found = []
    for thread in Path(f"/proc/{pid}/task").glob("*/children"):
        with contextlib.suppress(OSError):
            found += [int(child) for child in thread.read_text().split()]
    return sorted(child for child in found if state(child) not in ("", "Z"))


def eventually(condition: Callable[[], T], seconds: float = WAIT_SECONDS, what: str = "") -> T:
    """Wait until the condition holds, and give what it gave."""
    deadline = time.monotonic() + seconds
    while not (found := condition()):
        assert time.monotonic() < deadline, f"not within {seconds:g} s: {what or condition}"
        time.sleep(PAUSE_SECONDS)
    return found
