"""Field: one thing that a form asks for, ready to be drawn by `parts/field.html`."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from tasks_app.errors import FieldError

Errors = Mapping[str, Sequence[FieldError]]


@dataclass(frozen=True)
class Choice:
    """One of several values."""

    value: str
    label: str
    is_chosen: bool = False


@dataclass(frozen=True)
class Link:
    """Where the form itself can't help."""

    href: str
    words: str


@dataclass(frozen=True, kw_only=True)
class Field:
    """A label, a control of some kind, help and errors; groups and lists hold further fields.

    `path` is the name of the control and the path that errors carry, so that an error finds its field by itself.
    """

    path: str
    label: str
    kind: str = "text"
    value: Any = ""
    help: str = ""
    is_required: bool = False
    choices: Sequence[Choice] = ()
    attributes: Mapping[str, str] = field(default_factory=dict)
    errors: Sequence[str] = ()
    children: Sequence["Field"] = ()
    link: Link | None = None

    @property
    def id(self) -> str:
        """The id of the control."""
        return "f-" + self.path.replace(".", "-")

    @property
    def input_type(self) -> str:
        """The type of an `<input>`."""
        special = {"int": "number", "number": "number", "datetime": "datetime-local", "secret": "password"}
        same = {"email", "url", "date", "time", "password"}
        return special.get(self.kind, self.kind if self.kind in same else "text")

    @property
    def described_by(self) -> str:
        """The ids of what explains the control."""
        parts = [f"{self.id}-help"] if self.help else []
        return " ".join([*parts, f"{self.id}-error"] if self.errors else parts)


def messages(errors: Errors, path: str) -> list[str]:
    """The messages for exactly this path."""
    return [error.message for error in errors.get(path, ())]


def messages_below(errors: Errors, path: str, *, is_lines: bool = False) -> list[str]:
    """The messages for this path and for everything inside it, which then say where; people count lines from one."""
    found = messages(errors, path)
    for other, faults in errors.items():
        if other.startswith(f"{path}."):
            place = other.removeprefix(f"{path}.")
            found += [f"{_line(place) if is_lines else place}: {fault.message}" for fault in faults]
    return found


def _line(place: str) -> str:
    number, _, rest = place.partition(".")
    line = f"Line {int(number) + 1}" if number.isdigit() else number
    return f"{line}, {rest}" if rest else line


def unplaced(errors: Errors, fields: Sequence[Field]) -> list[str]:
    """The errors that no drawn field shows; they belong above the form."""
    drawn = list(_flat(fields))
    return [
        f"{path}: {fault.message}" if path else fault.message
        for path, faults in errors.items()
        for fault in faults
        if not any(_shows(one, path, fault.message) for one in drawn)
    ]


def _shows(field: Field, path: str, message: str) -> bool:
    """A field shows its own errors; some, like a text of lines, also those of their parts."""
    if path == field.path:
        return message in field.errors
    return path.startswith(f"{field.path}.") and any(shown.endswith(message) for shown in field.errors)


def _flat(fields: Iterable[Field]) -> Iterator[Field]:
    for one in fields:
        yield one
        yield from _flat(one.children)
