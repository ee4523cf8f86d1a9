"""The calendar of a task: which one it keeps, and what happens on a day off."""

from collections.abc import Mapping
from typing import Any

from django.contrib.auth.models import AbstractBaseUser
from django.http import QueryDict
from django.urls import reverse

from tasks_app.models import CalendarPolicy, ScheduledTask
from tasks_app.selectors.calendars import usable_calendars, visible_calendars
from tasks_app.web.forms.field import Choice, Errors, Field, Link, messages

START = {"calendar": None, "calendar_policy": CalendarPolicy.SKIP.value}


def of(task: ScheduledTask) -> dict[str, Any]:
    """Give what a task keeps, as fields of a TaskSpec."""
    return {"calendar": str(task.calendar_id) if task.calendar_id else None, "calendar_policy": task.calendar_policy}


def read(data: QueryDict) -> dict[str, Any]:
    """Give the same as it was chosen."""
    chosen = str(data.get("calendar", "")).strip() or None
    return {"calendar": chosen, "calendar_policy": str(data.get("calendar_policy", START["calendar_policy"]))}


def kept(values: Mapping[str, Any]) -> dict[str, Any]:
    """Give what the preview of a schedule needs of a form's values."""
    return {name: values.get(name, start) for name, start in START.items()}


def fields(
    values: Mapping[str, Any], errors: Errors, *, owner: AbstractBaseUser, editor: AbstractBaseUser | None = None
) -> list[Field]:
    """Give the two fields; `owner` is whose calendars there are to choose from, as far as `editor` sees them."""
    found = list(usable_calendars(owner))
    if editor is not None and editor.pk != owner.pk:
        seen = set(visible_calendars(editor).values_list("pk", flat=True))
        found = [one for one in found if one.pk in seen]
    known = [(str(one.pk), one.name if one.owner_id == owner.pk else f"{one.name}, shared") for one in found]
    chosen = values.get("calendar") or ""
    if chosen and chosen not in dict(known):
        known.append((chosen, "One that you may not use"))
    policy = values.get("calendar_policy", START["calendar_policy"])
    return [
        Field(
            path="calendar",
            label="Calendar",
            kind="enum",
            choices=[Choice(value, label, value == chosen) for value, label in [("", "None: every day"), *known]],
            errors=messages(errors, "calendar"),
            link=None if known else Link(reverse("calendar-new"), "Make a calendar"),
        ),
        Field(
            path="calendar_policy",
            label="On a day off",
            kind="radio",
            choices=[Choice(value, str(label), value == policy) for value, label in CalendarPolicy.choices],
            errors=messages(errors, "calendar_policy"),
        ),
    ]
