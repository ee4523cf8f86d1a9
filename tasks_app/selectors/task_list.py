"""The list of tasks: filters and order."""

import uuid
from dataclasses import dataclass
from datetime import datetime

from django.db.models import Q, QuerySet
from django.utils import timezone

from tasks_app.models import ScheduledTask
from tasks_app.selectors import search_tasks
from tasks_app.selectors.access import Person, shared_task_ids, visible_tasks
from tasks_app.selectors.matching import with_tag
from tasks_app.selectors.ordering import Column
from tasks_app.selectors.queue_names import queue_names
from tasks_app.selectors.search_text import Search

__all__ = ["ORDERS", "TaskFilters", "queue_names", "rows_between", "task_search"]


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
        rows = rows.filter(id__in=sorted(shared_task_ids(user))).exclude(owner_id=user.pk)
    if filters.tag:
        rows = with_tag(rows, filters.tag)
    if words := filters.search:
        rows = rows.filter(Q(name__icontains=words) | Q(type__icontains=words) | Q(description__icontains=words))
    rows = _due_between(rows, filters)
    if search is not None:
        rows = search_tasks.narrowed(user, rows, search, now=timezone.now())
    return rows.order_by(*(Column.of(name, ScheduledTask).sorted() for name in ORDERS[ordering]))


def _due_between(rows: QuerySet[ScheduledTask], filters: TaskFilters) -> QuerySet[ScheduledTask]:
    if filters.next_run_before is not None:
        rows = rows.filter(next_due_at__lt=filters.next_run_before)
    if filters.next_run_after is not None:
        rows = rows.filter(next_due_at__gt=filters.next_run_after)
    return rows


def rows_between(rows: QuerySet[ScheduledTask], first: int, last: int) -> list[ScheduledTask]:
    """The tasks at these places, as rows show them: their ids first, for to sort whole rows is slow."""
    ids = list(rows.values_list("id", flat=True)[first:last])
    found = ScheduledTask.objects.select_related("owner").defer(*_UNSEEN).in_bulk(ids)
    return [found[one] for one in ids if one in found]
