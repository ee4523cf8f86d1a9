"""Ends what a test run has started when the test run itself is killed: `python leash.py NAME=value directory`.

Its input is a pipe that the test run holds open. At its end, however that came, every process with this mark in its
environment is killed and the directory is removed. After an orderly stop nothing is left to do.
"""

import contextlib
import os
import shutil
import signal
import sys
from pathlib import Path


def end_all(mark: bytes) -> None:
    """Kill until nobody is left: one may be starting another."""
    while found := [entry for entry in Path("/proc").glob("[0-9]*") if _bears(entry, mark)]:
        for entry in found:
            with contextlib.suppress(ProcessLookupError):
                os.kill(int(entry.name), signal.SIGKILL)


def _bears(entry: Path, mark: bytes) -> bool:
    try:
        return mark in (entry / "environ").read_bytes().split(b"\0")
    except OSError:  # it has gone, or is a zombie
        return False


if __name__ == "__main__":
    sys.stdin.read()
    end_all(sys.argv[1].encode())
    shutil.rmtree(sys.argv[2], ignore_errors=True)
