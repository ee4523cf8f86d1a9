"""What a task needs of its owner's, looked for when it comes back: its calendar, and what its payload names.

Credentials, templates, files and commands are found by the same checks as when a task is made.
"""

import contextlib

from tasks_app.handlers import registry
from tasks_app.handlers.locks import without_locked
from tasks_app.models import ScheduledTask
from tasks_app.selectors.calendars import usable_calendars
from tasks_app.selectors.type_rules import type_rule
from tasks_app.services.payloads import checked_payload
from tasks_app.services.sealed_payloads import opened_payload
from tasks_app.services.sealing import Unsealable
from tasks_app.services.validation import Problems

LONGEST_NOTE = 500
_TOLD = 3


def lacking(task: ScheduledTask, *, calendar: str | None) -> str:
    """Say in a sentence what has gone, field by field; "" where nothing has. `calendar` is the one that it kept."""
    problems = Problems()
    _check_calendar(problems, task, calendar)
    _check_payload(problems, task)
    told = [f"{_place(path)}: {faults[0].message}" for path, faults in list(problems.fields.items())[:_TOLD]]
    return f"Came back paused, because something that it needs has gone. {' '.join(told)}" if told else ""


def _place(path: str) -> str:
    """Name the field, and nothing inside it: who may not see the payload reads the note."""
    return ".".join(path.split(".")[:2])


def _check_calendar(problems: Problems, task: ScheduledTask, kept: str | None) -> None:
    if kept != (str(task.calendar_id) if task.calendar_id else None):
        problems.add("calendar", "unknown", "The calendar that it kept has been deleted; choose another, or none.")
    elif task.calendar_id and not usable_calendars(task.owner).filter(pk=task.calendar_id).exists():
        problems.add("calendar", "unknown", "Its owner may not use the calendar that it keeps any more.")


def _check_payload(problems: Problems, task: ScheduledTask) -> None:
    try:
        payload = opened_payload(task)
    except Unsealable:
        problems.add("payload", "sealed", "Its secrets cannot be read any more; type them again.")
        return
    with contextlib.suppress(KeyError):  # what an administrator fixes is put in when it runs, whatever the row says
        payload = without_locked(payload, type_rule(registry.get(task.type).name).locked)
    checked_payload(problems, task.type, payload, owner=task.owner)
