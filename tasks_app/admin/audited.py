"""Telling the audit log of what is edited in the admin itself: people, groups, commands, rules, queues, plain rows."""

from collections.abc import Callable, Iterable
from typing import Any

from django.db.models import Model, QuerySet

from tasks_app.handlers.masking import MASK, is_secret_name
from tasks_app.models import AllowedCommand
from tasks_app.services import audit

# Variables of commands may be secrets whatever they are called.
_SECRET_FIELDS = {(AllowedCommand, "environment")}


def note_form(form: Any, *, is_new: bool) -> None:
    """Note what a saved form has changed; what it has not is no entry."""
    row = getattr(form, "instance", None) or form.user
    names = list(form.changed_data)
    secret = {name for name in names if (type(row), name) in _SECRET_FIELDS or is_secret_name(name)}
    after = {name: f"{MASK} (changed)" if name in secret else _shown(form.cleaned_data.get(name)) for name in names}
    if is_new:
        audit.note(f"{audit.kind_of(row)}.create", row, after=after)
    elif names:
        before = {name: MASK if name in secret else _shown(_initial(form, name)) for name in names}
        audit.note(f"{audit.kind_of(row)}.update", row, before=before, after=after)


def note_deletion(rows: QuerySet[Any] | Iterable[Any]) -> None:
    """Note what is about to be deleted."""
    for row in rows:
        audit.note(f"{audit.kind_of(row)}.delete", row)


def note_switches(rows: Iterable[Any], wanted: Callable[[Any], bool]) -> None:
    """Note which plain rows of beat are about to be switched; one that is so already is no entry."""
    for row in rows:
        if row.enabled != wanted(row):
            audit.note(
                f"{audit.kind_of(row)}.update", row, before={"enabled": row.enabled}, after={"enabled": wanted(row)}
            )


def note_sendings(rows: Iterable[Any]) -> None:
    """Note that the Celery tasks of plain rows of beat are about to be sent."""
    for row in rows:
        audit.note(f"{audit.kind_of(row)}.run", row, after={"task": row.task})


def _initial(form: Any, name: str) -> Any:
    return form.get_initial_for_field(form.fields[name], name) if name in form.fields else None


def _shown(value: Any) -> Any:
    if isinstance(value, QuerySet | list | tuple) and any(isinstance(one, Model) for one in value):
        return sorted(str(one) for one in value)
    return str(value) if isinstance(value, Model) else value
