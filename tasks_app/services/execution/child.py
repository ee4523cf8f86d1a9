"""A worker's child at work: claims the next run, executes it, and goes on for about a second per wake-up."""

import logging
import os
import signal
import time
from collections.abc import Callable
from random import Random
from types import FrameType
from uuid import UUID

from django.conf import settings
from django.db import DatabaseError, InterfaceError, OperationalError, close_old_connections, connections

from tasks_app import dispatch
from tasks_app.models import Queue, TaskRun
from tasks_app.services import claiming, lifecycle, outcomes
from tasks_app.services.doubts import Claimer, ClaimInDoubt, Doubt
from tasks_app.services.execution import attempt as attempts
from tasks_app.services.execution.attempt import Attempt
from tasks_app.services.execution.board import Board, Place, Slot
from tasks_app.services.execution.call import Outcome, call
from tasks_app.services.execution.flusher import Flusher
from tasks_app.services.execution.group import Group
from tasks_app.services.execution.keeper import Keeper
from tasks_app.services.execution.pace import Pace
from tasks_app.services.execution.surroundings import Surroundings, can_open_files
from tasks_app.services.execution.telemetry import Telemetry
from tasks_app.services.execution.wishes import may_interrupt
from tasks_app.services.group_moves import Ended
from tasks_app.services.outcomes import Failure
from tasks_app.states import Reason

logger = logging.getLogger(__name__)

_SLICE_SECONDS = 1.0
_QUEUES_SECONDS = 1.0


class Child:
    """The engine inside one prefork child."""

    def __init__(self, place: Place, *, queues: list[str], children: int) -> None:
        self._place = place
        self._names = queues
        self._children = children
        self._rng = Random(os.getpid())  # noqa: S311  # spreads load, keeps no secret
        self._telemetry = Telemetry(place.worker)
        self._queues: list[Queue] = []
        self._lately: dict[str, str] = {}
        self._queues_read_at = float("-inf")
        self._current: Attempt | None = None
        self._claimed_at = 0.0
        self._keeper = Keeper(self._telemetry)
        self._flusher = Flusher()
        self._pace = Pace()
        self.is_worn_out = False
        take_signals(self._interrupted)
        self._surroundings = Surroundings()

    def work(self, woken_for: str) -> int:
        """Execute runs for about a second (one long run may take longer); gives their number.

        Posts another wake-up when more wait: a quiet worker, which takes none of them, for the other workers.
        """
        close_old_connections()
        until = time.monotonic() + _SLICE_SECONDS
        count = 0
        while self._place.board.takes_work and not self.is_worn_out:
            runs = self._claim(woken_for)
            if not runs:
                break
            if not count:  # others may be idle: who takes from a backlog wakes the next
                self._wake_for_more(woken_for)
            count += self._execute(runs)
            if time.monotonic() >= until:
                break
        if self._place.board.stop_by is None:
            self._wake_for_more(woken_for)
        return count

    def _wake_for_more(self, woken_for: str) -> None:
        """Wake another child, if there is more to do. A fault costs no more than that: what is claimed goes first."""
        try:
            if more := claiming.has_eligible(self._order(woken_for)):
                dispatch.wake(more)
        except (DatabaseError, InterfaceError) as error:
            logger.warning("no look for more work: %s", error)
            connections.close_all()

    def _execute(self, runs: list[TaskRun]) -> int:
        if runs[0].started_at is not None:
            self._execute_one(runs[0], None)
            return 1
        is_background = self._is_background(runs[0].queue)
        return self._execute_group(Group(runs, self._place, is_background=is_background, claimed_at=self._claimed_at))

    def _execute_group(self, group: Group) -> int:
        try:
            return self._execute_runs_of(group)
        finally:
            attempts.disarm()

    def _execute_runs_of(self, group: Group) -> int:
        count = 0
        while self._place.board.stop_by is None and not self.is_worn_out and (run := group.next()) is not None:
            self._execute_one(run, group)
            count += 1
            self._keep_up(group)
        self._settle(group, group.wind_up)
        group.tell()
        self._telemetry.ended_well(group.written)
        return count

    def _keep_up(self, group: Group) -> None:
        """Do between two runs of a group what is due."""
        if group.is_urgent:
            self._settle(group, lambda: self._flush_soon(group))
        if group.is_flush_due:
            self._settle(group, group.flush)
        if group.is_telling_due:
            group.tell()
        if group.is_look_due:
            self._settle(group, group.leave_out_stopped)

    def _flush_soon(self, group: Group) -> None:
        if not self._flusher.take(group):
            group.flush()

    def _settle(self, group: Group, write: Callable[[], object]) -> None:
        """Write for a group; while the database is away its lease runs on, and ends this process in time.

        A dissolved one may have nothing left, and a lease that has ended long ago.
        """
        if group.is_empty:
            return
        attempts.arm_for_group(group.claimed_at)
        _until_stored(write, "a group")
        attempts.disarm()

    def _claim(self, woken_for: str) -> list[TaskRun]:
        for queue in self._order(woken_for):
            runs = self._claim_background(queue) if self._is_background(queue) else self._claim_from(queue)
            if runs:
                return runs
        return []

    def _claim_from(self, queue: str) -> list[TaskRun]:
        place = self._place
        try:
            runs = claiming.claim_group(
                queue=queue,
                claimer=Claimer(place.worker, settings.LEASE_SECONDS, self._claims),
                most=self._pace.most,
                like=self._lately.get(queue),
            )
        except ClaimInDoubt as error:
            logger.warning("%s: %s", error, error.__cause__)
            self._give_back(error.doubt)
            runs = []
        if runs:
            self._lately[queue] = runs[0].type
            place.board.note_claim()
        else:
            self._lately.pop(queue, None)
            self._hold([])
        return runs

    def _claims(self, claims: list[tuple[UUID, int]], asked_at: float) -> None:
        self._claimed_at = asked_at
        self._hold(claims)

    def _hold(self, claims: list[tuple[UUID, int]]) -> None:
        """Note what is about to be claimed: who dies after the commit, and before more is on record, leaves that."""
        self._place.hold(claims, is_background=False)

    def _give_back(self, doubt: Doubt) -> None:
        """Give back what may have been claimed, now: nobody may wake this child again before the lease ends. If the
        database is away for so long, this process ends first, and its parent goes on trying."""
        connections.close_all()
        attempts.arm_for_group(self._claimed_at)
        _until_stored(doubt.give_back, "what may have been claimed")
        attempts.disarm()

    def _claim_background(self, queue: str) -> list[TaskRun]:
        """Claim from a background queue, and show it before another child counts how many do such work."""
        board = self._place.board
        with board.background_turn() as is_mine:
            if not is_mine or queue not in self._order(queue):
                return []
            runs = self._claim_from(queue)
            if runs and runs[0].started_at is None:
                self._place.hold([(run.id, run.claim_no) for run in runs], is_background=True)
            elif runs:
                run = runs[0]
                board.write(self._place.index, Slot(self._place.index, os.getpid(), run.id, run.claim_no, True))
        return runs

    def _is_background(self, name: str) -> bool:
        return any(queue.is_background for queue in self._queues if queue.name == name)

    def _order(self, woken_for: str) -> list[str]:
        if time.monotonic() - self._queues_read_at > _QUEUES_SECONDS:
            names = {*self._names, woken_for}
            known = {queue.name: queue for queue in Queue.objects.filter(name__in=names)}
            self._queues = [known.get(name) or Queue(name=name) for name in names]
            self._queues_read_at = time.monotonic()
        has_background = any(queue.is_background for queue in self._queues)
        busy = self._place.board.in_background() if has_background else 0
        return claiming.queue_order(self._queues, busy_in_background=busy, children=self._children, rng=self._rng)

    def _execute_one(self, run: TaskRun, group: Group | None) -> None:
        is_background = self._is_background(run.queue)
        attempt = Attempt(run, self._place, claimed_at=self._claimed_at, is_background=is_background, group=group)
        if group is None:  # the slot names it now
            self._hold([])
        self._current = attempt
        self._keeper.look_after(attempt)
        try:
            outcome = call(attempt, self._surroundings)
            self.is_worn_out = self._surroundings.is_lost
            ended_at = time.monotonic()
            if not attempt.is_over:  # a wish arrived in the very moment in which the handler ended
                attempt.handler_ended()
            self._keeper.let_go()
            self._pace.note(run.type, ended_at - attempt.began_at)
            self._write_down(attempt, outcome, ended_at)
        finally:
            self._keeper.let_go()
            self._current = None
            attempt.close()

    def _write_down(self, attempt: Attempt, outcome: Outcome, ended_at: float) -> None:
        """Store notes, what did not begin, and the outcome; a good end in a group is kept for its next flush."""
        group = attempt.group
        if attempt.notes.has_news:
            _until_stored(lambda: attempt.notes.flush(is_last=True), f"run {attempt.run.id}")
        for take_back in attempt.to_take_back:
            _until_stored(take_back, f"an effect of run {attempt.run.id}")
        if group is not None and not group.is_dissolved and outcome.word == "succeeded":
            began, ended = group.instant(attempt.began_at), group.instant(ended_at)
            group.add(Ended(attempt.run, attempt.held, began, ended, outcome.detail), is_urgent=outcome.flush_each)
            return
        if group is not None and not group.is_dissolved:  # in the order in which they happened
            _until_stored(group.part, "a group")
            _until_stored(lambda: _note_start(attempt, group), f"run {attempt.run.id}")
        if group is not None:
            _until_stored(lambda: group.make_way(attempt.run, attempt.write_by), "a group")
        _settle_or_fail(attempt, outcome)
        self.is_worn_out |= outcome.word == "failed" and not can_open_files()
        seconds = ended_at - attempt.began_at
        self._telemetry.ended(attempt.run, outcome, seconds, with_start=not attempt.is_told)

    def _interrupted(self, _signal: int, frame: FrameType | None) -> None:
        if self._current is not None:
            self._current.raise_wish(may_interrupt(frame))


def take_signals(on_interrupt: object) -> None:
    """Set the child's signals: deaf to what asks for an end (the parent decides), SIGALRM kills, one carries wishes."""
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGQUIT, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)
    signal.signal(signal.SIGALRM, signal.SIG_DFL)
    signal.signal(attempts.SOFT_SIGNAL, on_interrupt)  # type: ignore[arg-type]  # a bound method of the right shape


def make_child(board: Board, *, number: int, worker: str, queues: list[str], children: int) -> Child:
    """Set up the engine in a child that has just been forked."""
    connections.close_all()
    place = Place(board, board.free_bank(number), worker)
    return Child(place, queues=queues, children=children)


def _note_start(attempt: Attempt, group: Group) -> None:
    lifecycle.note_start(attempt.held, started_at=group.instant(attempt.began_at))


def _settle_or_fail(attempt: Attempt, outcome: Outcome) -> None:
    """Store the outcome; one that the database does not take, now and for ever, is a failure that says so."""
    what = f"run {attempt.run.id}"
    try:
        _until_stored(outcome.settle, what)
    except (DatabaseError, ValueError) as error:
        logger.exception("%s: its outcome cannot be stored", what)
        told = f"its outcome cannot be stored: {type(error).__name__}"
        failure = Failure(reason=Reason.HANDLER_ERROR, error=told, error_type=type(error).__name__, is_permanent=True)
        _until_stored(lambda: outcomes.attempt_failed(attempt.held, failure), what)


def _until_stored(write: Callable[[], object], what: str) -> None:
    """Write; while the database is away try again until the lease ends this process."""
    while True:
        try:
            write()
            return
        except (OperationalError, InterfaceError) as error:
            logger.warning("%s: could not be stored yet: %s", what, error)
            connections.close_all()
            time.sleep(0.5)
