"""What a handler reports while it runs: progress and log lines, kept until they are flushed in batches."""

import math
import threading
from collections import deque
from typing import Any

from django.conf import settings
from django.db import DatabaseError, InterfaceError, transaction
from django.utils import timezone

from tasks_app.events import RunLogged, RunProgressed, announce
from tasks_app.handlers.secrecy import hide
from tasks_app.models import RunLog, TaskRun
from tasks_app.services.execution.storable import storable_text
from tasks_app.services.lifecycle import Claim

LEVELS = ("debug", "info", "warning", "error")
_LINE_LIMIT = 8_000
_READ_TEXT = 10 * _LINE_LIMIT
"""Of a longer text no more is looked through for secrets, which holds the interpreter: the lease would run out."""
_TAIL_SHARE = 10


class Notes:
    """The reports of one attempt. The handler adds; the keeper (and the end of the run) flushes.

    Beyond the line limit of a run the middle is cut: the newest tenth is kept aside and written at the end, behind a
    line that says how many are missing.
    """

    def __init__(self, run: TaskRun, held: Claim) -> None:
        self._run = run
        self._held = held
        self._lock = threading.Lock()
        self._lines: list[list[str]] = []
        self._progress: dict[str, Any] | None = None
        self._seq = 0
        self._stored = run.log_lines
        limit = settings.LOG_LINES_PER_RUN
        self._head_left = max(0, limit - limit // _TAIL_SHARE - run.log_lines)
        self._tail: deque[list[str]] = deque(maxlen=max(1, limit // _TAIL_SHARE))
        self._tail_count = 0
        self.fresh = threading.Event()

    def add_line(self, message: str, level: str) -> None:
        """Take one log line; a text of several lines stays one entry."""
        text = _hidden(message)[:_LINE_LIMIT]
        line = [timezone.now().isoformat(), level if level in LEVELS else "info", text]
        with self._lock:
            if self._head_left > 0:
                self._head_left -= 1
                self._lines.append(line)
            else:
                self._tail_count += 1
                self._tail.append(line)
        self.fresh.set()

    def set_progress(self, done: float, total: float | None, message: str) -> None:
        """Take the newest progress; only the newest counts. Raises TypeError or ValueError for what is no number."""
        told = {
            "done": _number(done),
            "total": None if total is None else _number(total),
            "message": _hidden(message)[:300],
        }
        with self._lock:
            self._progress = told
            self._seq += 1
        self.fresh.set()

    @property
    def has_news(self) -> bool:
        """Something waits to be stored."""
        return bool(self._lines or self._tail or self._progress is not None)

    def flush(self, *, is_last: bool = False) -> None:
        """Store and announce what is new, while the claim holds; what could not be stored is kept for the next time."""
        with self._lock:
            lines, self._lines = self._lines, []
            progress, self._progress = self._progress, None
            seq = self._seq
            if is_last:
                lines += self._end_of_log()
            self.fresh.clear()
        try:
            if progress is not None:
                self._store_progress(progress, seq)
                progress = None
            if lines:
                self._store_lines(lines)
        except (DatabaseError, InterfaceError):
            self._take_back(lines, progress)
            raise

    def _take_back(self, lines: list[list[str]], progress: dict[str, Any] | None) -> None:
        with self._lock:
            self._lines = lines + self._lines
            self._progress = self._progress or progress
        self.fresh.set()

    def _end_of_log(self) -> list[list[str]]:
        missing = self._tail_count - len(self._tail)
        tail = list(self._tail)
        self._tail.clear()
        self._tail_count = 0
        if missing > 0:
            tail.insert(
                0, [timezone.now().isoformat(), "warning", f"… {missing} lines left out here: the limit is reached"]
            )
        return tail

    def _store_progress(self, progress: dict[str, Any], seq: int) -> None:
        if not TaskRun.objects.filter(**self._held.guard).update(progress=progress, progress_seq=seq):
            return
        run = self._run
        announce(
            RunProgressed(
                run_id=str(run.id),
                task_id=str(run.task_id) if run.task_id else None,
                owner_id=run.owner_id,
                status=run.status,
                reason=run.reason,
                version=run.version,
                seq=seq,
                progress=progress,
                message=progress["message"],
                at=timezone.now(),
            )
        )

    def _store_lines(self, lines: list[list[str]]) -> None:
        first = self._stored + 1
        count = self._stored + len(lines)
        with transaction.atomic():
            if not TaskRun.objects.filter(**self._held.guard).update(log_lines=count):
                return
            RunLog.objects.create(
                run_id=self._run.id, first_line=first, line_count=len(lines), claim_no=self._held.claim_no, lines=lines
            )
        self._stored = count
        frames = [
            {"n": first + number, "at": at, "level": level, "message": text}
            for number, (at, level, text) in enumerate(lines)
        ]
        run = self._run
        announce(
            RunLogged(
                run_id=str(run.id),
                task_id=str(run.task_id) if run.task_id else None,
                owner_id=run.owner_id,
                lines=frames,
            )
        )


def _hidden(message: object) -> str:
    return hide(storable_text(str(message)[:_READ_TEXT]))


def _number(value: float) -> float:
    """Give a plain finite number: a Decimal or a number of another library would only fail when it is stored."""
    number = value if type(value) in (int, float) else float(value)
    if not math.isfinite(number):
        raise ValueError(f"progress must be a finite number, not {value}")
    return number
