"""Statements that PostgreSQL reads and plans once, and not each time: those whose text is always the same.

To read and plan a claim or an end takes as long as to do it. A plan suits the table for which it was made, and one that
was empty a moment ago may be long now: so plans are made anew every few seconds.

A statement that is kept can be lost: dropped by whoever uses the connection as well, or left in another one by a pooler
of which nobody has told. Then this process keeps none any more.
"""

import logging
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any
from weakref import WeakKeyDictionary

from django.db import connection, transaction
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.backends.utils import CursorWrapper
from psycopg import ClientCursor, Connection, Cursor, Error, errors
from psycopg.pq import TransactionStatus

logger = logging.getLogger(__name__)

PLAN_SECONDS = 5.0
_LOST = (errors.InvalidSqlStatementName, errors.DuplicatePreparedStatement)
_CHANGED = errors.FeatureNotSupported  # a column that it gives has got another type
_planned_at: "WeakKeyDictionary[Connection[Any], float]" = WeakKeyDictionary()
_keeps_none = threading.Event()


class _Planned(Cursor[Any]):
    """Has the server keep its statement. Those of other cursors are not kept, and not even counted."""

    def execute(self, *args: Any, **options: Any) -> "_Planned":
        """Send the values beside the statement, which the server knows from the second time on."""
        own, before = self.connection, self.connection.prepare_threshold
        own.prepare_threshold = 0
        try:
            return super().execute(*args, **options)
        except (*_LOST, _CHANGED) as error:
            return self._execute_without(error, *args)
        finally:
            own.prepare_threshold = before

    def _execute_without(self, error: Error, *args: Any) -> "_Planned":
        """Do without what the server keeps. A transaction is over, to be tried again: its end drops what is kept."""
        if isinstance(error, _LOST) and not _keeps_none.is_set():
            _keeps_none.set()
            logger.warning("statements are not kept any more, as DISABLE_SERVER_SIDE_CURSORS would say: %s", error)
        if self.connection.info.transaction_status != TransactionStatus.IDLE:
            raise errors.TransactionRollback(f"a statement that was kept is of no use any more: {error}") from error
        if isinstance(error, _CHANGED):
            super().execute("DEALLOCATE ALL", prepare=False)
        return super().execute(*args, prepare=False)


@contextmanager
def planned_cursor() -> Iterator[CursorWrapper]:
    """Give a cursor for statements that come again and again; an ordinary one where they cannot be kept.

    So it is on SQLite; behind a pooler that gives each transaction another connection, which Django is told by
    `DISABLE_SERVER_SIDE_CURSORS`; and where statements are logged, which are to show their values.
    """
    own = transaction.get_connection()  # `connection` finds this thread's anew for each of its attributes
    with own.cursor() as cursor:
        if _can_keep(own):
            _forget_old_plans(own.connection, cursor)
            cursor.cursor = _Planned(own.connection)
        yield cursor


def written_out(sql: str, params: Sequence[Any]) -> tuple[str, Sequence[Any] | None]:
    """Give a statement with its values in its text, so that it is planned for these: a partial index needs them."""
    if connection.vendor != "postgresql":
        return sql, params
    connection.ensure_connection()
    return ClientCursor(connection.connection).mogrify(sql, params), None


def _can_keep(own: BaseDatabaseWrapper) -> bool:
    is_pooled = own.settings_dict.get("DISABLE_SERVER_SIDE_CURSORS")
    return own.vendor == "postgresql" and not is_pooled and not own.queries_logged and not _keeps_none.is_set()


def _forget_old_plans(server: "Connection[Any]", cursor: CursorWrapper) -> None:
    now = time.monotonic()
    if now - _planned_at.setdefault(server, now) >= PLAN_SECONDS:
        cursor.execute("DISCARD PLANS")
        _planned_at[server] = now
