"""What is wrong with the platform, for its pages: the questions of `/statusz`, asked at once every few seconds at most.

All pages of a process share one answer, so that a platform in trouble is not asked by everybody who wonders why.
"""

import dataclasses
import threading
import time
from datetime import datetime

from django.utils import timezone

from tasks_app.selectors import health, liveness
from tasks_app.selectors.broker import broker
from tasks_app.selectors.health import Finding

KEPT_SECONDS = 5.0
QUESTIONS = (health.workers, liveness.claims, health.schedule, health.beat, liveness.upkeep)
_FOLLOWS = {"workers", "claims", "upkeep"}


class _Memory:
    """The last answer of this process, and since when it knows of each fault."""

    def __init__(self) -> None:
        self.lock = threading.Lock()
        self.asked_at = float("-inf")
        self.found: list[Finding] = []
        self.known: dict[str, datetime] = {}


_memory = _Memory()


def troubles() -> list[Finding]:
    """Give what is wrong, as it was a few seconds ago at most; at the latest since this process has noticed."""
    with _memory.lock:
        if time.monotonic() - _memory.asked_at >= KEPT_SECONDS:
            _memory.found = _look()
            _memory.asked_at = time.monotonic()
        return _memory.found


def forget() -> None:
    """Ask anew next time."""
    global _memory  # noqa: PLW0603  # one per process
    _memory = _Memory()


def _look() -> list[Finding]:
    redis = broker()  # asked before: it may take its time, and a transaction need not wait for it
    findings = health.together((health.database, lambda: redis, *QUESTIONS))
    faults = [finding for finding in findings if not finding.ok]
    if any(fault.name == "broker" for fault in faults):  # without Redis workers fall silent: one cause, said once
        faults = [fault for fault in faults if fault.name not in _FOLLOWS]
    now = timezone.now()
    _memory.known = {fault.name: _memory.known.get(fault.name, now) for fault in faults}
    return [dataclasses.replace(fault, since=fault.since or _memory.known[fault.name]) for fault in faults]
