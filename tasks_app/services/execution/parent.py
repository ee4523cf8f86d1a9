"""The worker's parent: reports the worker, does what is asked of it, settles the runs of children that are gone, ends
what outlives a stop."""

import contextlib
import logging
import os
import platform
import signal
import time
from collections.abc import Collection
from datetime import UTC, datetime
from functools import partial
from typing import Any
from uuid import UUID

from tasks_app.models import TaskRun, Worker, db_now
from tasks_app.services import outcomes
from tasks_app.services.execution.board import Board, Deadline, Held, Slot
from tasks_app.services.lifecycle import Claim
from tasks_app.services.locks import Patience
from tasks_app.services.outcomes import Failure
from tasks_app.states import Reason

logger = logging.getLogger(__name__)

_ALARM_SECONDS = 1.0


class Parent:
    """One worker's parent process, seen by the engine."""

    def __init__(self, board: Board, *, name: str, queues: list[str], children: int, version: str) -> None:
        self.board = board
        self.name = name
        self.queues = queues
        self._children = children
        self._version = version
        self._started_at: datetime | None = None
        self._is_ending = False
        self._overdue: dict[int, UUID] = {}

    def report(self) -> str:
        """Write the worker's row: it is alive, and this many of its children are busy. Gives what is asked of it.

        What was asked of the worker that had this name before is no wish to this one.
        """
        now = db_now()
        facts: dict[str, Any] = {} if self._started_at else {"wish": "", "wished_at": None, "wished_by": ""}
        self._started_at = self._started_at or now
        facts |= {
            "hostname": platform.node()[:200],
            "pid": os.getpid(),
            "queues": self.queues,
            "concurrency": self._children,
            "running": len(self.board.busy()),
            "last_claim_at": datetime.fromtimestamp(self.board.last_claim, UTC) if self.board.last_claim else None,
            "version": self._version,
            "started_at": self._started_at,
            "heartbeat_at": now,
            "stopped_at": None,
            "load": round(os.getloadavg()[0], 2),
            "is_quiet": self.board.is_quiet,
        }
        worker, _ = Worker.objects.update_or_create(name=self.name, defaults=facts)
        return worker.wish

    def obey(self, wish: str) -> None:
        """Do what is asked: a stop is what SIGTERM asks for; the children see the rest before their next claim."""
        if wish == Worker.Wish.STOP:
            self._end()
        elif self.board.is_quiet != (wish == Worker.Wish.QUIET):
            self.board.be_quiet(wish == Worker.Wish.QUIET)
            Worker.objects.filter(name=self.name).update(is_quiet=self.board.is_quiet)
            logger.info("the worker %s", "takes nothing more" if self.board.is_quiet else "takes work again")

    def _end(self) -> None:
        """Ask for the end once: a second time would cut the grace short."""
        if not self._is_ending and self.board.stop_by is None:
            self._is_ending = True
            logger.info("an operator asked the worker to stop")
            os.kill(os.getpid(), signal.SIGTERM)

    def say_goodbye(self) -> None:
        """Write that the worker has stopped in good order."""
        Worker.objects.filter(name=self.name).update(stopped_at=db_now(), running=0, is_quiet=False)

    def settle_lost(self, alive: Collection[int]) -> int:
        """Settle the runs of children whose pid is not among `alive`, by what ended them; gives their number."""
        lost = [slot for slot in self.board.busy() if slot.pid not in alive]
        left = [held for held in self.board.all_held() if held.pid not in alive]
        patience = Patience()
        for slot in lost:
            if patience.has_done(partial(self._settle, slot), f"run {slot.run_id}"):
                self.board.clear(slot.index)
                self._overdue.pop(slot.pid, None)
        for held in left:
            self._give_back(held, patience, but=lost)
        return len(lost) + len(left)

    def end_overdue(self, alive: Collection[int]) -> None:
        """End the children whose own alarm should have ended them a second ago: a handler may have put it off."""
        for slot in self.board.busy():
            is_late = slot.pid in alive and slot.died_of(time.monotonic() - _ALARM_SECONDS)
            if is_late and self.board.read(slot.index) == slot:
                logger.warning("child %s has outlived its deadline (%s)", slot.pid, slot.deadline.name.lower())
                self._overdue[slot.pid] = slot.run_id
                _end_process(slot.pid)

    def end_children(self) -> None:
        """Hand back every run that is still in a child's hands, then end that child.

        They end whatever the database says: what it does not take now is handed back as that of dead children.
        """
        busy = self.board.busy()
        try:
            self._hand_back_and_end(busy, Patience())
        finally:
            for slot in self.board.busy():
                self.board.set_deadline(slot.index, Deadline.SHUTDOWN, time.monotonic())
                _end_process(slot.pid)
            for held in self.board.all_held():
                _end_process(held.pid)

    def _hand_back_and_end(self, busy: Collection[Slot], patience: Patience) -> None:
        for slot in busy:
            if self._has_handed_back(Claim(slot.run_id, slot.claim_no, self.name), patience):
                self.board.clear(slot.index)
                _end_process(slot.pid)
        for held in self.board.all_held():
            self._give_back(held, patience, but=busy)
            _end_process(held.pid)

    def _has_handed_back(self, claim: Claim, patience: Patience) -> bool:
        actor = f"worker:{self.name}"
        return patience.has_done(partial(outcomes.attempt_handed_back, claim, actor=actor), f"run {claim.run_id}")

    def _give_back(self, held: Held, patience: Patience, *, but: Collection[Slot]) -> None:
        """Give back what a child had not begun, had ended without writing it down, or was about to claim.

        `but` are the slots that have been settled: the run that a child was at is among those that it held. What came
        of a claim only the database knows; another child may have made it instead.
        """
        # Before the board is read: who claims after this look is on the board before it commits, or has ended the run.
        standing = [claim for one in held.claims if _stands(claim := Claim(*one, self.name))]
        others = [other for other in self.board.all_held() if other.pid != held.pid]
        passed_over = {(slot.run_id, slot.claim_no) for slot in (*but, *self.board.busy())}
        passed_over.update(claim for other in others for claim in other.claims)
        theirs = [claim for claim in standing if (claim.run_id, claim.claim_no) not in passed_over]
        locked = [claim for claim in theirs if not self._has_handed_back(claim, patience)]
        left = [(claim.run_id, claim.claim_no) for claim in locked]
        self.board.hold(Held(held.index, held.pid, left, held.is_background))

    def _settle(self, slot: Slot) -> None:
        held = Claim(slot.run_id, slot.claim_no, self.name)
        actor = f"worker:{self.name}"
        died_of = slot.died_of(time.monotonic())
        logger.warning("child %s is gone (%s); its run is %s", slot.pid, died_of.name.lower(), slot.run_id)
        if died_of == Deadline.HARD_LIMIT:
            error = "the run went past its time limit and was ended"
            outcomes.attempt_failed(held, Failure(reason=Reason.TIMEOUT, error=error))
        elif died_of == Deadline.CANCEL:
            outcomes.attempt_stopped(held)
        elif died_of == Deadline.SHUTDOWN or self._overdue.get(slot.pid, slot.run_id) != slot.run_id:
            # Also what had just begun where the one before it was overdue: it is not what the child was ended for.
            outcomes.attempt_handed_back(held, actor=actor)
        else:
            outcomes.attempt_crashed(held, actor=actor, error=f"the worker process {slot.pid} died while it ran this")


def _end_process(pid: int) -> None:
    with contextlib.suppress(ProcessLookupError):
        os.kill(pid, signal.SIGKILL)


def _stands(claim: Claim) -> bool:
    return TaskRun.objects.filter(**claim.guard, worker=claim.worker).exists()
