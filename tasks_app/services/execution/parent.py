"""The worker's parent: reports the worker, settles the runs of children that are gone, ends what outlives a stop."""

import contextlib
import logging
import os
import platform
import signal
import time
from collections.abc import Collection
from datetime import UTC, datetime

from tasks_app.models import Worker, db_now
from tasks_app.services import outcomes
from tasks_app.services.execution.board import Board, Deadline, Held, Slot
from tasks_app.services.lifecycle import Claim
from tasks_app.services.outcomes import Failure
from tasks_app.states import Reason

logger = logging.getLogger(__name__)


class Parent:
    """One worker's parent process, seen by the engine."""

    def __init__(self, board: Board, *, name: str, queues: list[str], children: int, version: str) -> None:
        self.board = board
        self.name = name
        self._queues = queues
        self._children = children
        self._version = version
        self._started_at: datetime | None = None

    def report(self) -> None:
        """Write the worker's row: it is alive, and this many of its children are busy."""
        now = db_now()
        self._started_at = self._started_at or now
        facts = {
            "hostname": platform.node()[:200],
            "pid": os.getpid(),
            "queues": self._queues,
            "concurrency": self._children,
            "running": len(self.board.busy()),
            "last_claim_at": datetime.fromtimestamp(self.board.last_claim, UTC) if self.board.last_claim else None,
            "version": self._version,
            "started_at": self._started_at,
            "heartbeat_at": now,
            "stopped_at": None,
        }
        Worker.objects.update_or_create(name=self.name, defaults=facts)

    def say_goodbye(self) -> None:
        """Write that the worker has stopped in good order."""
        Worker.objects.filter(name=self.name).update(stopped_at=db_now(), running=0)

    def settle_lost(self, alive: Collection[int]) -> int:
        """Settle the runs of children whose pid is not among `alive`, by what ended them; gives their number."""
        lost = [slot for slot in self.board.busy() if slot.pid not in alive]
        for slot in lost:
            self._settle(slot)
            self.board.clear(slot.index)
        left = [held for held in self.board.all_held() if held.pid not in alive]
        for held in left:
            self._give_back(held)
        return len(lost) + len(left)

    def end_children(self) -> None:
        """Hand back every run that is still in a child's hands, then end that child."""
        for slot in self.board.busy():
            outcomes.attempt_handed_back(Claim(slot.run_id, slot.claim_no, self.name), actor=f"worker:{self.name}")
            self.board.clear(slot.index)
            with contextlib.suppress(ProcessLookupError):
                os.kill(slot.pid, signal.SIGKILL)
        for held in self.board.all_held():
            self._give_back(held)
            with contextlib.suppress(ProcessLookupError):
                os.kill(held.pid, signal.SIGKILL)

    def _give_back(self, held: Held) -> None:
        """Give the runs of a group back that its child had not begun, or had ended without writing it down."""
        actor = f"worker:{self.name}"
        for run_id, claim_no in held.claims:
            outcomes.attempt_handed_back(Claim(run_id, claim_no, self.name), actor=actor)
        self.board.hold(held.index, held.pid, [])

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
        elif died_of == Deadline.SHUTDOWN:
            outcomes.attempt_handed_back(held, actor=actor)
        else:
            outcomes.attempt_crashed(held, actor=actor, error=f"the worker process {slot.pid} died while it ran this")
