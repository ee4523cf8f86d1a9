"""The tasks that have something planned: whole, for a few of them, and as bare rows, for counting all."""

import json
import uuid
from collections.abc import Collection, Hashable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, NamedTuple

from django.db.models import BigIntegerField, Count, F, Func, Max, QuerySet, Sum, TextField
from django.db.models.functions import Cast
from django.db.models.sql.compiler import SQLCompiler

from tasks_app.models import Calendar, ScheduledTask
from tasks_app.models.rollup import EVERYBODY
from tasks_app.selectors.access import Person, visible_tasks
from tasks_app.selectors.any_of import any_of
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


class NamedTask(NamedTuple):
    """What names a task and says when it starts; `owner` is a name."""

    id: uuid.UUID
    name: str
    timezone: str
    schedule_text: str
    spread_seconds: int
    owner_id: int
    owner: str


class _Number(Func):
    """A number that differs from task to task."""

    template = "uuid_hash(%(expressions)s)::bigint"
    output_field = BigIntegerField()

    def as_sqlite(self, compiler: SQLCompiler, connection: Any, **more: Any) -> tuple[str, Any]:
        """SQLite keeps ids as text and has nothing that hashes: their last characters do."""
        last = (f"{100**place} * unicode(substr(%(expressions)s, {-1 - place}, 1))" for place in range(5))
        return super().as_sql(compiler, connection, template=f"({' + '.join(last)})", **more)


VERSION = F("version") * _Number("id")
"""The version of a task, as a number whose sum is another one when it is the same version of another task."""
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


def _bare(tasks: QuerySet[ScheduledTask], most: int | None = None) -> list[PlannedRow]:
    texts = {f"_{name}": Cast(name, TextField()) for name in _AS_TEXT}
    columns = [f"_{name}" if name in _AS_TEXT else name for name in PlannedRow._fields]
    return list(map(PlannedRow._make, tasks.annotate(**texts).values_list(*columns)[:most]))


def planned_rows_of(
    owner_id: int, *, since: datetime | None = None, until: datetime | None = None, most: int | None = None
) -> list[PlannedRow]:
    """The same of an owner, or of `EVERYBODY`: for upkeep, which does not ask on anybody's behalf."""
    rows = planned_tasks_of(owner_id)
    rows = rows if since is None else rows.filter(next_due_at__gte=since)
    rows = rows if until is None else rows.filter(next_due_at__lte=until)
    return _bare(rows.order_by("next_due_at", "id"), most)


def planned_tasks_of(owner_id: int) -> QuerySet[ScheduledTask]:
    """The tasks of an owner, or of `EVERYBODY`, that have something planned."""
    rows = _planned(ScheduledTask.objects.filter(deleted_at=None))
    return rows if owner_id == EVERYBODY else rows.filter(owner_id=owner_id)


def planned_counts() -> dict[int, int]:
    """How many tasks of each owner have something planned."""
    rows = planned_tasks_of(EVERYBODY).order_by()
    return dict(rows.values_list("owner_id").annotate(Count("id")))


def planned_state(user: Person, filters: PlannedFilters) -> Hashable:
    """Give what changes when one of these tasks or its calendar is made, edited or deleted, not when a task fires."""
    rows = planned_tasks(user, filters).order_by()
    found = rows.aggregate(count=Count("id"), versions=Sum(VERSION), calendars=Max("calendar__updated_at"))
    return tuple(found.values())


def calendars_of(rows: Collection[PlannedRow]) -> dict[uuid.UUID, Calendar]:
    """The calendars that the rows name."""
    ids = {row.calendar_id for row in rows if row.calendar_id is not None}
    return {calendar.pk: calendar for calendar in Calendar.objects.filter(id__in=ids)} if ids else {}


def tasks_shown(user: Person, ids: Collection[uuid.UUID]) -> dict[uuid.UUID, ScheduledTask]:
    """Some tasks by their ids, without what pages about time do not show."""
    rows = visible_tasks(user).filter(id__in=ids).select_related("owner")
    return {task.id: task for task in rows.defer("payload", "description", "retry", "misfire")}


def tasks_named(user: Person, ids: Collection[uuid.UUID]) -> dict[uuid.UUID, NamedTask]:
    """What names them and says when they start: for the hundreds that the page of upcoming runs names."""
    if not ids:
        return {}
    rows = visible_tasks(user).filter(any_of("id", ids)).order_by()
    columns = ("owner__username" if name == "owner" else name for name in NamedTask._fields)
    return {task.id: task for task in map(NamedTask._make, rows.values_list(*columns))}
