"""A worker's child at work: claims the next run, executes it, and goes on for about a second per wake-up."""

import logging
import os
import signal
import time
from random import Random
from types import FrameType

from django.conf import settings
from django.db import DatabaseError, InterfaceError, close_old_connections, connections

from tasks_app import dispatch
from tasks_app.models import Queue, TaskRun
from tasks_app.services import claiming
from tasks_app.services.execution import attempt as attempts
from tasks_app.services.execution.attempt import Attempt, Place
from tasks_app.services.execution.board import Board, Slot
from tasks_app.services.execution.call import Outcome, call
from tasks_app.services.execution.keeper import Keeper
from tasks_app.services.execution.telemetry import Telemetry
from tasks_app.services.lifecycle import Claim

logger = logging.getLogger(__name__)

_SLICE_SECONDS = 1.0
_QUEUES_SECONDS = 1.0


class Child:
    """The engine inside one prefork child."""

    def __init__(self, place: Place, *, queues: list[str], children: int) -> None:
        self._place = place
        self._names = queues
        self._children = children
        self._rng = Random(os.getpid())
        self._telemetry = Telemetry(place.worker)
        self._queues: list[Queue] = []
        self._queues_read_at = float("-inf")
        self._current: Attempt | None = None
        self._keeper = Keeper()
        take_signals(self._interrupted)

    def work(self, woken_for: str) -> int:
        """Execute runs for about a second (one long run may take longer); gives their number.

        Posts another wake-up when more wait.
        """
        close_old_connections()
        until = time.monotonic() + _SLICE_SECONDS
        count = 0
        while self._place.board.stop_by is None:
            run = self._claim(woken_for)
            if run is None:
                break
            self._execute(run)
            count += 1
            if time.monotonic() >= until:
                break
        if self._place.board.stop_by is None and (more := claiming.has_eligible(self._order(woken_for))):
            dispatch.wake(more)
        return count

    def _claim(self, woken_for: str) -> TaskRun | None:
        for queue in self._order(woken_for):
            run = self._claim_background(queue) if self._is_background(queue) else self._claim_from(queue)
            if run is not None:
                return run
        return None

    def _claim_from(self, queue: str) -> TaskRun | None:
        place = self._place
        run = claiming.claim_next(queues=[queue], worker=place.worker, lease_seconds=settings.LEASE_SECONDS)
        if run is not None:
            place.board.note_claim()
        return run

    def _claim_background(self, queue: str) -> TaskRun | None:
        """Claim from a background queue, and show it before another child counts how many do such work."""
        board = self._place.board
        with board.background_turn() as is_mine:
            if not is_mine or queue not in self._order(queue):
                return None
            run = self._claim_from(queue)
            if run is not None:
                board.write(self._place.index, Slot(self._place.index, os.getpid(), run.id, run.claim_no, True))
        return run

    def _is_background(self, name: str) -> bool:
        return any(queue.is_background for queue in self._queues if queue.name == name)

    def _order(self, woken_for: str) -> list[str]:
        if time.monotonic() - self._queues_read_at > _QUEUES_SECONDS:
            names = {*self._names, woken_for}
            known = {queue.name: queue for queue in Queue.objects.filter(name__in=names)}
            self._queues = [known.get(name) or Queue(name=name) for name in names]
            self._queues_read_at = time.monotonic()
        busy = sum(slot.is_background for slot in self._place.board.busy())
        return claiming.queue_order(self._queues, busy_in_background=busy, children=self._children, rng=self._rng)

    def _execute(self, run: TaskRun) -> None:
        held = Claim(run.id, run.claim_no, self._place.worker)
        started = time.monotonic()
        attempt = Attempt(run, held, self._place, is_background=self._is_background(run.queue))
        self._current = attempt
        self._keeper.look_after(attempt)
        try:
            self._telemetry.started(run)
            outcome = call(attempt)
            if not attempt.is_over:  # a wish arrived in the very moment in which the handler ended
                attempt.handler_ended()
            self._keeper.let_go()
            _write_down(attempt, outcome)
            self._telemetry.ended(run, outcome, time.monotonic() - started)
        finally:
            self._keeper.let_go()
            self._current = None
            attempt.close()

    def _interrupted(self, _signal: int, _frame: FrameType | None) -> None:
        current = self._current
        if current is not None and current.is_interruptible and current.interruption is not None:
            current.is_interruptible = False
            raise current.interruption


def take_signals(on_interrupt: object) -> None:
    """Set the child's signals: deaf to TERM and INT (the parent decides), SIGALRM kills, one signal carries wishes."""
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGALRM, signal.SIG_DFL)
    signal.signal(attempts.SOFT_SIGNAL, on_interrupt)  # type: ignore[arg-type]  # a bound method of the right shape


def make_child(board: Board, *, number: int, worker: str, queues: list[str], children: int) -> Child:
    """Set up the engine in a child that has just been forked."""
    connections.close_all()
    place = Place(board, board.free_bank(number), worker)
    return Child(place, queues=queues, children=children)


def _write_down(attempt: Attempt, outcome: Outcome) -> None:
    """Store the last notes and the outcome; while the database is away try again until the lease ends this process."""
    while True:
        try:
            attempt.notes.flush(is_last=True)
            outcome.settle()
            return
        except (DatabaseError, InterfaceError) as error:
            logger.warning("run %s: its outcome could not be stored yet: %s", attempt.run.id, error)
            connections.close_all()
            time.sleep(0.5)
