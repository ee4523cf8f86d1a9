"""Tasks and their calendars: which one a task means, what its schedule is called with it, and loading many at once."""

from collections.abc import Iterable

from django.contrib.auth.models import AbstractBaseUser

from tasks_app.models import Calendar, CalendarPolicy, ScheduledTask
from tasks_app.recurrence import Recurrence
from tasks_app.recurrence.cutting import cut_sentence
from tasks_app.selectors.calendar_days import is_readable
from tasks_app.selectors.calendars import calendar_meant
from tasks_app.services.validation import Problems

_WORDS = {
    CalendarPolicy.SKIP: "but not on days off of “{}”",
    CalendarPolicy.PREVIOUS: "moved to the working day before on days off of “{}”",
    CalendarPolicy.NEXT: "moved to the next working day on days off of “{}”",
}


def attach(tasks: Iterable[ScheduledTask]) -> None:
    """Load the calendars of many tasks with one query; tasks of one calendar share the object."""
    having = [task for task in tasks if task.calendar_id is not None]
    if not having:
        return
    found = Calendar.objects.in_bulk({task.calendar_id for task in having})
    for task in having:
        task.calendar = found.get(task.calendar_id)


def chosen(
    problems: Problems, named: object, *, owner: AbstractBaseUser | None, current: ScheduledTask | None = None
) -> Calendar | None:
    """Give the calendar that a spec names, by id or by name. The one that a task has already stays allowed."""
    if named is None or named == "":
        return None
    if not isinstance(named, str):
        problems.add("calendar", "type", "Must be the id or the name of a calendar.")
        return None
    found = _meant(named, owner, current)
    if found is None:
        problems.add("calendar", "unknown", "There is no such calendar that this task's owner may use.")
    elif not is_readable(found):
        problems.add("calendar", "broken", f"“{found.name}” holds something that is no day. Mend the calendar first.")
        return None
    return found


def _meant(named: str, owner: AbstractBaseUser | None, current: ScheduledTask | None) -> Calendar | None:
    if current is not None and named == str(current.calendar_id):
        return current.calendar
    return calendar_meant(owner, named) if owner is not None else None


def sentence(rule: Recurrence | None, calendar: Calendar | None, policy: str) -> str:
    """Say when a task runs, its calendar included."""
    if rule is None:
        return "Runs only when started by hand"
    if calendar is None:
        return rule.describe()
    words = _WORDS[CalendarPolicy(policy)].format(calendar.name)
    return f"{rule.describe()}, {words}"


def stored_sentence(rule: Recurrence | None, calendar: Calendar | None, policy: str) -> str:
    """Give the sentence as a task keeps it: of one that is too long the schedule is cut, never the calendar."""
    whole = sentence(rule, calendar, policy)
    if rule is None:
        return whole
    schedule = rule.describe()
    return cut_sentence(schedule, whole[len(schedule) :])
