"""The list of tasks: filters and order."""

import uuid
from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple

from django.db.models import QuerySet
from django.utils import timezone

from tasks_app.models import ScheduledTask
from tasks_app.models.ids import made_at
from tasks_app.selectors import search_tasks, task_walk
from tasks_app.selectors.access import Person, sees_all, shared_task_ids, visible_tasks
from tasks_app.selectors.any_of import any_of
from tasks_app.selectors.effects import COUNTED
from tasks_app.selectors.matching import with_tag
from tasks_app.selectors.ordering import Column
from tasks_app.selectors.queue_names import queue_names
from tasks_app.selectors.search_text import Search
from tasks_app.selectors.task_walk import walk_end

__all__ = ["ORDERS", "TaskFilters", "queue_names", "task_find", "task_search", "tasks_found"]


@dataclass(frozen=True, kw_only=True)
class TaskFilters:
    """What the list is narrowed to; an empty field narrows nothing."""

    status: str = ""
    kind: str = ""
    type: str = ""
    queue: str = ""
    tag: str = ""
    owner: str = ""
    search: str = ""
    last_run_status: str = ""
    shared: str = ""
    calendar: uuid.UUID | None = None
    next_run_before: datetime | None = None
    next_run_after: datetime | None = None


ORDERS: dict[str, tuple[str, ...]] = {
    "name": ("name__lower", "id"),
    "-name": ("-name__lower", "-id"),
    "created_at": ("id",),
    "-created_at": ("-id",),
    "next_run_at": ("next_due_at", "id"),
    "-next_run_at": ("-next_due_at", "-id"),
    "last_run_at": ("last_run_at", "id"),
    "-last_run_at": ("-last_run_at", "-id"),
}


_UNSEEN = ("payload", "description", "schedule", "retry", "misfire")


def task_search(
    user: Person, filters: TaskFilters, *, ordering: str = "name", search: Search | None = None
) -> QuerySet[ScheduledTask]:
    """The tasks that the user may see and that match, in order; nulls come last. `search` is what a box was given."""
    rows = visible_tasks(user).select_related("owner")
    for name in ("status", "kind", "type", "queue", "last_run_status", "calendar"):
        if value := getattr(filters, name):
            rows = rows.filter(**{name: value})
    if filters.owner:
        rows = rows.filter(owner__username=filters.owner)
    if filters.shared:
        rows = rows.filter(any_of("id", shared_task_ids(user))).exclude(owner_id=user.pk)
    if filters.tag:
        rows = with_tag(rows, filters.tag)
    if words := filters.search:
        rows = rows.filter(search_tasks.says(words))
    rows = _due_between(rows, filters)
    if search is not None:
        rows = search_tasks.narrowed(user, rows, search, now=timezone.now())
    return rows.order_by(*(Column.of(name, ScheduledTask).sorted() for name in ORDERS[ordering]))


@dataclass(frozen=True)
class Matching:
    """Tasks that match, in order; `floor` is the oldest of the `walk` that were looked at, if there are older ones."""

    rows: QuerySet[ScheduledTask]
    floor: uuid.UUID | None = None
    walk: int = 0

    @property
    def since(self) -> datetime | None:
        """When the oldest task was made that was looked at."""
        return None if self.floor is None else made_at(self.floor)


def task_find(  # noqa: PLR0913  # what is asked for, and how far
    user: Person,
    filters: TaskFilters,
    *,
    ordering: str = "name",
    search: Search | None = None,
    before: uuid.UUID | None = None,
    down_to: uuid.UUID | None = None,
) -> Matching:
    """The same as `task_search`, but for what no index leads to: of this, as much as is among the newest 20,000 tasks,
    or the newest that were made before another; `down_to` is where a list that goes on began to look down to."""
    rows = task_search(user, filters, ordering=ordering, search=search)
    if before is not None:
        rows = rows.filter(id__lt=before)
    elif _is_led(user, filters, ordering) and (search is None or not search.narrows):
        return Matching(rows)
    floor = walk_end(user, before, down_to=down_to)
    return Matching(rows) if floor is None else Matching(rows.filter(id__gte=floor), floor, task_walk.WALK)


def _is_led(user: Person, filters: TaskFilters, ordering: str) -> bool:
    """Say whether an index gives the list in its order: one by name knows nothing of owners."""
    column = ordering.removeprefix("-")
    return filters == TaskFilters() and (column == "created_at" or (column == "name" and sees_all(user)))


def _due_between(rows: QuerySet[ScheduledTask], filters: TaskFilters) -> QuerySet[ScheduledTask]:
    if filters.next_run_before is not None:
        rows = rows.filter(next_due_at__lt=filters.next_run_before)
    if filters.next_run_after is not None:
        rows = rows.filter(next_due_at__gt=filters.next_run_after)
    return rows


class Found(NamedTuple):
    """A page of tasks, whether more follow, and how many match in all, counted to COUNTED at most."""

    tasks: list[ScheduledTask]
    has_next: bool
    matching: int


def tasks_found(rows: QuerySet[ScheduledTask], number: int, size: int) -> Found:
    """The page of this number. Where it can, one look for the ids says both what is on it and how many match."""
    first, last = (number - 1) * size, number * size
    if last < COUNTED:
        ids = list(rows.values_list("id", flat=True)[:COUNTED])
        return Found(_rows_of(ids[first:last]), len(ids) > last, len(ids))
    ids = list(rows.values_list("id", flat=True)[first : last + 1])
    count = min(first + len(ids), COUNTED) if ids else rows.order_by()[:COUNTED].count()
    return Found(_rows_of(ids[:size]), len(ids) > size, count)


def _rows_of(ids: list[uuid.UUID]) -> list[ScheduledTask]:
    """The tasks in this order, as rows show them, with their owners: to sort whole rows is slow."""
    found = ScheduledTask.objects.select_related("owner").defer(*_UNSEEN).in_bulk(ids)
    return [found[one] for one in ids if one in found]
