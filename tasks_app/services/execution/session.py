"""What a handler leaves behind in its database session, and the next run must not find there.

An open transaction is thrown away. A setting, a subscription, a lock of the session outlive their transaction: such a
session is closed, and the next statement opens a fresh one.
"""

import logging
import re
from collections.abc import Callable
from contextlib import suppress
from typing import Any

from django.db import connections
from psycopg.pq import TransactionStatus

logger = logging.getLogger(__name__)

_WORDS = r"(?:SET\s+(?!LOCAL\b|CONSTRAINTS\b|TRANSACTION\b)|RESET\b|LISTEN\b|PREPARE\b|CREATE\s+TEMP|PRAGMA\b)"
_LASTING = re.compile(rf"(?:\s|--[^\n]*\n|/\*.*?\*/)*+{_WORDS}", re.IGNORECASE | re.DOTALL)
_LASTING_LATER = re.compile(rf";\s*+{_WORDS}", re.IGNORECASE)


class Sessions:
    """This thread's sessions, from the start of a handler to its end."""

    def __init__(self) -> None:
        self._changed: set[str] = set()
        self._connections = connections.all()
        for connection in self._connections:
            connection.execute_wrappers.append(self._watch)

    def restore(self) -> None:
        """Close those that the handler has left inside a transaction, or changed. Nothing is raised."""
        for connection in self._connections:
            with suppress(ValueError):
                connection.execute_wrappers.remove(self._watch)
            if _is_inside(connection) or connection.alias in self._changed:
                _close(connection)

    def _watch(self, execute: Callable[..., Any], sql: Any, params: Any, many: bool, context: dict[str, Any]) -> Any:
        if _is_lasting(sql):
            self._changed.add(context["connection"].alias)
        return execute(sql, params, many, context)


def _is_inside(connection: Any) -> bool:
    """Say whether a transaction is open: Django knows of its own, the driver also of one that was begun in SQL."""
    if connection.in_atomic_block:
        return True
    if connection.connection is None:
        return False
    if not connection.get_autocommit():
        return True
    if connection.vendor == "postgresql":
        return bool(connection.connection.info.transaction_status != TransactionStatus.IDLE)
    return bool(connection.connection.in_transaction)


def _close(connection: Any) -> None:
    """Close it, and have the next statement open another: Django keeps one that was closed inside its transaction."""
    connection.in_atomic_block = False
    try:
        if not connection.closed_in_transaction:
            connection.close()
    except Exception:
        logger.exception("a session that a handler has changed cannot be closed")
    connection.connection = None
    connection.closed_in_transaction = False


def _is_lasting(sql: Any) -> bool:
    """Say whether a statement may change more than its transaction; one that psycopg puts together is not read."""
    if not isinstance(sql, str) or _LASTING.match(sql) or "advisory_lock" in sql or "set_config(" in sql:
        return True
    return ";" in sql and _LASTING_LATER.search(sql) is not None
