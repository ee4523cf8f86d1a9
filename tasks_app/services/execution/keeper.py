"""The child's second thread: keeps the lease, stores what the handler reports, and carries wishes to stop to it."""

import logging
import signal
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta

from django.conf import settings
from django.db import DatabaseError, InterfaceError, connection

from tasks_app.models import TaskRun, db_now
from tasks_app.services.execution.attempt import Attempt
from tasks_app.services.execution.group import PATIENCE_SECONDS
from tasks_app.services.execution.telemetry import Telemetry

logger = logging.getLogger(__name__)

_FLUSH_SECONDS = 0.5
_CANCEL_SECONDS = 1.0
_STEP_SECONDS = 0.1
_IDLE_SECONDS = 1.0


@dataclass
class _Due:
    """When what is to be done for an attempt is due next, as monotonic instants."""

    flush: float
    look: float
    renewal: float


class Keeper:
    """One thread per child, which lives as long as the child and looks after one attempt at a time."""

    def __init__(self, telemetry: Telemetry) -> None:
        self._telemetry = telemetry
        self._given = threading.Event()
        self._attempt: Attempt | None = None
        self._pause = threading.Lock()
        threading.Thread(target=self._live, name="keeper", daemon=True).start()

    def look_after(self, attempt: Attempt) -> None:
        """Start to keep an attempt."""
        self._attempt = attempt
        if not self._given.is_set():
            self._given.set()

    def let_go(self) -> None:
        """Stop keeping; returns when the thread is not in the middle of a step: nobody else writes for the run then."""
        self._attempt = None
        with self._pause:
            pass

    def _live(self) -> None:
        last = float("-inf")
        while True:
            attempt = self._attempt
            if attempt is not None:
                self._keep(attempt)
                last = time.monotonic()
            elif time.monotonic() - last < _IDLE_SECONDS:
                # Between two short runs: to be woken for each would cost more than they do.
                time.sleep(_STEP_SECONDS / 2)
            else:
                self._given.clear()
                if self._attempt is None:
                    self._given.wait()

    def _keep(self, attempt: Attempt) -> None:
        now = attempt.began_at
        due = _Due(flush=now, look=now + _CANCEL_SECONDS, renewal=now + settings.LEASE_SECONDS / 3)
        while self._attempt is attempt:
            if _is_short_yet(attempt):
                time.sleep(_STEP_SECONDS / 2)
                continue
            if attempt.notes.fresh.wait(_STEP_SECONDS) and (early := due.flush - time.monotonic()) > 0:
                time.sleep(min(early, _STEP_SECONDS))
            with self._pause:
                if self._attempt is not attempt or attempt.is_over:
                    return
                self._step(attempt, due, time.monotonic())

    def _step(self, attempt: Attempt, due: _Due, now: float) -> None:
        if attempt.group is not None and not attempt.group.is_dissolved:
            self._safely(attempt, _dissolve)
        if attempt.group is not None and attempt.group.has_late_ends:
            self._safely(attempt, _write_late)
        if not attempt.is_told:  # not before it began, to be out of its way
            attempt.is_told = self._telemetry.started(attempt.run, seconds_ago=now - attempt.began_at)
        if attempt.notes.fresh.is_set() and now >= due.flush:
            due.flush = now + _FLUSH_SECONDS
            self._safely(attempt, _flush)
        if now >= due.look:
            due.look = now + _CANCEL_SECONDS
            self._safely(attempt, _look_for_cancel)
        if now >= due.renewal:
            is_renewed = self._safely(attempt, _renew)
            due.renewal = now + (settings.LEASE_SECONDS / 3 if is_renewed else 1.0)
        _pass_on_wishes(attempt)

    def _safely(self, attempt: Attempt, step: Callable[[Attempt], None]) -> bool:
        """Do one database step; while the database is away the lease runs on, and ends the child in time."""
        try:
            step(attempt)
            return True
        except (DatabaseError, InterfaceError) as error:
            logger.warning("run %s: a step of its keeper failed: %s", attempt.run.id, error)
            connection.close()
        except Exception:  # the thread must live: without it no lease is kept
            logger.exception("run %s: a step of its keeper failed", attempt.run.id)
        return False


def _is_short_yet(attempt: Attempt) -> bool:
    """A run of a group that has not taken long yet: it will be over before there is anything to keep."""
    is_in_group = attempt.group is not None and not attempt.group.is_dissolved
    return is_in_group and time.monotonic() < attempt.began_at + PATIENCE_SECONDS


def _dissolve(attempt: Attempt) -> None:
    assert attempt.group is not None
    run = attempt.group.dissolve(attempt.held, began=attempt.began_at)
    if run is None:
        _end_if_fenced(attempt)
    else:
        attempt.run.version = run.version
        attempt.run.started_at = run.started_at


def _write_late(attempt: Attempt) -> None:
    assert attempt.group is not None
    attempt.group.write_late()
    attempt.group.tell()


def _flush(attempt: Attempt) -> None:
    attempt.notes.flush()


def _look_for_cancel(attempt: Attempt) -> None:
    if attempt.cancel_asked_at is not None:
        return
    row = TaskRun.objects.filter(**attempt.held.guard).values("cancel_requested_at", "version").first()
    if row is None:
        _end_if_fenced(attempt)
    elif row["cancel_requested_at"] is not None:
        attempt.run.version = row["version"]
        attempt.cancel_asked_at = time.monotonic()
        attempt.arm()


def _renew(attempt: Attempt) -> None:
    asked_at = time.monotonic()
    until = db_now() + timedelta(seconds=settings.LEASE_SECONDS)
    if TaskRun.objects.filter(**attempt.held.guard).update(lease_until=until):
        attempt.renewed(asked_at)
    else:
        _end_if_fenced(attempt)


def _end_if_fenced(attempt: Attempt) -> None:
    """The claim is void: somebody else owns the run, so this process must not go on for one moment."""
    with attempt.lock:
        if not attempt.is_over:
            logger.error("run %s: the claim %s is void; this child ends itself", attempt.run.id, attempt.held.claim_no)
            signal.raise_signal(signal.SIGKILL)


def _pass_on_wishes(attempt: Attempt) -> None:
    if attempt.place.board.stop_by is not None:
        attempt.arm()
    wish = attempt.wish()
    if wish is not None:
        attempt.interrupt(wish)
