"""What happened to a run, and the signals that say so: after the commit, and inside the transaction of a failure."""

import logging
from dataclasses import dataclass, field
from datetime import datetime
from functools import partial
from typing import Any

from django.db import OperationalError, transaction
from django.dispatch import Signal

from tasks_app.models import TaskRun

_log = logging.getLogger(__name__)

run_changed = Signal()
"""Sent with `changes`: a tuple of RunChanged, RunProgressed and RunLogged, one or, for a group of short runs, many.

Receivers that raise are logged and passed over.
"""

run_failed = Signal()
"""Sent with `run_id` inside the transaction that ends a run as failed: what a receiver writes is kept with the failure.

For what must not get lost between the commit and an announcement. Receivers are to write, and nothing else.
"""


@dataclass(frozen=True, kw_only=True)
class RunChanged:
    """A transition has been committed."""

    run_id: str
    task_id: str | None
    owner_id: int | None
    type: str
    source: str
    status: str
    reason: str
    version: int
    message: str
    at: datetime
    seq: int = 0
    progress: dict[str, Any] | None = None


@dataclass(frozen=True, kw_only=True)
class RunProgressed:
    """A running handler reported progress; `seq` grows with each report."""

    run_id: str
    task_id: str | None
    owner_id: int | None
    status: str
    reason: str
    version: int
    seq: int
    progress: dict[str, Any] | None
    message: str
    at: datetime


@dataclass(frozen=True, kw_only=True)
class RunLogged:
    """Log lines were stored; each is `{"n", "at", "level", "message"}`."""

    run_id: str
    task_id: str | None
    owner_id: int | None
    lines: list[dict[str, Any]] = field(default_factory=list)


Change = RunChanged | RunProgressed | RunLogged


def announce_on_commit(*changes: Change) -> None:
    """Send `run_changed` once the surrounding transaction has committed (at once when there is none)."""
    transaction.on_commit(partial(announce, *changes), robust=True)


def announce(*changes: Change) -> None:
    """Send `run_changed` now; a receiver's fault never reaches the sender."""
    run_changed.send_robust(sender=TaskRun, changes=changes)


def tell_failure(run_id: str) -> None:
    """Send `run_failed`. A receiver's fault undoes its own writes only; where the database is away, the failure too."""
    try:
        with transaction.atomic():
            run_failed.send(sender=TaskRun, run_id=run_id)
    except OperationalError:
        raise
    except Exception:
        _log.exception("a receiver of run_failed raised; run %s", run_id)
