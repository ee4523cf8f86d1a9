"""Programs started by handlers: a clean start, output while they run, and an end that leaves nothing behind.

Each program has a supervisor, a small process of its own that outlives a killed worker's child for as long as it takes
to end the program and everything that it has started.
"""

import contextlib
import ctypes
import json
import os
import select
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Any, Literal

PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
CHUNK_BYTES = 64 * 1024
ASK_SECONDS = 1.0
_SUPERVISOR = Path(__file__).with_name("supervisor.py")
_PR_SET_DUMPABLE = 4
_KILL_SECONDS = 5.0
_DRAIN_SECONDS = 2.0

StreamName = Literal["stdout", "stderr"]
OnOutput = Callable[[StreamName, bytes], object]


class CannotStart(Exception):
    """The program did not begin: it isn't there, may not be executed, or its directory isn't there."""


class Escaped(Exception):
    """The supervisor was ended from outside; whatever the program has started may still run."""


@dataclass(frozen=True, kw_only=True)
class Job:
    """A program to run. `directory` None: a fresh one, removed afterwards. HOME is the directory unless it is given."""

    argv: Sequence[str]
    environment: Mapping[str, str] = field(default_factory=dict)
    directory: str | None = None
    stdin: IO[bytes] | None = None
    grace_seconds: float = 4.0


@dataclass(frozen=True)
class Ending:
    """How a program ended by itself. One of exit code and signal (its name) is there."""

    exit_code: int | None
    signal: str | None
    left_behind: int


def run_program(job: Job, *, on_output: OnOutput, check: Callable[[], object] = lambda: None) -> Ending:
    """Run a program to its end and hand out its output as it comes; raise `CannotStart` or `Escaped`.

    `check` is called about once a second. Whatever it or `on_output` raises, whatever a signal raises: the program and
    everything that it has started is asked to end, has its grace, and is killed before the exception leaves. Output is
    read no faster than it is taken.
    """
    ours, theirs = socket.socketpair()
    with ours:
        with theirs:
            supervisor = _start(job, theirs)
        watched = _Watched(supervisor, ours, on_output)
        try:
            _send_job(ours, job)
            try:
                watched.watch(check)
            except BaseException:
                watched.end(job.grace_seconds + _KILL_SECONDS)
                raise
        finally:
            ours.close()  # also where the wait above was cut short: the supervisor does the rest
            watched.close()
    return _ending(watched.report)


def hide_process() -> None:
    """Keep other processes of the same user from reading this one's environment and memory, but not root (Linux)."""
    if sys.platform == "linux":
        ctypes.CDLL(None, use_errno=True).prctl(_PR_SET_DUMPABLE, 0, 0, 0, 0)


def _start(job: Job, control: socket.socket) -> "subprocess.Popen[bytes]":
    return subprocess.Popen(  # noqa: S603  # a list of words, without a shell
        [sys.executable, "-I", "-S", str(_SUPERVISOR), str(control.fileno())],
        stdin=job.stdin or subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        bufsize=0,
        cwd="/",
        env={"PATH": PATH, "LC_ALL": "C.UTF-8"},
        pass_fds=[control.fileno()],
        start_new_session=True,
        umask=0o077,
    )


def _send_job(control: socket.socket, job: Job) -> None:
    text = json.dumps(
        {
            "argv": [*job.argv],
            "environment": {"PATH": PATH, **job.environment},
            "directory": job.directory,
            "scratch": tempfile.gettempdir(),
            "grace_seconds": job.grace_seconds,
        }
    ).encode()
    with contextlib.suppress(BrokenPipeError):  # then there will be no report, which is told below
        control.sendall(f"{len(text):08d}".encode() + text)


class _Watched:
    """The ends of the program that are held here: its output, and its supervisor's socket."""

    def __init__(self, supervisor: "subprocess.Popen[bytes]", control: socket.socket, on_output: OnOutput) -> None:
        assert supervisor.stdout is not None
        assert supervisor.stderr is not None
        self.report: dict[str, Any] | None = None
        self._is_over = False
        self._supervisor = supervisor
        self._control = control
        self._told = b""
        self._on_output = on_output
        self._streams: dict[int, StreamName] = {supervisor.stdout.fileno(): "stdout"}
        self._streams[supervisor.stderr.fileno()] = "stderr"
        self._poll = select.poll()
        self._open = {*self._streams, control.fileno()}
        for number in self._open:
            self._poll.register(number, select.POLLIN)

    def watch(self, check: Callable[[], object]) -> None:
        """Read until nothing more can come."""
        ask_at = time.monotonic() + ASK_SECONDS
        until = float("inf")
        while self._open and time.monotonic() < until:
            self._turn(max(0.0, min(ask_at, until) - time.monotonic()))
            if time.monotonic() >= ask_at:
                ask_at = time.monotonic() + ASK_SECONDS
                check()
            if self._is_over and until == float("inf"):
                until = time.monotonic() + _DRAIN_SECONDS  # an output held open by what escaped is not waited for

    def end(self, seconds: float) -> None:
        """Ask for the end, and wait for it; the last output is still taken."""
        until = time.monotonic() + seconds
        with contextlib.suppress(OSError):
            self._control.send(b"end")
            self._supervisor.send_signal(signal.SIGCONT)  # the program may have stopped it
        while not self._is_over and (left := until - time.monotonic()) > 0:
            with contextlib.suppress(Exception):
                self._turn(left)

    def close(self) -> None:
        """Let go of everything."""
        for stream in (self._supervisor.stdout, self._supervisor.stderr):
            if stream is not None:
                stream.close()
        with contextlib.suppress(subprocess.TimeoutExpired):
            self._supervisor.wait(_DRAIN_SECONDS if self._is_over else 0)

    def _turn(self, seconds: float) -> None:
        for number, _ in self._poll.poll(seconds * 1000):
            if number == self._control.fileno():
                self._hear()
            else:
                self._read(number)

    def _read(self, number: int) -> None:
        piece = os.read(number, CHUNK_BYTES)
        if piece:
            self._on_output(self._streams[number], piece)
        else:
            self._forget(number)

    def _hear(self) -> None:
        try:
            piece = self._control.recv(4096)
        except ConnectionError:
            piece = b""
        self._told += piece
        if not piece:
            self._forget(self._control.fileno())
            self._is_over = True
            self.report = json.loads(self._told) if self._told.endswith(b"\n") else None

    def _forget(self, number: int) -> None:
        self._poll.unregister(number)
        self._open.discard(number)


def _ending(report: dict[str, Any] | None) -> Ending:
    if report is None:
        raise Escaped("the process that looked after the program was killed from outside")
    if "fault" in report:
        raise CannotStart(report["fault"])
    status = report["status"]
    if status >= 0:
        return Ending(status, None, report["left_behind"])
    return Ending(None, _name(-status), report["left_behind"])


def _name(number: int) -> str:
    try:
        return signal.Signals(number).name
    except ValueError:
        return f"SIG{number}"
