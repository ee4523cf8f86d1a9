"""What the supervisor of `make run` does with parts that end: real processes, small ones."""

import os
import re
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import cast

import pytest

from tests.live.surroundings import eventually, state

ROOT = Path(__file__).resolve().parents[2]
WAIT_SECONDS = 30
_LAUNCHER = """
import multiprocessing, sys
multiprocessing.set_start_method(sys.argv.pop(1))
from scheduler_project.guard import Guard
from scheduler_project.supervisor import Printer, Supervisor
supervisor = Supervisor(Printer(sys.stdout), Guard(grace_seconds=60), grace_seconds=60)
for part in sys.argv[1:]:
    supervisor.add_process(*part.split(": ", 1))
sys.exit(supervisor.loop())
"""
STAYS = "exec sleep 1000"
DEAF = "trap '' TERM INT; echo deaf; while :; do sleep 1000; done"


class Parts:
    """A supervisor with these parts, and what it has printed."""

    def __init__(self, process: "subprocess.Popen[str]") -> None:
        self.process, self.lines = process, cast(list[str], [])

    def read(self) -> None:
        """Keep what it prints."""
        assert self.process.stdout is not None
        self.lines.extend(iter(self.process.stdout.readline, ""))

    def started(self, name: str) -> list[int]:
        """Give the pids of a part, in the order of its starts."""
        found = re.findall(rf"\| {name} started \(pid=(\d+)\)", "".join(list(self.lines)))
        return [int(pid) for pid in found]

    def says(self, text: str) -> bool:
        """Whether it has printed this."""
        return text in "".join(list(self.lines))

    def until(self, condition: Callable[[], object], what: str) -> None:
        """Wait for it."""
        eventually(condition, WAIT_SECONDS, f"{what}: {''.join(self.lines)}")


@contextmanager
def running(how: str = "fork", **parts: str) -> Iterator[Parts]:
    """Run a supervisor; nothing of it is left afterwards."""
    words = [sys.executable, "-c", _LAUNCHER, how, *(f"{name}: {line}" for name, line in parts.items())]
    process = subprocess.Popen(
        words, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, start_new_session=True
    )
    found = Parts(process)
    reader = threading.Thread(target=found.read)
    reader.start()
    try:
        yield found
    finally:
        for _ in range(2):  # the second word ends all at once
            process.send_signal(signal.SIGINT)
        process.wait(WAIT_SECONDS)
        reader.join(WAIT_SECONDS)
        assert process.stdout is not None
        process.stdout.close()


def test_a_part_that_fails_at_once_ends_all_with_its_code_and_its_last_lines() -> None:
    with running(redis=STAYS, web="echo PORT: no number; exit 3") as parts:
        assert parts.process.wait(WAIT_SECONDS) == 3
    assert len(parts.started("web")) == 4
    assert len(parts.started("redis")) == 1
    text = "".join(parts.lines)
    assert "web ended by itself (exit code 3); it is started again in 0.5 s" in text
    assert "PORT: no number" in text.partition("web ended at once, 4 times; the last that it said:")[2]


def test_a_part_that_is_killed_comes_back_however_often() -> None:
    with running(redis=STAYS, web=STAYS) as parts:
        for times in range(1, 5):
            parts.until(lambda times=times: len(parts.started("web")) == times, "another start")  # type: ignore[misc]
            os.kill(parts.started("web")[-1], signal.SIGKILL)
        parts.until(lambda: len(parts.started("web")) == 5, "one more start")
        assert parts.says("web ended by SIGKILL; it is started again in 0.5 s")
        parts.process.send_signal(signal.SIGTERM)
        assert parts.process.wait(WAIT_SECONDS) == 0
        assert not any(state(pid) for pid in parts.started("web") + parts.started("redis"))


def test_a_part_whose_reader_is_killed_comes_back_once() -> None:
    with running(redis=STAYS) as parts:
        parts.until(lambda: parts.started("redis"), "the start")
        [first] = parts.started("redis")
        os.kill(parent_of(first), signal.SIGKILL)
        parts.until(lambda: len(parts.started("redis")) == 2, "another start")
        parts.until(lambda: not state(first), "the end of the first")


@pytest.mark.parametrize("how", ["fork", "spawn"])  # as on Linux, and as on macOS
def test_nobody_reads_on_when_the_launcher_is_killed(how: str) -> None:
    with running(how, redis=STAYS, web="while :; do echo noise; done") as parts:
        parts.until(lambda: parts.started("redis") and parts.started("web"), "both")
        known = len(parts.lines) + 5  # by then the guard knows of both
        parts.until(lambda: len(parts.lines) > known, "some lines")
        readers = [parent_of(pid) for name in ("redis", "web") for pid in parts.started(name)]
        parts.process.kill()
        try:
            parts.until(lambda: not any(state(pid) for pid in readers), "the end of who reads")
        finally:  # one that is left would keep what is printed open
            for pid in filter(state, readers):
                os.kill(pid, signal.SIGKILL)


def test_children_that_outlive_their_part_do_not_keep_it_away_and_are_ended_at_last() -> None:
    line = f'sh -c "{DEAF}" & echo child $! of $$; wait'
    with running(worker=line) as parts:
        parts.until(lambda: parts.says("deaf"), "the child")
        [child] = re.findall(r"child (\d+) of", "".join(parts.lines))
        os.kill(parts.started("worker")[0], signal.SIGKILL)
        parts.until(lambda: len(parts.started("worker")) == 2, "another start, beside the child")
        assert state(int(child)) not in ("", "Z"), "it is left to end what it is at"
        for _ in range(2):
            parts.process.send_signal(signal.SIGINT)
            parts.until(lambda: parts.says("SIGINT received"), "the word")
        assert parts.process.wait(WAIT_SECONDS) == 0
        assert state(int(child)) in ("", "Z")


def test_a_second_ctrl_c_ends_at_once_what_takes_its_time() -> None:
    with running(redis=STAYS, worker=DEAF) as parts:
        parts.until(lambda: parts.says("deaf"), "the part")
        parts.process.send_signal(signal.SIGINT)
        parts.until(lambda: parts.says("SIGINT received"), "the first word")
        assert parts.process.poll() is None
        parts.process.send_signal(signal.SIGINT)
        assert parts.process.wait(WAIT_SECONDS) == 0
        assert not any(state(pid) for pid in parts.started("worker") + parts.started("redis"))


def parent_of(pid: int) -> int:
    """Give the parent's pid."""
    return int(Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[1])
