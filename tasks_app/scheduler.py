"""DueScheduler: `celery beat` that asks an index what is due.

Tasks are fired from the database, in batches, at no cost per idle task; any number of beats may do so. Plain
PeriodicTask rows, which an admin may add for any Celery task, go the way that django-celery-beat made for them, sent by
the one beat that holds a lease.
"""

import logging
import os
import platform
import signal
import time
from datetime import UTC, datetime, timedelta
from typing import Any

from celery.signals import beat_init
from django.db import DatabaseError, InterfaceError, close_old_connections, connections
from django.db.models import QuerySet
from django_celery_beat.models import PeriodicTask
from django_celery_beat.schedulers import DatabaseScheduler
from kombu.exceptions import KombuError
from redis.exceptions import RedisError

from tasks_app.models import Beat, Lease, ScheduledTask, TaskRun, db_now
from tasks_app.services import firing
from tasks_app.states import Status

logger = logging.getLogger(__name__)

_LONG_AGO = datetime(1970, 1, 1, tzinfo=UTC)
_LONGEST_NAP = 1.0
_SHORTEST_NAP = 0.01
_NAP_AFTER_FAULT = 1.0
_REPORT_SECONDS = 2.0
_LEASE_SECONDS = 8
_PLAIN_LEASE = "plain-periodic-tasks"
_CONNECT_SECONDS = 2
_AWAY = (KombuError, RedisError, OSError)


class DueScheduler(DatabaseScheduler):  # type: ignore[misc]  # django-celery-beat is untyped
    """Beat's loop over due work; see the module."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        self.name = f"beat:{platform.node()}:{os.getpid()}"
        self._reported_at = float("-inf")
        self._holds_plain = False
        self._plain_due_at = 0.0
        self._looked_at = _LONG_AGO
        self._started_at: datetime | None = None
        self._is_told_to_stop = False
        super().__init__(*args, **kwargs)

    def enabled_models_qs(self) -> QuerySet[PeriodicTask]:
        """Leave the mirrors of tasks out: those are fired from their own rows."""
        plain: QuerySet[PeriodicTask] = super().enabled_models_qs().filter(scheduled_task=None)
        return plain

    def tick(self, *args: Any, **kwargs: Any) -> float:
        """Make due work ready and give the seconds until there may be more."""
        if self._is_told_to_stop:
            raise SystemExit
        try:
            close_old_connections()
            return self._tick()
        except (DatabaseError, InterfaceError) as error:
            logger.warning("beat could not reach the database: %s", error)
            connections.close_all()
            return _NAP_AFTER_FAULT

    def close(self) -> None:
        """Say goodbye, and give up the lease once it is written what was sent."""
        super().close()
        try:
            Lease.objects.filter(holder=self.name).update(expires_at=db_now())
            Beat.objects.filter(name=self.name).update(stopped_at=db_now())
        except (DatabaseError, InterfaceError) as error:
            logger.warning("beat could not say goodbye: %s", error)

    def stop_soon(self, *_: object) -> None:
        """Stop before the next tick; a signal handler, so it only leaves a note."""
        self._is_told_to_stop = True

    @property
    def info(self) -> str:
        """What beat prints at its start."""
        return f"    . scheduler -> {type(self).__module__}.{type(self).__name__}"

    def _tick(self) -> float:
        self._report()
        fired = firing.make_ready(actor=self.name)
        if fired.is_full:
            return 0.0 if firing.lets_others_write() else _SHORTEST_NAP
        self._send_plain()
        return self._nap(has_moved=fired.has_moved)

    def _nap(self, *, has_moved: bool) -> float:
        """Sleep until the next due instant, at most a second, so that an edit is seen within one.

        What was due before a tick that has moved nothing cannot be moved now: the database refuses it, or somebody
        holds it. It is tried again after a second, and delays nothing else.
        """
        now = db_now()
        after, self._looked_at = _LONG_AGO if has_moved else self._looked_at, now
        tasks = ScheduledTask.objects.filter(next_due_at__gt=after).order_by("next_due_at")
        runs = TaskRun.objects.filter(status=Status.SCHEDULED, due_at__gt=after).order_by("due_at")
        due = [tasks.values_list("next_due_at", flat=True).first(), runs.values_list("due_at", flat=True).first()]
        instants = [instant for instant in due if instant is not None]
        if not instants:
            return _LONGEST_NAP
        return min(_LONGEST_NAP, max(_SHORTEST_NAP, (min(instants) - now).total_seconds()))

    def _report(self) -> None:
        """Write that this beat is alive, and take or keep the right to send plain PeriodicTasks."""
        if time.monotonic() - self._reported_at < _REPORT_SECONDS:
            return
        now = db_now()
        self._started_at = self._started_at or now
        facts = {"started_at": self._started_at, "last_tick_at": now, "stopped_at": None}
        Beat.objects.update_or_create(name=self.name, defaults=facts)
        is_new = not self._holds_plain
        self._holds_plain = self._take_lease(now)
        if is_new and self._holds_plain:
            self._read_plain_anew()
        self._reported_at = time.monotonic()

    def _take_lease(self, now: datetime) -> bool:
        until = now + timedelta(seconds=_LEASE_SECONDS)
        lease, _ = Lease.objects.get_or_create(name=_PLAIN_LEASE, defaults={"holder": self.name, "expires_at": until})
        if lease.holder != self.name and lease.expires_at > now:
            return False
        mine = Lease.objects.filter(name=_PLAIN_LEASE, holder=lease.holder, expires_at=lease.expires_at)
        return bool(mine.update(holder=self.name, expires_at=until))

    def _read_plain_anew(self) -> None:
        """Forget what was read while another beat sent: its rows say what has been sent since."""
        self._initial_read = True
        self._heap = None
        self._plain_due_at = 0.0

    def _send_plain(self) -> None:
        """Let the inherited scheduler send what is due among the plain rows, and write that down at once."""
        if not self._holds_plain or time.monotonic() < self._plain_due_at:
            return
        try:
            self._ensure_connected()  # before a row is taken off the heap
            nap = super().tick() or 0.0
        except _AWAY as error:
            logger.warning("beat could not reach the broker: %s", error)
            nap = _NAP_AFTER_FAULT
        self.sync()
        self._plain_due_at = time.monotonic() + max(0.0, nap)

    def _ensure_connected(self) -> Any:
        """Try once: the inherited way tries for an hour, and meanwhile nothing at all would be fired."""
        return self.connection.ensure_connection(max_retries=0, timeout=_CONNECT_SECONDS)


@beat_init.connect
def _stop_between_ticks(sender: Any, **_: Any) -> None:
    """Put our handlers in the place of Celery's, which say goodbye from inside whatever statement they interrupt.

    psycopg would wait there, for ever, for the statement that cannot go on.
    """
    if isinstance(sender.scheduler, DueScheduler):
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, sender.scheduler.stop_soon)
