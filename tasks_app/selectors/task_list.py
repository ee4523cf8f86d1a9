"""The list of tasks: filters, order, and the strip beside each."""

import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple

from django.db.models import OuterRef, Q, QuerySet, Subquery
from django.utils import timezone

from tasks_app.models import ScheduledTask, TaskRun
from tasks_app.models.run import between_ms
from tasks_app.selectors import search_tasks
from tasks_app.selectors.access import Person, shared_task_ids, visible_tasks
from tasks_app.selectors.matching import with_tag
from tasks_app.selectors.ordering import Column
from tasks_app.selectors.queue_names import queue_names
from tasks_app.selectors.search_text import Search
from tasks_app.states import Status

__all__ = ["ORDERS", "TaskFilters", "queue_names", "recent_runs", "rows_between", "strip_runs", "task_search"]


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
    """The tasks at these places, with their owners: their ids first, for to sort whole rows is slow."""
    ids = list(rows.values_list("id", flat=True)[first:last])
    found = ScheduledTask.objects.select_related("owner").in_bulk(ids)
    return [found[one] for one in ids if one in found]


class StripRun(NamedTuple):
    """As much of a run as the strip draws: a page of tasks has thousands, and objects cost more."""

    id: uuid.UUID
    status: str
    started_at: datetime | None
    finished_at: datetime | None

    @property
    def duration_ms(self) -> int | None:
        """As that of a run."""
        return between_ms(self.started_at, self.finished_at)


def recent_runs(task_id: uuid.UUID) -> list[TaskRun]:
    """The last runs of a task that wait for no turn, oldest first. The caller has checked that the user may see it."""
    columns = ("id", "task_id", "status", "reason", "started_at", "finished_at", "dismissed_at", "error")
    return list(_last_runs([task_id]).only(*columns))


def strip_runs(task_ids: Sequence[uuid.UUID]) -> dict[uuid.UUID, list[StripRun]]:
    """The same of each task, as much of them as the strip draws."""
    found: dict[uuid.UUID, list[StripRun]] = {task_id: [] for task_id in task_ids}
    for task_id, *values in _last_runs(task_ids).values_list("task_id", *StripRun._fields):
        found[task_id].append(StripRun(*values))
    return found


def _last_runs(task_ids: Sequence[uuid.UUID], count: int = 50) -> QuerySet[TaskRun]:
    """Find them with two queries that the index (task, -id) serves."""
    begun = TaskRun.objects.exclude(status=Status.WAITING)
    nth = begun.filter(task_id=OuterRef("id")).order_by("-id").values("id")[count - 1 : count]
    tasks = ScheduledTask.objects.filter(id__in=task_ids)
    bounds = dict(tasks.annotate(bound=Subquery(nth)).order_by().values_list("id", "bound"))
    # One OR of all: put together two by two it takes longer than the query.
    each = [Q(task_id=task_id, id__gte=bound) if bound else Q(task_id=task_id) for task_id, bound in bounds.items()]
    wanted = Q(*each, _connector=Q.OR) if each else Q(pk__in=[])
    return begun.filter(wanted).order_by("id")
