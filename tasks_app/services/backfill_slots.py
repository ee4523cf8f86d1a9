"""The past slots of a task, and what each of them has now. Writes nothing."""

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any
from uuid import UUID

from tasks_app.models import ScheduledTask, TaskRun
from tasks_app.recurrence.spans import Span
from tasks_app.services import planning
from tasks_app.services.skipped import read_spans
from tasks_app.states import OPEN, Status, TaskStatus

MISSING, PLANNED = "missing", "planned"
"""What a slot has that has no run: none, or one that the schedule itself is still to make."""
_NOT_RUN = frozenset({MISSING, Status.SKIPPED.value, Status.CANCELLED.value})
_RAN = frozenset({Status.SUCCEEDED.value, Status.FAILED.value})
_INSTANT = timedelta(microseconds=1)


class Reprocess(StrEnum):
    """Which slots run again that have run."""

    NONE = "none"
    FAILED = "failed"
    ALL = "all"


@dataclass(frozen=True)
class Slot:
    """One instant. `has`: the status of the run that counts, or `missing`, or `planned`.

    What counts is a run that has not ended, else the newest that succeeded or failed, else the newest of all. `run_id`
    is the newest of all, `root_id` the first that it repeats.
    """

    at: datetime
    has: str
    run_id: UUID | None = None
    root_id: UUID | None = None

    def is_wanted(self, reprocess: str) -> bool:
        """Say whether the slot is to be run; never beside a run of it that has not ended."""
        if self.has == Status.FAILED:
            return reprocess in (Reprocess.FAILED, Reprocess.ALL)
        return self.has in _NOT_RUN or (self.has == Status.SUCCEEDED and reprocess == Reprocess.ALL)


@dataclass(frozen=True)
class Plan:
    """Every slot of a range, oldest first, and those that would run."""

    slots: list[Slot]
    chosen: list[Slot]

    @property
    def counts(self) -> dict[str, int]:
        """How many slots have what."""
        return dict(Counter(slot.has for slot in self.slots))


def instants(task: ScheduledTask, start: datetime, end: datetime) -> Iterator[datetime]:
    """Give the slots of the task's schedule from `start` to `end`, both included, whatever its window.

    Days off that its calendar leaves out have none. Raises ValueError when the schedule cannot be read.
    """
    plan = planning.plan_of(task)
    at = plan.slot_after(start - _INSTANT) if plan else None
    while plan is not None and at is not None and at <= end:
        yield at
        at = plan.slot_after(at)


def some_ago(task: ScheduledTask, now: datetime, count: int) -> datetime:
    """Give the instant of the schedule that many instants ago, or of its first; `now` where it has none.

    Raises ValueError when the schedule cannot be read.
    """
    plan = planning.plan_of(task)
    at = now
    for _ in range(count if plan else 0):
        at = (plan.slot_before(at) if plan else None) or at
    return at


def look(task: ScheduledTask, ordered: Sequence[datetime]) -> list[Slot]:
    """Say what each of the instants, in order, has now."""
    if not ordered:
        return []
    rows = _rows(task, ordered[0], ordered[-1])
    runs: dict[datetime, list[dict[str, Any]]] = {}
    for row in rows:
        if row["range_to"] is None:
            runs.setdefault(row["scheduled_for"], []).append(row)
    ranges = _stretches([row for row in rows if row["range_to"] is not None])
    return [_slot(task, at, runs.get(at, ()), ranges) for at in ordered]


def _rows(task: ScheduledTask, first: datetime, last: datetime) -> list[dict[str, Any]]:
    """Read the runs about these instants, oldest first, and the ranges that were skipped; both along (task, slot)."""
    columns = ("id", "scheduled_for", "status", "root_run_id", "range_to")
    of_slots = TaskRun.objects.filter(task=task, slot__range=(first, last))
    others = TaskRun.objects.filter(task=task, slot=None, scheduled_for__lte=last)
    others = others.filter(scheduled_for__gte=first) | others.filter(range_to__gte=first)
    rows: list[dict[str, Any]] = [*of_slots.values(*columns), *others.values(*columns)]
    return sorted(rows, key=lambda row: row["id"].int)


def _stretches(ranges: Sequence[dict[str, Any]]) -> list[Span]:
    """Give the stretches of the schedule that rows of ranges stand for."""
    found = TaskRun.objects.filter(id__in=[row["id"] for row in ranges]).values_list("id", "result")
    said = dict(found) if ranges else {}
    return [span for row in ranges for span in read_spans(row["scheduled_for"], row["range_to"], said.get(row["id"]))]


def _slot(task: ScheduledTask, at: datetime, runs: Sequence[dict[str, Any]], ranges: Iterable[Span]) -> Slot:
    if not runs:
        return Slot(at, _without_run(task, at, ranges))
    newest = runs[-1]
    has = str(max(runs, key=lambda row: (_weight(row["status"]), row["id"].int))["status"])
    return Slot(at, has, newest["id"], newest["root_run_id"] or newest["id"])


def _weight(status: str) -> int:
    return 2 if status in OPEN else 1 if status in _RAN else 0


def _without_run(task: ScheduledTask, at: datetime, ranges: Iterable[Span]) -> str:
    if any(first <= at <= last for first, last in ranges):
        return Status.SKIPPED.value
    is_ahead = task.status == TaskStatus.ACTIVE and task.next_slot is not None and at >= task.next_slot
    return PLANNED if is_ahead else MISSING
