"""The next slots of many tasks, in one order. Computes no more slots than are asked for, and one more per task.

What pages and counts know of planning, they know through here.
"""

import copy
import heapq
import logging
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from tasks_app.models import ScheduledTask
from tasks_app.recurrence import Recurrence
from tasks_app.recurrence.plan import Plan
from tasks_app.selectors.access import Person
from tasks_app.selectors.planned import PlannedFilters, planned_tasks
from tasks_app.services import planning
from tasks_app.services.planning import Mark

logger = logging.getLogger(__name__)

_INSTANT = timedelta(microseconds=1)
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
# How far a calendar may carry a slot over days off.
_CARRIED = timedelta(days=31)
_EVERYTHING = PlannedFilters()

__all__ = ["Mark", "Upcoming", "due_at", "seconds_due", "slots_from", "spread_delay", "step_of", "upcoming_slots"]


@dataclass(frozen=True)
class Upcoming:
    """A planned instant of a task; `due_at` is the slot after spread and jitter."""

    task: ScheduledTask
    slot: datetime
    due_at: datetime
    instead_of: datetime | None = None
    """The slot, where a calendar has moved it."""


def upcoming_slots(
    user: Person, *, until: datetime | None, limit: int, filters: PlannedFilters = _EVERYTHING
) -> list[Upcoming]:
    """Give the next `limit` slots of the tasks that the user may see, the soonest first, none after `until`."""
    # No slot outside of the first `limit` tasks can be among the first `limit` slots.
    tasks = planned_tasks(user, filters, until=until).select_related("owner", "calendar")[:limit]
    heads: list[tuple[datetime, int, Upcoming, Iterator[Upcoming]]] = []
    for number, task in enumerate(tasks):
        _push(heads, number, _slots(task))
    found: list[Upcoming] = []
    while heads and len(found) < limit:
        due_at, number, first, rest = heapq.heappop(heads)
        if until is not None and due_at > until:
            break
        found.append(first)
        _push(heads, number, rest)
    return found


def _push(
    heads: list[tuple[datetime, int, Upcoming, Iterator[Upcoming]]], number: int, slots: Iterator[Upcoming]
) -> None:
    head = next(slots, None)
    if head is not None:
        heapq.heappush(heads, (head.due_at, number, head, slots))


def _slots(task: ScheduledTask) -> Iterator[Upcoming]:
    """Give the task's slots one by one; a stored schedule that is broken gives what the row itself says, and ends."""
    slot, count, plan = task.next_slot, task.slots_fired + 1, None
    while slot is not None:
        try:
            found = Upcoming(task, slot, planning.due_at(task, slot), _instead_of(task, slot))
        except ValueError:
            yield Upcoming(task, slot, due_at(task, slot))
            logger.warning("task %s has a schedule or a calendar that cannot be read", task.id)
            return
        yield found
        if task.max_runs is not None and count >= task.max_runs:
            return
        try:
            plan = plan or planning.plan_of(task)
            slot, count = _following(task, plan, slot), count + 1
        except ValueError:
            logger.warning("task %s has a schedule that cannot be read", task.id)
            return


def _instead_of(task: ScheduledTask, slot: datetime) -> datetime | None:
    return planning.instead_of(planning.placed(task, slot)) if task.calendar_id else None


def _following(task: ScheduledTask, plan: Plan | None, slot: datetime) -> datetime | None:
    """Give the slot that happens next; of those that a calendar moves onto one instant only the first runs."""
    planned = planning.next_of(task, plan, planning.placed(task, slot).at) if plan else None
    return planned.slot if planned else None


def slots_from(task: ScheduledTask, start: datetime) -> Iterator[Upcoming]:
    """Give the task's slots from about `start` on: none that starts later than that is left out.

    A number of runs has to be counted from the next slot on; all else is looked for where it is wanted.
    """
    ahead = start - timedelta(seconds=task.spread_seconds + task.jitter_seconds)
    ahead -= _CARRIED if task.calendar_id else timedelta(0)
    if task.max_runs is None and task.next_slot is not None and task.next_slot < ahead:
        try:
            there = planning.slot_after(task, ahead - _INSTANT)
        except ValueError:
            return
        task = copy.copy(task)
        task.next_slot = there
    yield from _slots(task)


def step_of(rule: Recurrence) -> int | None:
    """Give the pause between the slots of a plain interval, which need no search, in seconds; None for all else."""
    if rule.interval is None or rule.interval[1] == "days":  # days follow the wall clock
        return None
    count, unit = rule.interval
    return int(timedelta(**{unit: count}).total_seconds())


def due_at(task: ScheduledTask, slot: datetime) -> datetime:
    """Give the moment at which the slot starts; the row's own where its schedule or calendar cannot be read."""
    try:
        return planning.due_at(task, slot)
    except ValueError:
        return (task.next_due_at if slot == task.next_slot else None) or slot


def seconds_due(task: ScheduledTask, marks: Sequence[Mark]) -> list[int]:
    """Give the moments of many slots of a task with jitter, in whole seconds since 1970."""
    return planning.seconds_due(task, marks)


def spread_delay(task: ScheduledTask, seconds: int) -> timedelta:
    """Give how much later all slots of the task start when it is spread over so many seconds."""
    return planning.due_at(ScheduledTask(id=task.id, spread_seconds=seconds), _EPOCH) - _EPOCH
