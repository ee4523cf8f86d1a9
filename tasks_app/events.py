"""What happened to a run, and the one signal that says so after the transaction has committed."""

from dataclasses import dataclass, field
from datetime import datetime
from functools import partial
from typing import Any

from django.db import transaction
from django.dispatch import Signal

from tasks_app.models import TaskRun

run_changed = Signal()
"""Sent with `change`: a RunChanged, RunProgressed or RunLogged. Receivers that raise are logged and passed over."""


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


def announce_on_commit(change: Change) -> None:
    """Send `run_changed` once the surrounding transaction has committed (at once when there is none)."""
    transaction.on_commit(partial(announce, change), robust=True)


def announce(change: Change) -> None:
    """Send `run_changed` now; a receiver's fault never reaches the sender."""
    run_changed.send_robust(sender=TaskRun, change=change)
