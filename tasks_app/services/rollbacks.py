"""What is undone outside the database when a transaction does not commit."""

import weakref
from collections.abc import Callable

from django.db import transaction


class _Waiting:
    """What only the hook for the commit holds."""


def on_rollback(undo: Callable[[], object]) -> None:
    """Call `undo` when the transaction, or the savepoint, that surrounds this is rolled back.

    Django drops the hooks for a commit that does not come, and `_Waiting` goes with its hook. It does so, too, when the
    answer of the database to a COMMIT is lost: then `undo` undoes what may have been committed.
    """
    waiting = _Waiting()
    undoing = weakref.finalize(waiting, undo)
    undoing.atexit = False

    def commit(_: _Waiting = waiting) -> None:
        undoing.detach()

    transaction.on_commit(commit)
