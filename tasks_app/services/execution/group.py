"""A group of short runs in one child's hands: claimed together, run one after the other, written down together.

The main thread takes runs and adds their ends. When one of them takes long after all, the keeper dissolves the group:
what has not begun is given back for other children, what has ended is written down, and the one that runs goes alone.
"""

import threading
import time
from collections import deque
from collections.abc import Sequence
from datetime import datetime, timedelta
from functools import cached_property

from django.conf import settings

from tasks_app import dispatch
from tasks_app.models import TaskRun
from tasks_app.selectors.type_rules import Rule, type_rules
from tasks_app.services import group_moves, group_outcomes, lifecycle, outcomes
from tasks_app.services.execution.board import Place
from tasks_app.services.group_moves import Ended
from tasks_app.services.lifecycle import Claim

MOST = 4
"""How many ends that are to be written at once may be on their way while the next run begins."""
_FLUSH = timedelta(milliseconds=20)
PATIENCE_SECONDS = 0.1
"""A run of a group that takes longer is no longer held to be short."""
_PAUSE_SECONDS = 0.5


class Group:
    """The runs of one claim; `claimed_at` is the monotonic instant just before the database was asked for its time."""

    def __init__(self, runs: Sequence[TaskRun], place: Place, *, is_background: bool, claimed_at: float) -> None:
        assert runs[0].lease_until is not None
        self.claimed_at = claimed_at
        self.is_dissolved = self.is_urgent = False
        self.written: list[Ended] = []
        self._untold: list[Ended] = []
        self._leaving: list[TaskRun] = []
        self._place, self._is_background = place, is_background
        self._lock = threading.Lock()
        self._writing = threading.Lock()
        self._at_hand: TaskRun | None = None
        self._rest = deque(runs)
        self._ended: list[Ended] = []
        self._late: list[Ended] = []
        self._now = runs[0].lease_until - timedelta(seconds=settings.LEASE_SECONDS)
        self._looked_at = time.monotonic()
        self._show()

    def next(self) -> TaskRun | None:
        """Take the next run; None when none is left, or as many urgent ends as allowed cannot be written."""
        with self._lock:
            is_held_up = self.is_urgent and len(self._ended) + len(self._late) >= MOST
            self._at_hand = self._rest.popleft() if self._rest and not is_held_up else None
            return self._at_hand

    @cached_property
    def rules(self) -> dict[str, Rule]:
        """The rules of task types, read once when the first of these runs, which are short, starts."""
        return type_rules()

    def instant(self, monotonic: float) -> datetime:
        """Give a monotonic instant on the database's clock, as it was read for the claim."""
        return self._now + timedelta(seconds=monotonic - self.claimed_at)

    def add(self, one: Ended, *, is_urgent: bool = False) -> None:
        """Keep a good end until it is written, which may be urgent."""
        with self._lock:
            self._ended.append(one)
            self._at_hand = None
            self.is_urgent = self.is_urgent or is_urgent

    @property
    def is_flush_due(self) -> bool:
        """An end has waited for 20 ms to be written."""
        return self._is_due(self._ended[:1])

    @property
    def is_telling_due(self) -> bool:
        """An end has waited for 20 ms to be told."""
        return self._is_due(self._untold[:1])

    @property
    def unwritten(self) -> int:
        """How many ends are kept."""
        with self._lock:
            return len(self._ended) + len(self._late)

    @property
    def is_flushable(self) -> bool:
        """An end is kept that nobody is known to be in the way of."""
        return bool(self._ended)

    @property
    def has_late_ends(self) -> bool:
        """An end is kept whose run, or task, somebody holds."""
        return bool(self._late)

    def flush(self) -> None:
        """Write down the ends that are kept; a fault leaves them kept. One thread at a time, so that each goes once.

        Those whose run, or task, somebody holds become late, and are written for themselves.
        """
        with self._writing:
            with self._lock:
                ended = list(self._ended)
            if not ended:
                return
            held = {one.run.task_id for one in self._late} - {None}  # not to be waited for again, nor overtaken
            late = [one for one in ended if one.run.task_id in held]
            written, newly = group_outcomes.free_attempts_succeeded([one for one in ended if one not in late])
            with self._lock:
                del self._ended[: len(ended)]
                self._late += late + newly
                self._note(written)

    def write_late(self) -> None:
        """Write down the late ends that are free now, together; what is held yet, stays.

        Once their lease is over, they are others' to give back: so it may be where a run of the group went on alone.
        """
        with self._writing:
            is_over = time.monotonic() >= self.claimed_at + settings.LEASE_SECONDS
            written, held = ([], []) if is_over else group_outcomes.free_attempts_succeeded(self._late)
            with self._lock:
                self._late = held
                self._note(written)

    def make_way(self, run: TaskRun, until: float) -> None:
        """Before an end that waits for whoever holds the run's task, give back what has not begun, for others to take.

        What is late of the task is written first: it ended before. Where somebody holds that for too long, the end goes
        ahead, before its own lease is over.
        """
        if run.task_id is None:
            return
        if self._rest and group_outcomes.is_held(run.task_id):
            self.give_back()
            self.tell()
        while any(one.run.task_id == run.task_id for one in self._late):
            self.write_late()
            if time.monotonic() >= until:
                return
            time.sleep(_PAUSE_SECONDS * bool(self._late))

    def wind_up(self) -> None:
        """Write down, tell and give back what is left, and wait for those who hold late ends, as long as it takes."""
        self.flush()
        self.tell()
        self.give_back()
        while self._late:
            self.write_late()
            time.sleep(_PAUSE_SECONDS * bool(self._late))

    def part(self) -> None:
        """Write down what has ended before the run at hand, which is written down by itself."""
        self.flush()
        with self._lock:
            self._at_hand = None
            self._show()

    def tell(self) -> None:
        """Tell watchers of what has been written."""
        with self._lock:
            untold, self._untold = self._untold, []
        group_outcomes.tell(untold)

    def give_back(self) -> None:
        """Give back what has not begun. After a fault it is still to be given back, and is never begun here.

        For nobody knows then whether it has been, and is in other hands by now.
        """
        with self._lock:
            self._leaving += self._rest
            self._rest.clear()
        self._let_go()

    @property
    def is_look_due(self) -> bool:
        """For 100 ms nobody has looked whether somebody wants a run to stop whose turn has not come."""
        return bool(self._rest) and time.monotonic() - self._looked_at >= PATIENCE_SECONDS

    def leave_out_stopped(self) -> None:
        """Give back those whose turn has not come and that somebody has asked to stop: they end so."""
        self._looked_at = time.monotonic()
        with self._lock:
            ids = [run.id for run in self._rest]
        asked = set(TaskRun.objects.filter(id__in=ids, cancel_requested_at__isnull=False).values_list("id", flat=True))
        if not asked:
            return
        with self._lock:
            self._leaving += [run for run in self._rest if run.id in asked]
            self._rest = deque(run for run in self._rest if run.id not in asked)
        self._let_go()

    @property
    def is_empty(self) -> bool:
        """Nothing is left to be run, written or given back."""
        with self._lock:
            return not (self._rest or self._ended or self._late or self._leaving)

    def dissolve(self, held: Claim, *, began: float) -> TaskRun | None:
        """Leave the run that takes long alone; gives it as it stands now, None when its claim is void."""
        self.give_back()
        self.part()
        self.tell()
        run = lifecycle.note_start(held, started_at=self.instant(began))
        self.is_dissolved = True
        return run

    def _note(self, written: Sequence[Ended]) -> None:
        """Note what has been written; the lock is held."""
        self._untold += written
        self.written += written
        self.is_urgent = self.is_urgent and bool(self._ended or self._late)
        self._show()

    def _let_go(self) -> None:
        with self._lock:
            leaving = list(self._leaving)
        self._hand_back(leaving)
        with self._lock:
            self._leaving.clear()
            self._show()

    def _is_due(self, oldest: Sequence[Ended]) -> bool:
        return bool(oldest) and self.instant(time.monotonic()) >= oldest[0].finished_at + _FLUSH

    def _hand_back(self, rest: Sequence[TaskRun]) -> None:
        worker = self._place.worker
        actor = f"worker:{worker}"
        held = {run.id: Claim(run.id, run.claim_no, worker) for run in rest}
        given = group_moves.hand_back_all([*held.values()], actor=actor)
        for id in held.keys() - given:  # asked to stop, or no longer ours
            outcomes.attempt_handed_back(held[id], actor=actor)
        if given:
            dispatch.wake(rest[0].queue, len(given))

    def _show(self) -> None:
        """Let the parent see what it has to give back if this process dies; the lock is held, but for a new group.

        The run at hand, which its attempt shows, is among them: it may end before the next look at this.
        """
        claims = [(one.held.run_id, one.held.claim_no) for one in (*self._ended, *self._late)]
        at_hand = [self._at_hand] if self._at_hand is not None else []
        claims += [(run.id, run.claim_no) for run in (*at_hand, *self._leaving, *self._rest)]
        self._place.hold(claims, is_background=self._is_background)
