"""Field: one thing that a form asks for, ready to be drawn by `parts/field.html`."""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from tasks_app.errors import FieldError
from tasks_app.web.forms.said import said, without_repeats

Errors = Mapping[str, Sequence[FieldError]]
# What each type of control can show; anything else was typed by other means, and needs a plain one to be seen.
_SHOWS = {
    "number": re.compile(r"-?\d+(\.\d+)?"),
    "date": re.compile(r"\d{4}-\d\d-\d\d"),
    "time": re.compile(r"\d\d:\d\d(:\d\d)?"),
    "datetime-local": re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d(:\d\d(\.\d{1,3})?)?"),
}


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


_INPUT_TYPES = {
    "int": "number",
    "number": "number",
    "datetime": "datetime-local",
    "moment": "datetime-local",
    "secret": "password",
}
_SAME_TYPE = frozenset({"email", "url", "date", "time", "password"})


@dataclass(frozen=True, kw_only=True)
class Field:
    """A label, a control of some kind, help and errors; groups and lists hold further fields.

    `path` is the name of the control and the path that errors carry, so that an error finds its field by itself.
    `blank` is the row that a script adds to a list; `is_kept` says of a secret in a payload whether one is stored;
    `tells` that other fields take their shape from what this one says.
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
    blank: "Field | None" = None
    is_kept: bool | None = None
    tells: bool = False

    @property
    def id(self) -> str:
        """The id of the control."""
        return "f-" + self.path.replace(".", "-")

    @property
    def is_settled(self) -> bool:
        """One of its choices is always chosen, so that it can't be left empty."""
        return bool(self.choices) and self.kind in ("enum", "choice") and all(one.value for one in self.choices)

    @property
    def input_type(self) -> str:
        """The type of an `<input>`: one that shows what it holds."""
        found = _INPUT_TYPES.get(self.kind, self.kind if self.kind in _SAME_TYPE else "text")
        is_shown = not self.value or found not in _SHOWS or _SHOWS[found].fullmatch(str(self.value))
        return found if is_shown else "text"

    @property
    def described_by(self) -> str:
        """The ids of what explains the control."""
        parts = [f"{self.id}-help"] if self.help else []
        return " ".join([*parts, f"{self.id}-error"] if self.errors else parts)


def messages(errors: Errors, path: str, *, value: Any = None) -> list[str]:
    """The messages for exactly this path, of which `value` is what the field holds."""
    return [*without_repeats([said(error, path, value) for error in errors.get(path, ())])]


def messages_below(errors: Errors, path: str, *, counted: Sequence[str] = (), value: Any = None) -> list[str]:
    """The messages for this path and for everything inside it, which then say where.

    `counted` are the words for what is numbered inside of it, such as lines and their values: people count from one.
    """
    found = messages(errors, path, value=value)
    for other, faults in errors.items():
        if other.startswith(f"{path}."):
            place = other.removeprefix(f"{path}.")
            found += [f"{_said(place, counted)}: {fault.message}" for fault in faults]
    return found


def _said(place: str, counted: Sequence[str]) -> str:
    if not counted:
        return place
    number, _, rest = place.partition(".")
    here = f"{counted[0]} {int(number) + 1}" if number.isdigit() else number
    return f"{here}, {_said(rest, counted[1:])}" if rest else here


def unplaced(errors: Errors, fields: Sequence[Field]) -> list[str]:
    """The errors that no drawn field shows; they belong above the form."""
    drawn = list(flat(fields))
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
    is_within = path.startswith(f"{field.path}.") and bool(field.errors)
    return is_within and (field.kind == "json-rows" or any(shown.endswith(message) for shown in field.errors))


def faulty(fields: Sequence[Field]) -> list[Field]:
    """The fields with something to mend, in the order in which they stand; one in a row of a list says which row."""
    return list(_faulty(fields, ""))


def _faulty(fields: Iterable[Field], place: str) -> Iterator[Field]:
    for one in fields:
        label = f"{place}, {one.label}" if place else one.label
        if one.errors:
            yield replace(one, label=label)
        yield from _faulty(one.children, label if one.kind == "row" else place)


def flat(fields: Iterable[Field]) -> Iterator[Field]:
    """Every field, with those inside of others."""
    for one in fields:
        yield one
        yield from flat(one.children)
