"""What somebody to whom a task is shared may have it name: nothing that they may not use themselves.

The run acts for its owner and finds what its owner has, so a share must not lend that. What the task names already
stays. The answer is the same for what is not there and for what belongs to others, so that nobody finds out by asking.
Credentials are told apart before: only their owner names them.
"""

from collections.abc import Callable, Mapping
from typing import Any
from uuid import UUID

from pydantic import BaseModel

from tasks_app.errors import FieldError, Invalid
from tasks_app.handlers.places import references
from tasks_app.models import ScheduledTask, TaskRun
from tasks_app.selectors.access import Person, visible_files
from tasks_app.selectors.calendars import calendar_meant, visible_calendars
from tasks_app.selectors.email_templates import template_named, visible_templates

_REFUSED = "The task was not accepted; see the fields."
_NO_CALENDAR = FieldError("unknown", "There is no such calendar that you and this task's owner may use.")


def check_calendar(user: Person, task: ScheduledTask | None, named: object) -> None:
    """Raise Invalid where `user`, who edits somebody else's task, names a calendar that is not theirs to use."""
    if task is None or task.owner_id == user.pk or not isinstance(named, str) or named == "":
        return
    if named == str(task.calendar_id):
        return
    found = calendar_meant(task.owner, named)
    if found is None or not visible_calendars(user).filter(pk=found.pk).exists():
        raise Invalid(_REFUSED, fields={"calendar": [_NO_CALENDAR]})


def check_references(
    user: Person,
    thing: ScheduledTask | TaskRun,
    model: type[BaseModel],
    meant: Mapping[str, Any],
    stored: Mapping[str, Any],
) -> None:
    """Raise Invalid where a payload names what `user` may not use, and does not name already."""
    fields: dict[str, list[FieldError]] = {}
    for kind, (may_use, message) in _KINDS.items():
        kinds = frozenset({kind})
        known = {name for _, name in references(model, stored, kinds)}
        for path, name in references(model, meant, kinds):
            if name not in known and not may_use(thing.owner, user, name):
                fields[f"payload.{path}"] = [FieldError("unknown", message)]
    if fields:
        raise Invalid(_REFUSED, fields=fields)


def _may_mail(owner: Any, user: Person, name: str) -> bool:
    """The template that the owner's task means by this name is one that the user sees, too."""
    found = template_named(owner, name)
    return found is not None and visible_templates(user).filter(pk=found.pk).exists()


def _may_read(owner: Any, user: Person, name: str) -> bool:
    try:
        file_id = UUID(name)
    except ValueError:
        return False
    people = [user] if owner is None else [user, owner]
    return all(visible_files(person).filter(pk=file_id).exists() for person in people)


_KINDS: dict[str, tuple[Callable[[Any, Person, str], bool], str]] = {
    "email-templates": (_may_mail, "There is no such template that you and this task's owner may use."),
    "files": (_may_read, "There is no such file that you and this task's owner may use."),
}
