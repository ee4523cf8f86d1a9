"""Making and editing calendars. An edit plans every task that keeps the calendar anew and loses no slot that is due."""

from collections.abc import Mapping
from typing import Any

from django.db import IntegrityError, transaction
from django.db.models import QuerySet
from django.utils import timezone

from tasks_app import recurrence
from tasks_app.errors import Conflict, FieldError, Forbidden, Invalid, Stale
from tasks_app.models import Calendar, ScheduledTask, db_now
from tasks_app.recurrence.days_off import LONGEST_RUN, check_country, days_off, longest_run, read_day
from tasks_app.recurrence.writing import WEEKDAYS
from tasks_app.selectors.access import Person, manages_all, visible_tasks
from tasks_app.selectors.calendar_days import stored_days
from tasks_app.selectors.calendars import can_edit_calendar, living_tasks_using
from tasks_app.services import audit, replanning
from tasks_app.services.audit_values import values_of
from tasks_app.services.faults import sentence
from tasks_app.services.ical import MOST_DAYS, Imported, read_ical
from tasks_app.services.mail_text import is_one_line
from tasks_app.services.validation import Problems, check_text

FIELDS = ("name", "description", "country", "subdivision", "weekend", "days", "is_shared")
SOURCES = ("typed", "ical")
_LONGEST_NAME = 100
_NAMED = 5
_DAY_FIELDS = {"date", "name", "source"}
_START: dict[str, Any] = {
    "description": "",
    "country": "",
    "subdivision": "",
    "weekend": ["sat", "sun"],
    "days": [],
    "is_shared": False,
}


@transaction.atomic
def calendar_create(*, owner: Any, values: Mapping[str, Any]) -> Calendar:
    """Make a calendar of `owner`'s; raises Invalid at each field, Forbidden for sharing without being staff."""
    calendar = Calendar(owner_id=owner.pk, **_checked(owner, {**_START, **values}))
    _saved(calendar, force_insert=True)
    audit.note("calendar.create", calendar, after=values_of(calendar, FIELDS))
    return calendar


@transaction.atomic
def calendar_update(
    *, calendar: Calendar, by: Person, changes: Mapping[str, Any], actor: str, expected_version: int | None = None
) -> Calendar:
    """Edit a calendar and plan the tasks that keep it anew.

    Raises Stale when `expected_version` is not its own, Conflict when others' tasks would lose it, Invalid when a task
    would never run again.
    """
    calendar = _editable(calendar, by)
    if expected_version is not None and calendar.version != expected_version:
        raise Stale("The calendar has changed since you read it; read it again and repeat your edit.")
    before = {name: getattr(calendar, name) for name in FIELDS}
    after = _checked(by, {**before, **changes}, was_shared=calendar.is_shared)
    if after == before:
        return calendar
    if before["is_shared"] and not after["is_shared"]:
        others = living_tasks_using(calendar).exclude(owner=calendar.owner_id)
        _refuse_if_used(calendar, "be kept from others", others, by=by)
    settled = replanning.settle_tasks(calendar, actor=actor)
    for name, value in after.items():
        setattr(calendar, name, value)
    calendar.version += 1
    calendar.__dict__.pop("days_off", None)
    _saved(calendar)
    audit.note("calendar.update", calendar, actor=actor, before=before, after=after)
    replanning.replan_tasks(calendar, settled, by=by)
    return calendar


@transaction.atomic
def calendar_delete(*, calendar: Calendar, by: Person) -> None:
    """Remove a calendar that no living task keeps; raises Conflict that names them otherwise."""
    calendar = _editable(calendar, by)
    _refuse_if_used(calendar, "be deleted", living_tasks_using(calendar), by=by)
    audit.note("calendar.delete", calendar, before=values_of(calendar, FIELDS))
    calendar.delete()


@transaction.atomic
def calendar_import(
    *, calendar: Calendar, by: Person, content: str | bytes, actor: str, expected_version: int | None = None
) -> tuple[Calendar, Imported]:
    """Put the days off of an iCalendar file in the place of those that an earlier import left.

    Raises as `calendar_update` does, and Invalid at `ical` for what is wrong with the file.
    """
    calendar = _editable(calendar, by)
    found = read_ical(content, today=timezone.localdate())
    changes = {"days": merged_days(stored_days(calendar), found.days)}
    try:
        done = calendar_update(
            calendar=calendar, by=by, changes=changes, actor=actor, expected_version=expected_version
        )
    except Invalid as error:
        raise Invalid(
            error.message, fields={"ical": [one for faults in error.fields.values() for one in faults]}
        ) from None
    return done, found


def merged_days(days: list[dict[str, str]], found: Mapping[str, str]) -> list[dict[str, str]]:
    """Put imported days in the place of those that an earlier import left; typed ones win over both."""
    typed = {day["date"]: day for day in days if day["source"] == "typed"}
    imported = {day: {"date": day, "name": name, "source": "ical"} for day, name in found.items()}
    return [each for _, each in sorted({**imported, **typed}.items())]


def calendar_preview(*, owner: Any, values: Mapping[str, Any]) -> Calendar:
    """Give the calendar that these values would make, unsaved; raises Invalid at each field. It may lack a name yet."""
    named = {**_START, **values, "name": values.get("name") or "preview", "is_shared": False}
    return Calendar(owner_id=owner.pk, **_checked(owner, named))


def _editable(calendar: Calendar, by: Person) -> Calendar:
    if not can_edit_calendar(by, calendar):
        raise Forbidden("This calendar is shared with you; only its owner and administrators change it.")
    return Calendar.objects.select_for_update().get(id=calendar.id)


def _refuse_if_used(calendar: Calendar, what: str, tasks: QuerySet[ScheduledTask], *, by: Person) -> None:
    count = tasks.count()
    if count:
        uses = "task keeps" if count == 1 else "tasks keep"
        seen = visible_tasks(by).filter(pk__in=tasks.values("pk")).order_by("name")
        named = [f"“{name}”" for name in seen.values_list("name", flat=True)[:_NAMED]]
        rest = [f"{count - len(named)} more"] if named and len(named) < count else []
        which = f" ({', '.join([*named, *rest])})" if named else ""
        raise Conflict(f"{count} {uses} “{calendar.name}”{which}, so it can't {what}; change the tasks first.")


def _checked(by: Person, values: Mapping[str, Any], *, was_shared: bool = False) -> dict[str, Any]:
    problems = Problems()
    checked: dict[str, Any] = {
        "name": check_text(problems, "name", values.get("name", ""), most=_LONGEST_NAME, is_required=True),
        "description": check_text(problems, "description", values["description"], most=300),
        "weekend": _weekend(problems, values["weekend"]),
        "days": _days(problems, values["days"]),
        **_country(problems, values["country"], values["subdivision"]),
    }
    if not is_one_line(checked["name"]):
        problems.add("name", "one_line", "Must be one line.")
    if not problems:
        _check_runs(problems, checked)
    if problems:
        raise Invalid("The calendar was not saved; see the fields.", fields=problems.fields)
    if values["is_shared"] and not was_shared and not manages_all(by):
        raise Forbidden("Only administrators share calendars with everybody.")
    return {**checked, "is_shared": bool(values["is_shared"])}


def _check_runs(problems: Problems, checked: Mapping[str, Any]) -> None:
    written = {name: checked[name] for name in ("weekend", "country", "subdivision")}
    off = days_off(days=[day["date"] for day in checked["days"]], **written)
    if longest_run(off, db_now().year) > LONGEST_RUN:
        problems.add("days", "too_long", f"At most {LONGEST_RUN} days off in a row; pause the tasks for longer.")


def _country(problems: Problems, country: object, subdivision: object) -> dict[str, str]:
    country = check_text(problems, "country", country, most=10).strip().upper()
    subdivision = check_text(problems, "subdivision", subdivision, most=20).strip()
    try:
        check_country(country, subdivision)
    except recurrence.ScheduleError as error:
        for path, faults in error.errors.items():
            for code, message in faults:
                problems.add(path, code, f"{message[0].upper()}{message[1:]}.")
    return {"country": country, "subdivision": subdivision}


def _weekend(problems: Problems, weekend: object) -> list[str]:
    if not isinstance(weekend, list | tuple) or not set(map(str, weekend)) <= set(WEEKDAYS):
        problems.add("weekend", "invalid_choice", f"Must be a list of weekdays: {', '.join(WEEKDAYS)}.")
        return []
    if set(weekend) == set(WEEKDAYS):
        problems.add("weekend", "never", "At least one day of the week must be a working day.")
    return [day for day in WEEKDAYS if day in weekend]


def _days(problems: Problems, days: object) -> list[dict[str, str]]:
    if not isinstance(days, list | tuple):
        problems.add("days", "type", "Must be a list of days.")
        return []
    if len(days) > MOST_DAYS:
        problems.add("days", "too_many", f"At most {MOST_DAYS} days; this has {len(days)}.")
        return []
    read = [_day(problems, f"days.{number}", day) for number, day in enumerate(days)]
    by_date = {day["date"]: day for day in read if day is not None}
    return [by_date[key] for key in sorted(by_date)]


def _day(problems: Problems, path: str, day: object) -> dict[str, str] | None:
    if isinstance(day, str):
        day = {"date": day}
    if not isinstance(day, Mapping):
        problems.add(path, "type", 'Must be a day such as "2027-05-14", or an object with date and name.')
        return None
    for unknown in set(day) - _DAY_FIELDS:
        problems.add(f"{path}.{unknown}", "unknown_field", "There is no such field.")
    try:
        read_day(day.get("date", "") if isinstance(day.get("date"), str) else "")
    except ValueError as error:
        problems.add(f"{path}.date", "date_invalid", sentence(str(error)))
    name = check_text(problems, f"{path}.name", day.get("name", ""), most=_LONGEST_NAME)
    source = day.get("source", SOURCES[0])
    if source not in SOURCES:
        problems.add(f"{path}.source", "invalid_choice", f"Must be one of {', '.join(SOURCES)}.")
    return {"date": str(day.get("date")), "name": " ".join(name.split()), "source": str(source)}


def _saved(calendar: Calendar, **how: Any) -> Calendar:
    try:
        with transaction.atomic():
            calendar.save(**how)
    except IntegrityError:
        taken = "There is a calendar of this name already, yours or one that is shared."
        raise Invalid("The calendar was not saved.", fields={"name": [FieldError("taken", taken)]}) from None
    return calendar
