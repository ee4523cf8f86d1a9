"""A process that starts one program and sees to its end: `python -I -S supervisor.py <control socket>`.

It knows nothing of the platform and imports nothing of it, so its environment and memory hold no secrets. The socket
brings a job (its length in eight digits, then JSON) and takes lines of JSON; a byte on it asks for the end, and its end
means that whoever asked has died. Either way everything that the program has started is ended: as a subreaper (Linux)
it inherits also what has left the program's process group.
"""

import contextlib
import ctypes
import json
import os
import select
import shutil
import signal
import sys
import time
from pathlib import Path
from typing import Any, NoReturn

_PR_SET_PDEATHSIG = 1
_PR_SET_CHILD_SUBREAPER = 36
_ABANDONED_SECONDS = 1.0
_SETTLE_SECONDS = 0.2
_TURN_SECONDS = 0.02
_LENGTH_DIGITS = 8


class Supervisor:
    """One program and all its offspring."""

    def __init__(self, control: int, job: dict[str, Any]) -> None:
        self._control = control
        self._job = job
        self._program = 0
        self._status: int | None = None
        self._wake, wake = os.pipe()
        for end in (self._wake, wake):
            os.set_blocking(end, False)
        signal.signal(signal.SIGCHLD, lambda *_: None)
        signal.set_wakeup_fd(wake, warn_on_full_buffer=False)

    def run(self) -> None:
        """Start the program, wait for its end or a wish, leave nothing of it; tells what happened."""
        directory, is_fresh = self._directory()
        try:
            if (fault := self._start(directory)) is not None:
                self._tell(fault=fault)
                return
            grace = self._wait()
            left = self._left() if self._status is not None else 0
            self._end_all(grace)
            self._tell(status=self._status, left_behind=left)
        finally:
            if is_fresh:
                _remove(directory)

    def _directory(self) -> tuple[str, bool]:
        if self._job["directory"]:
            return self._job["directory"], False
        fresh = os.path.join(self._job["scratch"], f"carillon-command-{os.urandom(8).hex()}")
        os.mkdir(fresh, 0o700)
        return os.path.realpath(fresh), True

    def _start(self, directory: str) -> str | None:
        """Fork and execute; gives what kept the program from starting."""
        told, tell = os.pipe()
        parent = os.getpid()
        self._program = os.fork()
        if self._program == 0:
            _become(self._job, directory, parent, tell)
        os.close(tell)
        nothing = os.open(os.devnull, os.O_RDWR)
        for standard in (0, 1, 2):  # whoever reads the program's output must see its end
            os.dup2(nothing, standard)
        with os.fdopen(told, "rb") as fault:
            return fault.read().decode() or None

    def _wait(self) -> float:
        """Give the grace for what is to be ended: the program's end, or the owner's wish or death, has come."""
        watched = select.poll()
        watched.register(self._control, select.POLLIN)
        watched.register(self._wake, select.POLLIN)
        while True:
            self._reap()
            if self._status is not None:
                return float(self._job["grace_seconds"])
            for number, _ in watched.poll():
                if number == self._control:
                    wish = _read(self._control)
                    grace = float(self._job["grace_seconds"])
                    return grace if wish else min(grace, _ABANDONED_SECONDS)
                _read(self._wake)

    def _reap(self) -> bool:
        """Bury the dead; says whether anybody lives."""
        while True:
            try:
                pid, status = os.waitpid(-1, os.WNOHANG)
            except ChildProcessError:
                return False
            if pid == 0:
                return True
            if pid == self._program:
                self._status = os.waitstatus_to_exitcode(status)

    def _left(self) -> int:
        """Count what still lives a moment after the program's end: the members of a pipeline end one by one."""
        until = time.monotonic() + _SETTLE_SECONDS
        while self._reap():
            if time.monotonic() > until:
                return max(1, len(_offspring()))
            time.sleep(_TURN_SECONDS)
        return 0

    def _end_all(self, grace: float) -> None:
        """Ask everybody to end, then end them, until nobody is left: the orphans of the killed come to this process."""
        if not self._reap():
            return
        self._send(signal.SIGTERM, signal.SIGCONT)
        until = time.monotonic() + grace
        while self._reap() and time.monotonic() < until:
            time.sleep(_TURN_SECONDS)
        while self._reap():
            self._send(signal.SIGKILL)
            time.sleep(_TURN_SECONDS)

    def _send(self, *numbers: signal.Signals) -> None:
        for number in numbers:
            if self._status is None:  # until the program is buried nobody else can have its number
                with contextlib.suppress(ProcessLookupError, PermissionError):
                    os.killpg(self._program, number)
            for pid in _offspring():
                with contextlib.suppress(ProcessLookupError, PermissionError):
                    os.kill(pid, number)

    def _tell(self, **report: object) -> None:
        with contextlib.suppress(OSError):
            os.write(self._control, json.dumps(report).encode() + b"\n")


def _become(job: dict[str, Any], directory: str, parent: int, tell: int) -> NoReturn:
    """Turn this forked process into the program: own session, default signals, nothing open but 0, 1 and 2."""
    try:
        os.setsid()
        _prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
        if os.getppid() != parent:
            os._exit(1)
        signal.set_wakeup_fd(-1)
        for number in signal.valid_signals() - {signal.SIGKILL, signal.SIGSTOP}:
            with contextlib.suppress(OSError):
                signal.signal(number, signal.SIG_DFL)
        signal.pthread_sigmask(signal.SIG_SETMASK, [])
        os.umask(0o077)
        os.chdir(directory)
        if os.getcwd() != directory:
            raise NotADirectoryError(f"{directory} leads elsewhere by a symbolic link")
        environment = {"HOME": directory, **job["environment"]}
        os.execve(job["argv"][0], job["argv"], environment)  # noqa: S606  # a list of words, without a shell
    except BaseException as error:
        reason = getattr(error, "strerror", None) or str(error) or type(error).__name__
        os.write(tell, f"{getattr(error, 'filename', None) or job['argv'][0]}: {reason}".encode(errors="replace"))
    os._exit(127)


def _offspring() -> list[int]:
    """Give every living descendant of this process; where there is no /proc, nobody."""
    parents: dict[int, int] = {}
    for entry in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError, IndexError, ValueError):
            state, parent = (entry / "stat").read_bytes().rpartition(b")")[2].split()[:2]
            if state not in (b"Z", b"X"):
                parents[int(entry.name)] = int(parent)
    found, fresh = set[int](), {os.getpid()}
    while fresh:
        fresh = {pid for pid, parent in parents.items() if parent in fresh} - found
        found |= fresh
    return sorted(found)


def _remove(directory: str) -> None:
    """Remove a tree whose owner may have shut its directories."""
    for path, names, _ in os.walk(directory):
        for name in names:
            inner = os.path.join(path, name)
            if not os.path.islink(inner):
                with contextlib.suppress(OSError):
                    os.chmod(inner, 0o700)
    shutil.rmtree(directory, ignore_errors=True)


def _prctl(option: int, value: int) -> None:
    """Say something to Linux about this process; elsewhere there is nothing to say."""
    if sys.platform == "linux":
        ctypes.CDLL(None, use_errno=True).prctl(option, value, 0, 0, 0)


def _read(number: int) -> bytes:
    try:
        return os.read(number, 4096)
    except ConnectionError:
        return b""


def _read_job(control: int) -> dict[str, Any]:
    with os.fdopen(os.dup(control), "rb", buffering=0) as stream:
        text = _exactly(stream, int(_exactly(stream, _LENGTH_DIGITS)))
    job: dict[str, Any] = json.loads(text)
    return job


def _exactly(stream: Any, count: int) -> bytes:
    text = b""
    while len(text) < count:
        piece = stream.read(count - len(text))
        if not piece:
            sys.exit(1)  # nobody is there any more, and nothing has begun
        text += piece
    return text


def main(control: int) -> None:
    """Serve one job."""
    os.set_inheritable(control, False)
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP, signal.SIGQUIT):
        signal.signal(number, signal.SIG_IGN)
    signal.pthread_sigmask(signal.SIG_SETMASK, [])
    _prctl(_PR_SET_CHILD_SUBREAPER, 1)
    Supervisor(control, _read_job(control)).run()


if __name__ == "__main__":
    main(int(sys.argv[1]))
