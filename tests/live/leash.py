"""Ends what a test run has started when the test run itself is killed: `python leash.py NAME=value directory`.

Its input is a pipe that the test run holds open. At its end, however that came, every process with this mark in its
environment, or the directory in its command line, is killed and the directory is removed. After an orderly stop nothing
is left to do.
"""

import contextlib
import os
import shutil
import signal
import sys
from pathlib import Path


def living(mark: str, directory: str = "") -> set[int]:
    """Give every living process that bears the mark or names the directory, wherever it hangs in the tree now.

    Redis writes its title over its environment, but names its socket there.
    """
    found = {int(entry.name) for entry in Path("/proc").glob("[0-9]*") if _belongs(entry, mark, directory)}
    return found - {os.getpid()}


def end_all(mark: str, directory: str) -> None:
    """Kill until nobody is left: one may be starting another."""
    while found := living(mark, directory):
        for pid in found:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)


def state(pid: int) -> str:
    """Give the kernel's letter for what the process does; empty when there is none."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except OSError:
        return ""


def _belongs(entry: Path, mark: str, directory: str) -> bool:
    try:
        is_marked = mark.encode() in (entry / "environ").read_bytes().split(b"\0")
        if not is_marked and directory:
            is_marked = f"{directory}/".encode() in (entry / "cmdline").read_bytes()
    except OSError:
        return False
    return is_marked and state(int(entry.name)) not in ("", "Z")


if __name__ == "__main__":
    sys.stdin.read()
    end_all(*sys.argv[1:])
    shutil.rmtree(sys.argv[2], ignore_errors=True)
