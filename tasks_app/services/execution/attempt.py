"""One attempt at a run: its deadlines, and the ways in which the handler is asked or made to stop.

The end is never asked of the interpreter: SIGALRM has its default action in a child, and one interval timer is armed to
the earliest deadline. It works while C code holds the GIL, and after SIGSTOP.
"""

import os
import signal
import threading
import time
from collections.abc import Callable

from django.conf import settings

from tasks_app.errors import RunStopped, SoftTimeout
from tasks_app.models import TaskRun
from tasks_app.services.execution.board import Deadline, Place, Slot
from tasks_app.services.execution.group import Group
from tasks_app.services.execution.notes import Notes
from tasks_app.services.lifecycle import Claim

SOFT_SIGNAL = signal.SIGUSR2
_WRITING_SECONDS = 2.0


class Attempt:
    """What the main thread (the handler) and the keeper thread share about the run at hand."""

    def __init__(
        self, run: TaskRun, place: Place, *, claimed_at: float, is_background: bool, group: Group | None = None
    ) -> None:
        now = time.monotonic()
        self.began_at = now
        self.group = group
        self.has_effects = False
        self.is_told = False
        self.to_take_back: list[Callable[[], None]] = []
        self.pid = os.getpid()
        self.run = run
        self.held = Claim(run.id, run.claim_no, place.worker)
        self.place = place
        self.notes = Notes(run, self.held)
        self.lock = threading.Lock()
        self.is_over = False
        self.is_interruptible = False
        self.interruption: BaseException | None = None
        self.cancel_asked_at: float | None = None
        self.lease_ends_at = claimed_at + settings.LEASE_SECONDS
        self.hard_ends_at = now + run.timeout_seconds if run.timeout_seconds else None
        self.soft_ends_at = now + run.soft_timeout_seconds if run.soft_timeout_seconds else None
        self._kind = Deadline.NONE
        self._main = threading.main_thread().ident
        place.board.write(place.index, Slot(place.index, self.pid, run.id, run.claim_no, is_background))
        self.arm()

    @property
    def is_stop_wanted(self) -> bool:
        """A person or a deployment wants the run to stop."""
        return self.cancel_asked_at is not None or self.place.board.stop_by is not None

    @property
    def write_by(self) -> float:
        """When its outcome waits no longer for others', to be stored before the lease ends this process."""
        return self.lease_ends_at - margin_seconds() - _WRITING_SECONDS

    def renewed(self, asked_at: float) -> None:
        """Note that the lease was renewed by a request sent at the monotonic instant `asked_at`."""
        self.lease_ends_at = asked_at + settings.LEASE_SECONDS
        self.arm()

    def arm(self) -> None:
        """Set the timer that ends this process to the earliest deadline."""
        with self.lock:
            if self.is_over:
                return
            self._kind, ends_at = min(self._deadlines(), key=lambda pair: pair[1])
            self.place.board.set_deadline(self.place.index, self._kind, ends_at)
            signal.setitimer(signal.ITIMER_REAL, max(0.001, ends_at - time.monotonic()))

    def interrupt(self, wish: BaseException) -> None:
        """Raise `wish` in the handler; once, and only while it runs."""
        with self.lock:
            if self.is_over or self.interruption is not None or not self.is_interruptible:
                return
            self.interruption = wish
        assert self._main is not None
        signal.pthread_kill(self._main, SOFT_SIGNAL)

    def raise_wish(self, is_now: bool) -> None:
        """Raise the wish in the handler, which has been interrupted; later, if it may not be left in the middle now:
        at its next step the keeper interrupts it again."""
        wish = self.interruption
        if wish is None or not self.is_interruptible:
            return
        if not is_now:
            self.interruption = None
            return
        self.is_interruptible = False
        raise wish

    def check_wish(self) -> None:
        """Raise the wish that is due, and not only at the keeper's next step: what follows is better not begun."""
        if self.is_interruptible and threading.get_ident() == self._main and (wish := self.wish()) is not None:
            self.is_interruptible = False
            raise wish

    def handler_ended(self) -> None:
        """From here on only the lease limits the run: its outcome is being written."""
        self.is_interruptible = False
        with self.lock:
            self.is_over = True
        if not self._is_armed_for_group:
            self._arm_for_lease()

    def _arm_for_lease(self) -> None:
        """Leave only the lease to end this process."""
        self._kind = Deadline.LEASE
        ends_at = self.lease_ends_at - margin_seconds()
        self.place.board.set_deadline(self.place.index, Deadline.LEASE, ends_at)
        signal.setitimer(signal.ITIMER_REAL, max(0.001, ends_at - time.monotonic()))

    def close(self) -> None:
        """Disarm the timer, but for the lease of a group that goes on, and free the slot."""
        if not self._is_armed_for_group:
            disarm()
        self.place.board.clear(self.place.index)

    @property
    def _is_armed_for_group(self) -> bool:
        """The timer stands for the lease of the group already, which ends this process between its runs as well."""
        return self._kind == Deadline.LEASE and self.group is not None and not self.group.is_dissolved

    def wish(self) -> BaseException | None:
        """Give what should be raised in the handler now: it was asked nicely for half the grace, or its time is up."""
        now = time.monotonic()
        if self.soft_ends_at is not None and now >= self.soft_ends_at:
            return SoftTimeout(f"the soft time limit of {self.run.soft_timeout_seconds} s has passed")
        half = settings.CANCEL_GRACE_SECONDS / 2
        if self.cancel_asked_at is not None and now >= self.cancel_asked_at + half:
            return RunStopped("cancelled")
        stop_by = self.place.board.stop_by
        if stop_by is not None and now >= stop_by - settings.STOP_GRACE_SECONDS / 2:
            return RunStopped("shutdown")
        return None

    def _deadlines(self) -> list[tuple[Deadline, float]]:
        deadlines = [(Deadline.LEASE, self.lease_ends_at - margin_seconds())]
        if self.hard_ends_at is not None:
            deadlines.append((Deadline.HARD_LIMIT, self.hard_ends_at))
        if self.cancel_asked_at is not None:
            deadlines.append((Deadline.CANCEL, self.cancel_asked_at + settings.CANCEL_GRACE_SECONDS))
        if (stop_by := self.place.board.stop_by) is not None:
            deadlines.append((Deadline.SHUTDOWN, stop_by))
        return deadlines


def arm_for_group(claimed_at: float) -> None:
    """End this process before the lease of a group ends that is being written."""
    signal.setitimer(
        signal.ITIMER_REAL, max(0.001, claimed_at + settings.LEASE_SECONDS - margin_seconds() - time.monotonic())
    )


def disarm() -> None:
    """Let nothing end this process."""
    signal.setitimer(signal.ITIMER_REAL, 0)


def margin_seconds() -> float:
    """How long before the end of its lease a child ends itself."""
    return max(0.5, settings.LEASE_SECONDS / 10)
