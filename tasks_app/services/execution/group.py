"""A group of short runs in one child's hands: claimed together, run one after the other, written down together.

The main thread takes runs and adds their ends. When one of them takes long after all, the keeper dissolves the group:
what has not begun is given back for other children, what has ended is written down, and the one that runs goes alone.
"""

import os
import threading
import time
from collections import deque
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from django.conf import settings

from tasks_app import dispatch
from tasks_app.models import TaskRun
from tasks_app.services import group_moves, group_outcomes, lifecycle, outcomes
from tasks_app.services.execution.board import Board
from tasks_app.services.group_moves import Ended
from tasks_app.services.lifecycle import Claim

FLUSH_SECONDS = 0.02
PATIENCE_SECONDS = 0.1
"""A run of a group that takes longer is no longer held to be short."""


class Group:
    """The runs of one claim; `claimed_at` is the monotonic instant just before it."""

    def __init__(self, runs: Sequence[TaskRun], board: Board, index: int, *, worker: str, claimed_at: float) -> None:
        assert runs[0].lease_until is not None
        self.claimed_at = claimed_at
        self.is_dissolved = False
        self.written: list[Ended] = []
        self._board, self._index, self._worker = board, index, worker
        self._lock = threading.Lock()
        self._rest = deque(runs)
        self._ended: list[Ended] = []
        self._now = runs[0].lease_until - timedelta(seconds=settings.LEASE_SECONDS)
        self._clock = time.monotonic()
        self._show()

    def next(self) -> TaskRun | None:
        """Take the next run; None when none is left."""
        with self._lock:
            return self._rest.popleft() if self._rest else None

    def instant(self, monotonic: float) -> datetime:
        """Give a monotonic instant on the database's clock, as it was read for the claim."""
        return self._now + timedelta(seconds=monotonic - self._clock)

    def add(self, run: TaskRun, held: Claim, *, began: float, ended: float, result: Any) -> None:
        """Keep a good end until it is written."""
        one = Ended(run, held, self.instant(began), self.instant(ended), result)
        with self._lock:
            self._ended.append(one)

    @property
    def is_flush_due(self) -> bool:
        """An end has waited for 20 ms."""
        return bool(self._ended) and self.instant(time.monotonic()) >= self._ended[0].finished_at + _FLUSH

    def flush(self) -> None:
        """Write down the ends that are kept; a fault leaves them kept."""
        with self._lock:
            ended = list(self._ended)
        group_outcomes.attempts_succeeded(ended)
        with self._lock:
            del self._ended[: len(ended)]
        self.written += ended
        self._show()

    def give_back(self) -> None:
        """Give back what has not begun; a fault leaves it here."""
        with self._lock:
            rest = list(self._rest)
            self._rest.clear()
        try:
            self._hand_back(rest)
        except BaseException:
            with self._lock:
                self._rest.extend(rest)
            raise
        self._show()

    def dissolve(self, held: Claim, *, began: float) -> TaskRun | None:
        """Leave the run that takes long alone; gives it as it stands now, None when its claim is void."""
        self.give_back()
        self.flush()
        run = lifecycle.note_start(held, started_at=self.instant(began))
        self.is_dissolved = True
        return run

    def _hand_back(self, rest: Sequence[TaskRun]) -> None:
        actor = f"worker:{self._worker}"
        held = {run.id: Claim(run.id, run.claim_no, self._worker) for run in rest}
        given = group_moves.hand_back_all([*held.values()], actor=actor)
        for id in held.keys() - given:  # asked to stop, or no longer ours
            outcomes.attempt_handed_back(held[id], actor=actor)
        if given:
            dispatch.wake(rest[0].queue, len(given))

    def _show(self) -> None:
        """Let the parent see what it has to give back if this process dies; the run at hand is shown by its attempt."""
        with self._lock:
            claims = [(one.held.run_id, one.held.claim_no) for one in self._ended]
            claims += [(run.id, run.claim_no) for run in self._rest]
        self._board.hold(self._index, os.getpid(), claims)


_FLUSH = timedelta(seconds=FLUSH_SECONDS)
