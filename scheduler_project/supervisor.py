"""Keeps the parts of `make run` running: one that ends by itself is started again, until somebody asks for the end.

honcho starts and prints, and would end all parts when one ends. Here only a part that ends at once, several times in a
row, ends the others, and its last lines are said again. Redis is stopped last: the others still need it.
"""

import contextlib
import multiprocessing
import os
import queue
import signal
import threading
import time
from collections import deque
from dataclasses import dataclass, field
from multiprocessing.connection import Connection
from typing import Any

import honcho.manager
import honcho.process
from honcho.printer import Printer

from scheduler_project.guard import Guard, tell_and_close

AT_ONCE_SECONDS = 20.0
TRIES = 4
FIRST_PAUSE, LONGEST_PAUSE = 0.5, 8.0
LAST_LINES = 10
STOPPED_LAST = "redis"
READY = "ready"
_LAST_WORDS_SECONDS = 1.0
_LOOK_SECONDS = 0.1
_ENDED_FROM_OUTSIDE = (-signal.SIGKILL, -signal.SIGTERM, -signal.SIGINT)


class PartProcess(honcho.process.Process):  # type: ignore[misc]  # honcho has no types
    """honcho's, which would tell of an end only when nobody writes any more: children may outlive what started them."""

    def run(self, events: Any, pen: Connection) -> None:
        """Start it, tell the guard before anybody, pass its lines on, and tell of its end."""
        # With the reading end open in itself, it would wait for ever for room when the launcher has been killed.
        # Without it, a write fails, and it ends.
        events._reader.close()
        self._events = events
        self._child = self._child_ctor(self.cmd, env=self.env, cwd=self.cwd)
        tell_and_close(pen, self._child.pid, is_last=self.name == STOPPED_LAST)
        self._send_message({"pid": self._child.pid}, type="start")
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
        reader = threading.Thread(target=self._read)
        reader.start()
        self._child.wait()
        reader.join(_LAST_WORDS_SECONDS)
        self._send_message({"returncode": self._child.returncode}, type="stop")

    def _read(self) -> None:
        for line in iter(self._child.stdout.readline, b""):
            self._send_message(line)


@dataclass
class Part:
    """One line of the Procfile, and how it fares."""

    process: PartProcess
    fork: multiprocessing.Process | None = None
    pid: int | None = None
    begun_at: float = 0.0
    again_at: float | None = 0.0
    quick_ends: int = 0
    told: bool = False
    code: int = 0
    lines: deque[bytes | str] = field(default_factory=lambda: deque(maxlen=LAST_LINES))

    @property
    def is_up(self) -> bool:
        """It has been started and has not ended yet."""
        return self.fork is not None

    def pause(self, now: float) -> float | None:
        """Say in how many seconds to start it again after this end; None to give it up."""
        self.quick_ends = self.quick_ends + 1 if now - self.begun_at < AT_ONCE_SECONDS else 1
        if self.process.name == READY and self.code > 0:
            return None
        if self.quick_ends >= TRIES and self.code not in _ENDED_FROM_OUTSIDE:
            return None
        return float(min(FIRST_PAUSE * 2 ** (self.quick_ends - 1), LONGEST_PAUSE))


class Supervisor(honcho.manager.Manager):  # type: ignore[misc]  # honcho has no types
    """Starts the parts, prints what they say, starts them again, and ends them in their order."""

    def __init__(self, printer: Printer, guard: Guard, *, grace_seconds: float) -> None:
        super().__init__(printer)
        self._process_ctor = PartProcess
        self._guard, self._grace = guard, grace_seconds
        self._parts: dict[str, Part] = {}
        self._forks: list[multiprocessing.Process] = []
        self._left_behind: set[int] = set()
        self._kill_at: float | None = None
        self._given_up: Part | None = None
        self._signals: list[int] = []
        self.events._ignore_epipe = True

    def loop(self) -> int:
        """Run the parts until somebody asks for the end (0), or one has to be given up (its exit code)."""
        self._parts = {name: Part(given["obj"]) for name, given in self._processes.items()}
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, lambda number, _: self._signals.append(number))
        self._start_due()
        while self._next_event() or not self._is_over():
            self._listen()
            self._start_due()
            self._notice_lost_forks()
            self._tell_guard()
            self._stop_more()
        self._end_forks()
        return self._say_why()

    def _listen(self) -> None:
        """Begin to stop when asked to; a second Ctrl-C ends all at once. A terminal that closes may say so twice."""
        while self._signals:
            number = self._signals.pop(0)
            self._system_print(f"{signal.Signals(number).name} received\n")
            if self._kill_at is None:
                self._kill_at = time.monotonic() + self._grace
            elif number == signal.SIGINT:
                self._kill_at = time.monotonic()

    # -- what the parts tell

    def _next_event(self) -> bool:
        try:
            event = self.events.get(timeout=_LOOK_SECONDS)
        except queue.Empty:
            return False
        part = self._parts[event.name]
        if event.type == "line":
            part.lines.append(event.data)
            self._printer.write(event)
        elif event.type == "start":
            part.pid = event.data["pid"]
            self._tell_guard()  # what is told once is taken back when it has ended
            self._system_print(f"{event.name} started (pid={part.pid})\n")
        else:
            self._ended(part, event.data["returncode"])
        return True

    def _ended(self, part: Part, code: int) -> None:
        name, part.code = part.process.name, code
        if part.pid is not None:
            self._left_behind.add(part.pid)  # children may live, at work: they are asked, and ended with the rest
            self._procmgr.terminate(part.pid)
        part.fork = part.pid = None
        if self._kill_at is not None:
            self._system_print(f"{name} stopped (rc={code})\n")
            return
        now = time.monotonic()
        pause = part.pause(now)
        if pause is not None:
            part.again_at = now + pause
            self._system_print(f"{name} ended {_how(code)}; it is started again in {pause:g} s\n")
            return
        self._system_print(f"{name} ended {_how(code)}, and is given up; everything is stopped\n")
        self._given_up, self._kill_at = part, now + self._grace

    def _notice_lost_forks(self) -> None:
        """Take a part for ended whose fork, which would have told, was killed: nobody reads what it says."""
        for part in self._parts.values():
            if part.fork is not None and part.fork.exitcode and self.events.empty():
                if part.pid is not None:
                    self._procmgr.kill(part.pid)
                self._ended(part, part.fork.exitcode)

    # -- starting and stopping

    def _start_due(self) -> None:
        if self._kill_at is not None:
            return
        now = time.monotonic()
        for name, part in self._parts.items():
            if part.again_at is not None and now >= part.again_at:
                part.begun_at, part.again_at, part.told = now, None, False
                with self._guard.pen() as pen:
                    part.fork = multiprocessing.Process(name=name, target=part.process.run, args=(self.events, pen))
                    part.fork.start()
                self._forks.append(part.fork)

    def _tell_guard(self) -> None:
        self._left_behind = {group for group in self._left_behind if _lives(group)}
        up = {part.pid: name == STOPPED_LAST for name, part in self._parts.items() if part.pid is not None}
        self._guard.tell((dict.fromkeys(self._left_behind, False) | up).items())

    def _stop_more(self) -> None:
        if self._kill_at is None:
            return
        is_late = time.monotonic() >= self._kill_at
        others = [part for name, part in self._parts.items() if name != STOPPED_LAST]
        is_last = not any(part.is_up for part in others)
        for group in self._left_behind if is_late or is_last else ():
            self._procmgr.kill(group)
        for part in self._parts.values() if is_last or is_late else others:
            if part.pid is None:
                continue
            if is_late:
                self._procmgr.kill(part.pid)
            elif not part.told:
                part.told = True
                self._procmgr.terminate(part.pid)

    def _is_over(self) -> bool:
        return self._kill_at is not None and not any(part.is_up for part in self._parts.values())

    def _end_forks(self) -> None:
        """See that nothing is left: neither children that outlived their part, nor who still reads from them."""
        for group in self._left_behind:
            self._procmgr.kill(group)
        for fork in self._forks:
            fork.join(_LAST_WORDS_SECONDS)
            if fork.is_alive():
                fork.kill()

    def _say_why(self) -> int:
        if self._given_up is None:
            return 0
        name = self._given_up.process.name
        tries = "" if name == READY else f" at once, {TRIES} times"
        self._system_print(f"{name} ended{tries}; the last that it said:\n")
        for line in self._given_up.lines:
            self._system_print(line)
        return abs(self._given_up.code) or 1


def _how(code: int) -> str:
    if code >= 0:
        return f"by itself (exit code {code})"
    with contextlib.suppress(ValueError):
        return f"by {signal.Signals(-code).name}"
    return f"by signal {-code}"


def _lives(group: int) -> bool:
    try:
        os.killpg(group, 0)
    except ProcessLookupError:
        return False
    except OSError:
        return True
    return True
