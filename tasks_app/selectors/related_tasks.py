"""Tasks that have something in common with one: a calendar, a credential, a template, a file, a command, a collection.

What payloads name belongs to the task's owner, so it is looked for among the newest tasks of the same owner.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field

from tasks_app.handlers.places import references, refers_to
from tasks_app.models import ScheduledTask
from tasks_app.selectors.access import Person, shows_payload, visible_tasks
from tasks_app.selectors.payloads import model_of

LOOKED_AT = 200
EACH = 5
MOST_GROUPS = 6
_WORDS = {
    frozenset({"credentials"}): "credential",
    frozenset({"signing-keys"}): "signing key",
    frozenset({"email-templates"}): "template",
    frozenset({"files"}): "file",
    frozenset({"commands"}): "command",
}
_COLLECTION = "collection"
Reference = tuple[str, str]


@dataclass
class Shared:
    """One thing that tasks have in common: what it is, its name, and at most five of them.

    A file is named by its id, which says nothing to people.
    """

    kind: str
    name: str
    tasks: list[ScheduledTask] = field(default_factory=list)


def related_tasks(user: Person, task: ScheduledTask) -> list[Shared]:
    """Give what the task shares with others that the user may see, in two queries."""
    found = _by_calendar(user, task)
    wanted = dict.fromkeys(_named_by(user, task))
    if wanted:
        groups = {one: Shared(*one) for one in wanted}
        others = visible_tasks(user).filter(owner_id=task.owner_id).exclude(pk=task.pk).order_by("-id")
        for other in others.only("id", "name", "type", "payload", "status", "owner_id")[:LOOKED_AT]:
            for one in dict.fromkeys(_named_by(user, other)):
                if one in groups and len(groups[one].tasks) < EACH:
                    groups[one].tasks.append(other)
        found += [group for group in groups.values() if group.tasks]
    return found[:MOST_GROUPS]


def _by_calendar(user: Person, task: ScheduledTask) -> list[Shared]:
    if task.calendar_id is None or task.calendar is None:
        return []
    others = visible_tasks(user).filter(calendar_id=task.calendar_id).exclude(pk=task.pk)
    tasks = list(others.only("id", "name", "type", "status", "owner_id").order_by()[:EACH])
    return [Shared("calendar", task.calendar.name, tasks)] if tasks else []


def _named_by(user: Person, task: ScheduledTask) -> Iterator[Reference]:
    """Give what a payload names, as far as the user may read it."""
    model = model_of(task.type)
    if model is None or not shows_payload(user, task):
        return
    for kinds, word in _WORDS.items():
        if refers_to(model, kinds):
            for _, name in references(model, task.payload, kinds):
                yield word, name
    collection = task.payload.get(_COLLECTION) if isinstance(task.payload, dict) else None
    if isinstance(collection, str):
        yield _COLLECTION, collection
