"""What entries of the audit log are about, as it is called now, as far as the reader may look at it."""

import uuid
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from django.db.models import QuerySet

from tasks_app.handlers import registry
from tasks_app.models import AuditEntry, Queue, Worker
from tasks_app.selectors.access import (
    Person,
    is_operator,
    visible_batches,
    visible_files,
    visible_runs,
    visible_tasks,
)
from tasks_app.selectors.api_keys import api_keys_of
from tasks_app.selectors.calendars import visible_calendars
from tasks_app.selectors.collections import visible_collections
from tasks_app.selectors.credentials import credentials_of
from tasks_app.selectors.email_templates import visible_templates
from tasks_app.selectors.people_list import people

Thing = tuple[str, str]
"""Its kind and its id, as entries have them."""
Id = uuid.UUID | int | str


def _queues(user: Person) -> QuerySet[Queue]:
    return Queue.objects.all() if is_operator(user) else Queue.objects.none()


def _workers(user: Person) -> QuerySet[Worker]:
    return Worker.objects.all() if is_operator(user) else Worker.objects.none()


# How rows of each kind are read, and which column names one. A run is named by its task, a batch too.
_KINDS: Mapping[str, tuple[Callable[[Any], QuerySet[Any]], str]] = {
    "task": (visible_tasks, "name"),
    "run": (visible_runs, "task__name"),
    "batch": (visible_batches, "task__name"),
    "calendar": (visible_calendars, "name"),
    "collection": (visible_collections, "name"),
    "credential": (credentials_of, "name"),
    "email_template": (visible_templates, "name"),
    "user": (people, "username"),
    "file": (visible_files, "name"),
    "api_key": (api_keys_of, "name"),
    "queue": (_queues, "name"),
    "worker": (_workers, "name"),
}
# What is known by its name, which is its id.
_BY_NAME = {"queue", "worker"}
_TYPE_RULE = "type_rule"
# What a database can be asked for; one odd entry must not keep the whole page away.
_NUMBERS = range(2**63)
# Values of entries that are ids, by the name under which they stand.
_NAMED_VALUES = {"calendar_id": "calendar", "run": "run", "copy": "task"}


def things_of(user: Person, entries: Iterable[AuditEntry]) -> dict[Thing, str]:
    """Give the name of each thing that the entries are about or tell of and that the user sees: one query a kind.

    The rule of a task type is its type's, which everybody sees whether there is a rule or not.
    """
    wanted: dict[str, dict[str, Id]] = {}
    names: dict[Thing, str] = {}
    for kind, found in (thing for entry in entries for thing in _told_of(entry)):
        if kind in _KINDS and (known := _as_id(kind, found)) is not None:
            wanted.setdefault(kind, {})[str(known)] = known
        elif kind == _TYPE_RULE and _is_offered(found):
            names[kind, found] = found
    for kind, ids in wanted.items():
        read, column = _KINDS[kind]
        rows = read(user).filter(pk__in=ids.values()).order_by().values_list("pk", column)
        names |= {(kind, str(found)): name or "" for found, name in rows}
    return names


def zones_of(user: Person, entries: Iterable[AuditEntry]) -> dict[str, str]:
    """Give the time zones of the tasks, by id, whose schedule the entries tell and not on which clock it is."""
    telling = [one for one in entries if one.object_type == "task" and "schedule" in {*one.before, *one.after}]
    wanted: list[Any] = [known for one in telling if (known := _as_id("task", one.object_id)) is not None]
    if not wanted:
        return {}
    rows = visible_tasks(user).filter(pk__in=wanted).order_by().values_list("pk", "timezone")
    return {str(task): zone for task, zone in rows}


def thing_in(name: str, value: object) -> Thing | None:
    """Give the thing that a value of an entry stands for; None where it stands for itself."""
    return (_NAMED_VALUES[name], value) if name in _NAMED_VALUES and isinstance(value, str) else None


def _told_of(entry: AuditEntry) -> Iterable[Thing]:
    yield entry.object_type, entry.object_id
    for values in (entry.before, entry.after):
        yield from (thing for name, value in values.items() if (thing := thing_in(name, value)) is not None)


def _is_offered(type_name: str) -> bool:
    return any(spec.name == type_name and not spec.internal for spec in registry.all())


def _as_id(kind: str, text: str) -> Id | None:
    if kind in _BY_NAME:
        return text or None
    try:
        found = int(text) if kind == "user" else uuid.UUID(text)
    except ValueError:
        return None
    return found if isinstance(found, uuid.UUID) or found in _NUMBERS else None
