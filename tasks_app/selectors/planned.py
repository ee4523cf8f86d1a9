"""The tasks that have something planned: whole, for a few of them, and as bare rows, for counting all."""

import json
import uuid
from collections.abc import Collection, Hashable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, NamedTuple

from django.contrib.auth.models import User
from django.db.models import Count, Max, QuerySet, Sum, TextField
from django.db.models.functions import Cast

from tasks_app.models import Calendar, PlannedRuns, ScheduledTask
from tasks_app.models.rollup import EVERYBODY
from tasks_app.selectors.access import Person, sees_all, shared_task_ids, visible_tasks
from tasks_app.selectors.matching import with_tag

OWNERS = 200
LATELY = timedelta(minutes=15)


@dataclass(frozen=True, kw_only=True)
class PlannedFilters:
    """Which tasks count; an empty field leaves none out."""

    type: str = ""
    queue: str = ""
    tag: str = ""
    owner: str = ""
    task: uuid.UUID | None = None


class PlannedRow(NamedTuple):
    """As much of a task as tells when it starts. Schedule and instants are text, in the words of the database.

    Among ten thousand tasks few differ in them: they are read where they do (`instant_of`, `schedule_of`).
    """

    id: uuid.UUID
    kind: str
    schedule: str | None
    timezone: str
    next_slot: str
    next_due_at: str
    ends_at: str | None
    max_runs: int | None
    slots_fired: int
    spread_seconds: int
    jitter_seconds: int
    calendar_id: uuid.UUID | None
    calendar_policy: str


_AS_TEXT = frozenset({"schedule", "next_slot", "next_due_at", "ends_at"})


def instant_of(text: str) -> datetime:
    """Read an instant of a row; SQLite keeps them in UTC without saying so."""
    found = datetime.fromisoformat(text)
    return found.astimezone(UTC) if found.tzinfo else found.replace(tzinfo=UTC)


def schedule_of(text: str | None) -> Any:
    """Read the schedule of a row."""
    return None if text is None else json.loads(text)


def planned_tasks(user: Person, filters: PlannedFilters, *, until: datetime | None = None) -> QuerySet[ScheduledTask]:
    """The matching tasks that the user may see and whose next slot starts by then, the soonest first."""
    rows = _planned(visible_tasks(user))
    if until is not None:
        rows = rows.filter(next_due_at__lte=until)
    for name in ("type", "queue"):
        if value := getattr(filters, name):
            rows = rows.filter(**{name: value})
    if filters.owner:
        rows = rows.filter(owner__username=filters.owner)
    if filters.task is not None:
        rows = rows.filter(id=filters.task)
    if filters.tag:
        rows = with_tag(rows, filters.tag)
    return rows.order_by("next_due_at", "id")


def _planned(tasks: QuerySet[ScheduledTask]) -> QuerySet[ScheduledTask]:
    return tasks.filter(next_due_at__isnull=False, next_slot__isnull=False)


def planned_rows(user: Person, filters: PlannedFilters, *, until: datetime) -> list[PlannedRow]:
    """The same tasks as bare rows: a tenth of the cost, which counts when there are ten thousand."""
    return _bare(planned_tasks(user, filters, until=until))


def _bare(tasks: QuerySet[ScheduledTask]) -> list[PlannedRow]:
    texts = {f"_{name}": Cast(name, TextField()) for name in _AS_TEXT}
    columns = [f"_{name}" if name in _AS_TEXT else name for name in PlannedRow._fields]
    return list(map(PlannedRow._make, tasks.annotate(**texts).values_list(*columns)))


def planned_rows_of(owner_id: int, *, until: datetime) -> list[PlannedRow]:
    """The same of an owner, or of `EVERYBODY`: for upkeep, which does not ask on anybody's behalf."""
    rows = _planned(ScheduledTask.objects.filter(deleted_at=None)).filter(next_due_at__lte=until)
    rows = rows if owner_id == EVERYBODY else rows.filter(owner_id=owner_id)
    return _bare(rows.order_by("next_due_at", "id"))


def planned_counts() -> dict[int, int]:
    """How many tasks of each owner have something planned."""
    rows = _planned(ScheduledTask.objects.filter(deleted_at=None)).order_by()
    return dict(rows.values_list("owner_id").annotate(Count("id")))


def planned_runs(user: Person, now: datetime) -> PlannedRuns | None:
    """What upkeep has worked out lately about all tasks that the user may see; None where it has not."""
    if not user.is_active or (not sees_all(user) and shared_task_ids(user)):
        return None
    owner = EVERYBODY if sees_all(user) else user.pk
    kept = PlannedRuns.objects.filter(owner_id=owner, made_at__gt=now - LATELY).first()
    return kept if kept and kept.minutes else None


def planned_state(user: Person, filters: PlannedFilters) -> Hashable:
    """Give what changes when one of these tasks or its calendar is made, edited or deleted, not when a task fires."""
    rows = planned_tasks(user, filters).order_by()
    found = rows.aggregate(Count("id"), Sum("version"), Max("created_at"), Max("calendar__updated_at"))
    return tuple(found.values())


def calendars_of(rows: Collection[PlannedRow]) -> dict[uuid.UUID, Calendar]:
    """The calendars that the rows name."""
    ids = {row.calendar_id for row in rows if row.calendar_id is not None}
    return {calendar.pk: calendar for calendar in Calendar.objects.filter(id__in=ids)} if ids else {}


def tasks_shown(user: Person, ids: Collection[uuid.UUID]) -> dict[uuid.UUID, ScheduledTask]:
    """Some tasks by their ids, without what pages about time do not show."""
    rows = visible_tasks(user).filter(id__in=ids).select_related("owner")
    return {task.id: task for task in rows.defer("payload", "description", "retry", "misfire")}


def planning_owners(user: Person) -> list[str]:
    """Those who own something planned that the user may see, by name."""
    owning = planned_tasks(user, PlannedFilters()).order_by().values("owner_id")
    names = User.objects.filter(pk__in=owning).order_by("username").values_list("username", flat=True)
    return list(names[:OWNERS])
