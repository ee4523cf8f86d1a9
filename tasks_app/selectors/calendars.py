"""The calendars that a person may use, and who uses which."""

import uuid
from typing import Any

from django.db.models import Count, OuterRef, Q, QuerySet, Subquery
from django.db.models.functions import Coalesce

from tasks_app.errors import NotFound
from tasks_app.models import Calendar, ScheduledTask
from tasks_app.selectors.access import Person, can_change, can_see, sees_all
from tasks_app.states import TaskStatus

_LIVING = Q(deleted_at=None, status__in=(TaskStatus.ACTIVE, TaskStatus.PAUSED))


def visible_calendars(user: Person) -> QuerySet[Calendar]:
    """One's own and those shared with everybody, by name; whoever sees everything sees all."""
    if not (user.is_authenticated and user.is_active):
        return Calendar.objects.none()
    seen = Q() if sees_all(user) else _usable_by(user)
    return Calendar.objects.filter(seen).select_related("owner").order_by("name", "id")


def calendar_get(user: Person, calendar_id: uuid.UUID) -> Calendar:
    """Give a calendar that the user may see; raises NotFound."""
    calendar = visible_calendars(user).filter(id=calendar_id).first()
    if calendar is None:
        raise NotFound("There is no such calendar.")
    return calendar


def can_see_calendar(user: Person, calendar: Calendar) -> bool:
    """Say the same of one that is at hand."""
    return calendar.is_shared or can_see(user, calendar.owner_id)


def with_uses(calendars: QuerySet[Calendar]) -> QuerySet[Calendar]:
    """The same with `used_by`: how many living tasks, everybody's together, keep each."""
    living = ScheduledTask.objects.filter(_LIVING, calendar=OuterRef("pk")).order_by().values("calendar")
    return calendars.annotate(used_by=Coalesce(Subquery(living.annotate(count=Count("pk")).values("count")), 0))


def usable_calendars(owner: Any) -> QuerySet[Calendar]:
    """The calendars that a task of `owner` may refer to: the owner's own and the shared ones."""
    return Calendar.objects.filter(_usable_by(owner)).order_by("name", "id")


def calendar_meant(owner: Any, named: str) -> Calendar | None:
    """Give the calendar that a task of `owner` means by an id or a name: the owner's own before a shared one."""
    usable = usable_calendars(owner)
    try:
        return usable.filter(id=uuid.UUID(named)).first()
    except ValueError:
        found = list(usable.filter(name=named))
    return min(found, key=lambda calendar: calendar.owner_id != owner.pk, default=None)


def can_edit_calendar(user: Person, calendar: Calendar) -> bool:
    """A shared calendar is everybody's to use and its owner's and an administrator's to edit."""
    return can_change(user, calendar.owner_id)


def tasks_using(calendar: Calendar) -> QuerySet[ScheduledTask]:
    """The tasks, not deleted, that refer to this calendar."""
    return ScheduledTask.objects.filter(calendar=calendar, deleted_at=None)


def living_tasks_using(calendar: Calendar) -> QuerySet[ScheduledTask]:
    """Those of them that have not ended."""
    return tasks_using(calendar).filter(_LIVING)


def use_count(calendar: Calendar) -> int:
    """How many living tasks keep it."""
    return living_tasks_using(calendar).count()


def _usable_by(user: Any) -> Q:
    return Q(owner_id=user.pk) | Q(is_shared=True)
