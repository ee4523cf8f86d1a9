"""The next slots of many tasks, in one order. Computes no more slots than are asked for, and one more per task."""

import heapq
import logging
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from tasks_app.models import ScheduledTask
from tasks_app.selectors.access import Person, visible_tasks
from tasks_app.services import planning

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class Upcoming:
    """A planned instant of a task; `due_at` is the slot after jitter."""

    task: ScheduledTask
    slot: datetime
    due_at: datetime


def upcoming_slots(user: Person, *, until: datetime | None, limit: int) -> list[Upcoming]:
    """Give the next `limit` slots of the tasks that the user may see, the soonest first, none after `until`."""
    planned = visible_tasks(user).filter(next_due_at__isnull=False, next_slot__isnull=False)
    if until is not None:
        planned = planned.filter(next_due_at__lte=until)
    # No slot outside of the first `limit` tasks can be among the first `limit` slots.
    tasks = planned.select_related("owner").order_by("next_due_at", "id")[:limit]
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
    slot, count = task.next_slot, task.slots_fired + 1
    while slot is not None:
        yield Upcoming(task, slot, planning.due_at(task, slot))
        if task.max_runs is not None and count >= task.max_runs:
            return
        try:
            slot, count = planning.slot_after(task, slot), count + 1
        except ValueError:
            logger.warning("task %s has a schedule that cannot be read", task.id)
            return
