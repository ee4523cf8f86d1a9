"""The tasks that have something planned: whole, for a few of them, and as bare rows, for counting all."""

import json
import uuid
from collections.abc import Collection, Hashable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, NamedTuple

from django.contrib.auth.models import User
from django.db.models import Count, Max, QuerySet, Sum, TextField
from django.db.models.functions import Cast

from tasks_app.models import Calendar, ScheduledTask
from tasks_app.selectors.access import Person, visible_tasks
from tasks_app.selectors.matching import with_tag

OWNERS = 200


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
    rows = visible_tasks(user).filter(next_due_at__isnull=False, next_slot__isnull=False)
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


def planned_rows(user: Person, filters: PlannedFilters, *, until: datetime) -> list[PlannedRow]:
    """The same tasks as bare rows: a tenth of the cost, which counts when there are ten thousand."""
    texts = {f"_{name}": Cast(name, TextField()) for name in _AS_TEXT}
    columns = [f"_{name}" if name in _AS_TEXT else name for name in PlannedRow._fields]
    rows = planned_tasks(user, filters, until=until).annotate(**texts).values_list(*columns)
    return list(map(PlannedRow._make, rows))


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
