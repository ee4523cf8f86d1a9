"""What upkeep keeps of the plans of an owner with many tasks, or of everybody, and whether they still stand."""

from datetime import UTC, datetime, timedelta
from typing import Any, NamedTuple

from django.contrib.auth.models import User
from django.db.models import Count, F, Max, Sum

from tasks_app.models import Calendar, PlannedRuns
from tasks_app.models.rollup import EVERYBODY
from tasks_app.selectors.access import Person, sees_all, shared_task_ids
from tasks_app.selectors.planned import OWNERS, VERSION, PlannedFilters, planned_tasks, planned_tasks_of
from tasks_app.states import TaskKind

LATELY = timedelta(minutes=15)
State = list[Any]


class KeptWeek(NamedTuple):
    """How many runs start in each minute of a week."""

    made_at: datetime
    start: datetime
    minutes: list[int]


def kept_owner(user: Person) -> int | None:
    """Give whose tasks are all that the user may see; None where these are not those of one owner or of everybody."""
    if not user.is_active or (not sees_all(user) and shared_task_ids(user)):
        return None
    return EVERYBODY if sees_all(user) else user.pk


def kept_week(user: Person, now: datetime) -> KeptWeek | None:
    """What upkeep has worked out lately about all tasks that the user may see; None where it has not."""
    owner = kept_owner(user)
    if owner is None:
        return None
    rows = PlannedRuns.objects.filter(owner_id=owner, made_at__gt=now - LATELY)
    found = rows.values_list("made_at", "start", F("minutes__week")).first()
    return KeptWeek._make(found) if found and found[2] else None


def kept_days() -> list[tuple[int, datetime | None]]:
    """The owners of many tasks, and when their day was worked out: first those for whom it was not, or longest ago."""
    rows = PlannedRuns.objects.filter(minutes__week__0__isnull=False)
    found = sorted(rows.values_list("owner_id", F("minutes__day__made_at")), key=lambda row: (row[1] or 0, row[0]))
    return [(owner, datetime.fromtimestamp(at, UTC) if at else None) for owner, at in found]


def kept_day(owner_id: int) -> dict[str, Any] | None:
    """What upkeep has worked out about a day of an owner's tasks; None where it has not."""
    found = PlannedRuns.objects.filter(owner_id=owner_id).values_list(F("minutes__day"), flat=True).first()
    return found or None


def kept_counts(owner_id: int) -> dict[str, Any] | None:
    """How many runs start in the kept day, and no more of it; None where upkeep has not worked that out."""
    names = ("start", "is_complete", "runs", "task_counts")
    columns = [F(f"minutes__day__{name}") for name in names]
    found = PlannedRuns.objects.filter(owner_id=owner_id).values_list(*columns).first()
    return None if found is None or found[0] is None else dict(zip(names, found, strict=True))


def plan_state(owner_id: int, since: datetime) -> State:
    """Give what changes when one of the tasks or a calendar is made, edited or deleted, and not when a task fires.

    Tasks that run once have no say from the moment at which they are due: `once_due` tells what they had.
    """
    rows = planned_tasks_of(owner_id).exclude(kind=TaskKind.ONCE, next_due_at__lt=since).order_by()
    found = rows.aggregate(count=Count("id"), versions=Sum(VERSION))
    calendars = Calendar.objects.aggregate(count=Count("id"), last=Max("updated_at"))
    last = calendars["last"].timestamp() if calendars["last"] else 0
    return [found["count"], int(found["versions"] or 0), calendars["count"], last]


def once_due(owner_id: int, since: datetime, until: datetime) -> list[tuple[datetime, int]]:
    """When the tasks that run once are due within a time, and the version of each as `plan_state` adds it up."""
    rows = planned_tasks_of(owner_id).filter(kind=TaskKind.ONCE, next_due_at__gte=since, next_due_at__lt=until)
    return list(rows.order_by("next_due_at").values_list("next_due_at", VERSION))


def owners_of(owner_id: int) -> list[int]:
    """Give the ids of those who own something planned."""
    return list(planned_tasks_of(owner_id).order_by().values_list("owner_id", flat=True).distinct())


def planning_owners(user: Person, known: list[int] | None) -> list[str]:
    """Those who own something planned that the user may see, by name; their ids may be known already."""
    owning: Any = planned_tasks(user, PlannedFilters()).order_by().values("owner_id") if known is None else known
    names = User.objects.filter(pk__in=owning).order_by("username").values_list("username", flat=True)
    return list(names[:OWNERS])
