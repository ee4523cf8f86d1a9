"""Claims whose commit was sent and never answered: the runs may be this worker's, and none of its children knows.

Left alone, such a run would wait for the end of its lease and be charged with a crash, though nobody has begun it.
"""

import uuid
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime

from django.db import InterfaceError, OperationalError

from tasks_app.models import TaskRun
from tasks_app.services import outcomes
from tasks_app.services.lifecycle import Claim

_ROLLED_BACK = ("40000", "40001", "40P01")


@dataclass(frozen=True)
class Claimer:
    """Who claims: a child of the worker, for so long.

    `note` is told what it is about to claim, run ids and claims, and from which monotonic instant on the lease lasts.
    """

    worker: str
    lease_seconds: float
    note: Callable[[list[tuple[uuid.UUID, int]], float], None] = lambda *_: None


class Doubt:
    """What is being claimed, and until when."""

    def __init__(self, claimer: Claimer) -> None:
        self._claimer = claimer
        self._lease_until: datetime | None = None
        self.claims: list[Claim] = []

    def note(self, runs: Sequence[TaskRun], lease_until: datetime, asked_at: float) -> None:
        """Note these before they are claimed; the database was asked for its time at the monotonic `asked_at`."""
        self.claims = [Claim(run.id, run.claim_no + 1, self._claimer.worker) for run in runs]
        self._lease_until = lease_until
        self._claimer.note([(held.run_id, held.claim_no) for held in self.claims], asked_at)

    def give_back(self) -> int:
        """Give back what was claimed after all, at no cost; gives the number."""
        ours = [held for held in self.claims if self._is_ours(held)]
        return sum(outcomes.attempt_handed_back(held, actor=f"worker:{held.worker}") is not None for held in ours)

    def _is_ours(self, held: Claim) -> bool:
        """No other claim has its lease's end to the microsecond."""
        return TaskRun.objects.filter(**held.guard, worker=held.worker, lease_until=self._lease_until).exists()


class ClaimInDoubt(OperationalError):
    """The connection was lost while runs were claimed."""

    def __init__(self, doubt: Doubt) -> None:
        super().__init__("the connection was lost while runs were claimed")
        self.doubt = doubt


def is_rolled_back(error: Exception) -> bool:
    """Tell whether the database has ended the transaction, which may be tried again."""
    return getattr(error.__cause__, "sqlstate", "") in _ROLLED_BACK


@contextmanager
def in_doubt(claimer: Claimer) -> Iterator[Doubt]:
    """Around a transaction that claims: raises ClaimInDoubt for a loss of the connection that leaves open what holds.

    A deadlock leaves nothing open, nor does another end of the transaction: nothing was claimed.
    """
    doubt = Doubt(claimer)
    try:
        yield doubt
    except (OperationalError, InterfaceError) as error:
        if not doubt.claims or is_rolled_back(error):
            raise
        raise ClaimInDoubt(doubt) from error
