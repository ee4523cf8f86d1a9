"""The backend under the name that Django looks for."""

import threading
from types import TracebackType
from typing import Any

from django.db import OperationalError
from django.db.backends.postgresql import base
from django.db.utils import DatabaseErrorWrapper
from django.utils.functional import cached_property
from psycopg import errors

# What is the matter with the session or the server, and says nothing about the statement.
_AWAY = (errors.ReadOnlySqlTransaction, errors.IdleInTransactionSessionTimeout)
_TOLD = "DISABLE_SERVER_SIDE_CURSORS"
_is_pooler_looked_for = threading.Event()


class _Errors(DatabaseErrorWrapper):
    """psycopg takes a server that takes no writes for an internal error: it is one that is away, and will be back."""

    wrapper: Any

    def __exit__(
        self, exc_type: type[BaseException] | None, exc_value: BaseException | None, traceback: TracebackType | None
    ) -> None:
        if isinstance(exc_value, _AWAY):
            self.wrapper.errors_occurred = True
            self.wrapper.is_stale = True
            raise OperationalError(*exc_value.args).with_traceback(traceback) from exc_value
        super().__exit__(exc_type, exc_value, traceback)


class DatabaseWrapper(base.DatabaseWrapper):
    """Keeps no session that takes no writes, and finds out whether a pooler stands before the server."""

    is_stale = False

    @cached_property
    def wrap_database_errors(self) -> DatabaseErrorWrapper:
        """Give what translates the driver's errors."""
        return _Errors(self)

    def init_connection_state(self) -> None:
        """Set up the session; once in a process, see whether it is always with the same server process.

        A pooler names a process that is not the server's. It may give each transaction another session, so Django and
        the platform are told to leave nothing in any.
        """
        self.is_stale = False
        super().init_connection_state()
        if not _is_pooler_looked_for.is_set():
            if self._is_behind_pooler():
                self.settings_dict[_TOLD] = True
            _is_pooler_looked_for.set()

    def is_usable(self) -> bool:
        """Say whether the session answers, and is not one that refuses writes."""
        return not self.is_stale and super().is_usable()

    def _is_behind_pooler(self) -> bool:
        with self.connection.cursor() as cursor:
            (pid,) = cursor.execute("SELECT pg_backend_pid()").fetchone()
        return bool(pid != self.connection.info.backend_pid)

    def _close(self) -> Any:
        if self.is_stale and self.connection is not None:
            with self.wrap_database_errors:
                self.connection.close()  # a pool of connections drops one that is closed
        return super()._close()  # type: ignore[misc]  # the stubs leave it out
