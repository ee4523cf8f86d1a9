"""The commands that administrators allow: whether a row is sound, and what it becomes with a user's arguments."""

import os.path
import re
import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from tasks_app.errors import FieldError, Invalid
from tasks_app.models import AllowedCommand
from tasks_app.services.patterns import BadPattern, Pattern
from tasks_app.services.processes import PATH

SHELL = "/bin/sh"
ARGUMENT_CHARACTERS = 4096
_ALL_CHARACTERS = 16_384
_MOST_ARGUMENTS = 100
_MOST_WORDS = 50
_WORDS_CHARACTERS = 8_192
_OWN = "CARILLON_"
_NAME = re.compile(r"[a-z0-9][a-z0-9_.-]{0,99}")
_VARIABLE = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")


@dataclass(frozen=True)
class Prepared:
    """A command that is ready to run."""

    argv: list[str]
    environment: dict[str, str]
    directory: str | None


def command_check(command: AllowedCommand) -> None:
    """Raise `Invalid`, with every fault at its field, for a row that could not run or not be bounded."""
    faults: dict[str, list[FieldError]] = {}
    for path, check in _CHECKS.items():
        fault = check(command)
        if fault:
            faults[path] = [FieldError("invalid", fault)]
    if faults:
        raise Invalid("The command cannot be allowed like this.", fields=faults)


def commands_allowed() -> list[AllowedCommand]:
    """Give the commands that may run now."""
    return list(AllowedCommand.objects.filter(is_enabled=True))


def command_prepare(*, name: str, arguments: Sequence[str]) -> Prepared:
    """Give what to run; raise `Invalid` at `command` or `arguments` for what is not allowed."""
    command = AllowedCommand.objects.filter(name=name, is_enabled=True).first()
    if command is None:
        known = ", ".join(row.name for row in commands_allowed()) or "none"
        raise Invalid.at(
            "command", "unknown_command", f"Administrators have not allowed this command; there are: {known}."
        )
    try:
        command_check(command)
    except Invalid as error:
        fault = next(iter(error.fields.values()))[0].message
        raise Invalid.at("command", "bad_command", f"The command is not set up well: {fault}") from None
    _check_arguments(command, arguments)
    return Prepared(_words(command, arguments), dict(command.environment), command.directory or None)


def _words(command: AllowedCommand, arguments: Sequence[str]) -> list[str]:
    if command.uses_shell:  # $0 is the name; arguments are words of their own and never part of the line
        return [SHELL, "-c", command.command[0], command.name, *arguments]
    program, *fixed = command.command
    return [_found(program) or program, *fixed, *arguments]


def _check_arguments(command: AllowedCommand, arguments: Sequence[str]) -> None:
    most = command.most_arguments if command.arguments else 0
    if len(arguments) > most:
        said = f"This command takes {most} at most." if most else "This command takes no arguments."
        raise Invalid.at("arguments", "too_many", said)
    if sum(map(len, arguments)) > _ALL_CHARACTERS:
        raise Invalid.at("arguments", "too_long", f"All arguments together may have {_ALL_CHARACTERS:,} characters.")
    for index, argument in enumerate(arguments):
        fault = _argument_fault(Pattern(command.arguments), command.arguments, argument)
        if fault:
            raise Invalid.at(f"arguments.{index}", "bad_argument", fault)


def _argument_fault(pattern: Pattern, text: str, argument: str) -> str:
    if len(argument) > ARGUMENT_CHARACTERS:
        return f"An argument may have {ARGUMENT_CHARACTERS:,} characters."
    if "\0" in argument or not _is_encodable(argument):
        return "An argument can't hold a NUL or half a character."
    if argument.startswith("-") and not pattern.begins_with_dash:
        return "This command takes no options: an argument may not begin with a dash."
    return "" if pattern.matches(argument) else f"This must match {text}"


def _name_fault(command: AllowedCommand) -> str:
    return (
        "" if _NAME.fullmatch(command.name) else "Small letters, digits, '_', '.' and '-' only, like 'rebuild-index'."
    )


def _command_fault(command: AllowedCommand) -> str:
    words: Any = command.command
    if not isinstance(words, list) or not words or not all(isinstance(word, str) for word in words):
        return 'A JSON list of texts: the program, then its fixed arguments, like ["rsync", "--archive"].'
    if len(words) > _MOST_WORDS or sum(map(len, words)) > _WORDS_CHARACTERS:
        return f"At most {_MOST_WORDS} texts with {_WORDS_CHARACTERS:,} characters together."
    if not all(_is_plain(word) for word in words):
        return "There is a NUL or half a character in it."
    if command.uses_shell:
        return (
            "" if len(words) == 1 and words[0].strip() else 'With a shell: one text, like ["tar -c \\"$1\\" | gzip"].'
        )
    return _program_fault(words[0])


def _program_fault(program: str) -> str:
    if "/" not in program:
        return "" if _found(program) else f"There is no program {program!r} on {PATH}."
    if not os.path.isabs(program) or os.path.normpath(program) != program:
        return "A path must begin with '/' and go straight there; or give a name alone."
    return ""


def _arguments_fault(command: AllowedCommand) -> str:
    try:
        Pattern(command.arguments)
    except BadPattern as error:
        return str(error)
    return ""


def _most_fault(command: AllowedCommand) -> str:
    return "" if command.most_arguments <= _MOST_ARGUMENTS else f"{_MOST_ARGUMENTS} at most."


def _directory_fault(command: AllowedCommand) -> str:
    path = command.directory
    if not path:
        return ""
    is_straight = os.path.isabs(path) and os.path.normpath(path) == path and _is_plain(path)
    return (
        "" if is_straight else "A path that begins with '/' and goes straight there, without '..' or a '/' at its end."
    )


def _environment_fault(command: AllowedCommand) -> str:
    values: Any = command.environment
    if not isinstance(values, dict) or not all(
        isinstance(value, str) and _is_plain(value) for value in values.values()
    ):
        return 'A JSON object of texts, like {"LEVEL": "full"}.'
    wrong = [name for name in values if not _VARIABLE.fullmatch(name) or name.startswith(_OWN)]
    return f"{wrong[0]!r} cannot be set here." if wrong else ""


def _found(program: str) -> str | None:
    return program if "/" in program else shutil.which(program, path=PATH)


def _is_plain(text: str) -> bool:
    return "\0" not in text and _is_encodable(text)


def _is_encodable(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


_CHECKS = {
    "name": _name_fault,
    "command": _command_fault,
    "arguments": _arguments_fault,
    "most_arguments": _most_fault,
    "directory": _directory_fault,
    "environment": _environment_fault,
}
