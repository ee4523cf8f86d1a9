"""Locks of PostgreSQL that are held too long: waits that end, and transactions that their process has forgotten.

A process that is killed closes its connection, and PostgreSQL lets its locks go. One that is stopped, or whose machine
or wire is lost, leaves its transaction open for hours, and with it every row that this had touched.
"""

import logging
import time
from collections.abc import Callable
from datetime import timedelta
from typing import Any

from django.conf import settings
from django.db import DatabaseError, InterfaceError, OperationalError, connection, transaction
from django.db.models import QuerySet

from tasks_app.models import ScheduledTask, TaskRun, db_now
from tasks_app.states import Status

logger = logging.getLogger(__name__)

_LOCK_NOT_AVAILABLE = "55P03"
BRIEFLY = "'200ms'"
_BRIEF_SECONDS, _PATIENCE_SECONDS, _LEAST_SECONDS = 0.2, 0.5, 0.005
_LOOK = 100
# Sessions of this platform that have stood still inside a transaction for so long, with the tables of ours in which
# they hold rows, and whether somebody waits for such a row: who does so holds a lock on the row's place. Where the
# platform was given no name there is nothing to know its sessions by, and none is found.
_STANDING = """
SELECT pid, application_name, array_agg(DISTINCT relname::text), EXISTS (
  SELECT FROM pg_locks AS wait
  JOIN pg_locks AS held ON held.transactionid = wait.transactionid AND held.granted
  JOIN pg_locks AS place ON place.pid = wait.pid AND place.locktype = 'tuple'
  JOIN pg_class ON pg_class.oid = place.relation AND relname ~ %(ours)s
  WHERE wait.locktype = 'transactionid' AND NOT wait.granted AND held.pid = standing.pid)
FROM pg_stat_activity AS standing
JOIN pg_locks USING (pid)
JOIN pg_class ON pg_class.oid = relation AND relname ~ %(ours)s
WHERE datname = current_database() AND usename = current_user AND state LIKE 'idle in transaction%%'
  AND split_part(application_name, '@', 1) <> ''
  AND split_part(application_name, '@', 1) = split_part(current_setting('application_name'), '@', 1)
  AND state_change < clock_timestamp() - make_interval(secs => %(seconds)s)
  AND mode IN ('RowShareLock', 'RowExclusiveLock')
GROUP BY pid, application_name
"""
_OURS = "^(tasks_app|notifications|django_celery_beat)_"


def is_lock_timeout(error: DatabaseError | InterfaceError) -> bool:
    """Say whether the wait for a lock was longer than it might be."""
    return getattr(error.__cause__, "sqlstate", "") == _LOCK_NOT_AVAILABLE


def limit_lock_wait(how_long: str, *, scope: str = "LOCAL") -> None:
    """Bound the waits for locks in this transaction, or in the `SESSION`, on PostgreSQL: `'200ms'`, or `DEFAULT`."""
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            cursor.execute(f"SET {scope} lock_timeout TO {how_long}")


class Patience:
    """Writes one row after the other, and waits only briefly for those that somebody holds: 200 ms for one, half a
    second for all of them, and then a moment each. What is not written so is left for the next time."""

    def __init__(self) -> None:
        self._left = _PATIENCE_SECONDS

    def has_done(self, deed: Callable[[], object], what: object) -> bool:
        """Do it in a transaction of its own; says False when somebody held a row for too long."""
        began = time.monotonic()
        wait = max(min(_BRIEF_SECONDS, self._left), _LEAST_SECONDS)
        try:
            with transaction.atomic():
                limit_lock_wait(f"'{wait * 1000:.0f}ms'")
                deed()
        except OperationalError as error:
            if not is_lock_timeout(error):
                raise
            self._left -= time.monotonic() - began
            logger.warning("%s is locked, and left for later", what)
            return False
        return True


def end_forgotten_transactions(actor: str) -> int:
    """End the sessions of this platform that have stood still inside a transaction for as long as a lease lasts, and
    hold a lost run, an overdue task, or a row of ours that somebody waits for; gives their number.

    An operator's console, whatever it holds, is left alone: its application has another name.
    """
    if connection.vendor != "postgresql":
        return 0
    with connection.cursor() as cursor:
        cursor.execute(_STANDING, {"ours": _OURS, "seconds": settings.LEASE_SECONDS})
        standing = cursor.fetchall()
    if not standing:
        return 0
    needed = _tables_with_held_rows()
    ended = 0
    for pid, name, tables, is_waited_for in standing:
        if is_waited_for or needed & set(tables):
            logger.warning("%s ends session %s of %s, which stands still and holds up others", actor, pid, name)
            ended += _end_session(pid)
    return ended


def _end_session(pid: int) -> bool:
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_terminate_backend(%s)", [pid])
        return bool(cursor.fetchone()[0])


def _tables_with_held_rows() -> set[str]:
    """Give the tables of runs and of tasks, where somebody holds one that is lost, or overdue."""
    now = db_now()
    late = now - timedelta(seconds=settings.LEASE_SECONDS)
    wanted: list[QuerySet[Any]] = [
        TaskRun.objects.filter(status=Status.RUNNING, lease_until__lt=now).order_by("lease_until"),
        ScheduledTask.objects.filter(next_due_at__lt=late).order_by("next_due_at"),
    ]
    return {rows.model._meta.db_table for rows in wanted if _is_any_held(rows)}


def _is_any_held(rows: QuerySet[Any]) -> bool:
    """Say whether a row stays locked for longer than upkeep or a beat would hold it; the oldest are looked at, and one
    that nobody gets is among those in the end."""
    ids = set(rows.values_list("id", flat=True)[:_LOOK])
    with transaction.atomic():
        free = set(rows.filter(id__in=ids).select_for_update(skip_locked=True).values_list("id", flat=True))
    return any(_is_held(rows.filter(id=id)) for id in ids - free)


def _is_held(rows: QuerySet[Any]) -> bool:
    try:
        with transaction.atomic():
            limit_lock_wait(BRIEFLY)
            rows.select_for_update().first()
    except OperationalError as error:
        if not is_lock_timeout(error):
            raise
        return True
    return False
