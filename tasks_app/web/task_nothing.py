"""What an empty list of tasks says: what no task has, and what was probably meant."""

from dataclasses import dataclass, replace
from typing import Any

from tasks_app.selectors.search_tasks import task_qualifiers
from tasks_app.selectors.search_text import closest, parts, written
from tasks_app.web.task_query import FIELDS, Asked

_SAID = {
    "tag": "No task has the tag “{}”",
    "owner": "No task belongs to “{}”",
    "type": "No task is of the type “{}”",
    "queue": "No task uses the queue “{}”",
    "calendar": "No task keeps the calendar “{}”",
}
_STATES = ("active", "paused", "completed", "cancelled")


@dataclass(frozen=True)
class Nothing:
    """Why the list is empty, in a line; `hint` is what was probably meant, and `href` the list that shows it."""

    said: str
    hint: str = ""
    href: str = ""


def nothing_of(asked: Asked) -> Nothing | None:
    """Say it where one thing alone was asked for; None where several were, or a word."""
    filters = [(name, str(value)) for name in FIELDS if (value := getattr(asked.filters, name))]
    if len(filters) + len(parts(asked.text)) != 1:
        return None
    if filters:
        [(name, value)] = filters
        found = _nothing(asked, name, value)
        meant: dict[str, Any] = {name: found.hint if found else ""}
        better = replace(asked, filters=replace(asked.filters, **meant))
    else:
        terms = [term for term in asked.search.terms if not term.is_not and len(term.values) == 1]
        if not terms:
            return None
        name, value = terms[0].name, terms[0].values[0]
        found = _nothing(asked, name, value)
        better = asked.with_text(written(name, found.hint)) if found and found.hint else asked
    return replace(found, href=better.href()) if found and found.hint else found


def _nothing(asked: Asked, name: str, value: str) -> Nothing | None:
    if name == "status" and value in _STATES:
        return Nothing(f"No task is {value}")
    if name not in _SAID:
        return None
    choices = next(one.choices for one in task_qualifiers(asked.user) if one.name == name)
    meant = closest(value, choices())
    return Nothing(_SAID[name].format(value), meant if meant != value else "")
