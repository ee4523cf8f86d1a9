"""Reading the versions of a task."""

from collections.abc import Iterable, Sequence
from typing import Any

from django.contrib.auth.models import User

from tasks_app.errors import NotFound
from tasks_app.models import Calendar, ScheduledTask, TaskRevision

LARGEST_VERSION = 2**31 - 1


def revisions_of(task: ScheduledTask) -> list[TaskRevision]:
    """Every version that is kept, the newest first. The caller has checked that the user may manage the task."""
    return list(TaskRevision.objects.filter(task=task).order_by("-version"))


def revision_get(task: ScheduledTask, version: int) -> TaskRevision:
    """Give one version; raises NotFound."""
    found = TaskRevision.objects.filter(task=task, version=min(version, LARGEST_VERSION)).first()
    if found is None:
        raise NotFound("There is no such version of the task, or it is not kept any more.")
    return found


def names_in(values: Iterable[dict[str, Any]]) -> dict[str, str]:
    """Give the names of the calendars and owners that versions speak of, by their ids as text."""
    rows = list(values)
    owners = User.objects.in_bulk(_ids(rows, "owner_id"))
    calendars = Calendar.objects.in_bulk(_ids(rows, "calendar_id"))
    named = {str(key): calendar.name for key, calendar in calendars.items()}
    return named | {str(key): owner.get_username() for key, owner in owners.items()}


def _ids(rows: Sequence[dict[str, Any]], name: str) -> set[Any]:
    return {row[name] for row in rows if row.get(name)}
