"""The allowed commands as choices of a task's form. They are written in the admin."""

from collections.abc import Iterator
from typing import Any

from tasks_app.handlers import registry
from tasks_app.selectors.access import why_not
from tasks_app.services.commands import commands_allowed
from tasks_app.web.forms.choices import choice_source


def _commands(user: Any) -> Iterator[tuple[str, str]]:
    """Give them to those only who may run them: their names tell what there is inside."""
    if why_not(user, registry.get("shell_command")):
        return
    for command in commands_allowed():
        yield command.name, f"{command.name}: {command.description}" if command.description else command.name


def _lent(owner: Any, editor: Any) -> Iterator[tuple[str, str]]:
    if not why_not(owner, registry.get("shell_command")):
        yield from _commands(editor)


choice_source("commands", _commands, lent=_lent)
