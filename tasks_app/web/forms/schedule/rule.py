"""One rule as a form: the chosen kind, and what was typed for each of the kinds."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from django.http import QueryDict

from tasks_app.errors import FieldError
from tasks_app.web.forms.field import Choice, Errors, Field, messages_below
from tasks_app.web.forms.schedule.kinds import KINDS, Kind, Part

NEEDED = "This field is required."
DAYS_NEEDED = "Choose at least one day."


def _start() -> dict[str, Any]:
    return {f"{kind.name}.{part.name}": part.start for kind in KINDS.values() for part in kind.parts}


@dataclass
class RuleForm:
    """`path` is where the rule stands in the form: `schedule` itself, or `schedule.of.<n>`.

    `focus` is the field that a button of the form has changed.
    """

    path: str
    kind: str = "daily"
    values: dict[str, Any] = field(default_factory=_start)
    focus: str = ""

    @classmethod
    def posted(cls, data: QueryDict, path: str) -> "RuleForm":
        """Take what was typed."""
        form = cls(path, str(data.get(f"{path}.kind", "daily")))
        for name in form.values:
            own = f"{path}.{name}"
            if name == "weekly.days":
                form.values[name] = [str(day) for day in data.getlist(own)]
            elif own in data:
                form.values[name] = str(data.get(own, "")).strip()
        return form

    def fill(self, schedule: Mapping[str, Any], zone: str) -> bool:
        """Take a schedule object over; what was typed for other kinds stays. False where no kind can say it."""
        kind = KINDS.get(str(schedule.get("kind")))
        if kind is None:
            return False
        try:
            filled = kind.fill(schedule, zone)
        except (KeyError, StopIteration):
            return False
        self.kind = kind.name
        self.values |= {f"{kind.name}.{name}": value for name, value in filled.items()}
        return all(self._offers(kind, part) for part in kind.parts)

    def _offers(self, kind: Kind, part: Part) -> bool:
        """Say whether a select has what it is to show."""
        chosen = self.values[f"{kind.name}.{part.name}"]
        return part.kind != "enum" or chosen in {value for value, _ in part.options}

    def schedule(self) -> dict[str, Any]:
        """Give the schedule object; what cannot be read stays as typed, for the rules to refuse."""
        kind = KINDS.get(self.kind)
        if kind is None:
            return {"kind": self.kind}
        own = {part.name: self.values[f"{kind.name}.{part.name}"] for part in kind.parts}
        return {"kind": kind.name, **kind.read(own)}

    def place(self, inside: str, fault: FieldError) -> tuple[str, FieldError]:
        """Give the field to which a fault inside of the schedule object belongs, and the fault in the form's words."""
        kind = KINDS.get(self.kind)
        name = kind.place(inside.split(".", 1)[0]) if kind else ""
        if fault.code == "required":
            fault = FieldError(fault.code, DAYS_NEEDED if name == "days" else NEEDED)
        return (f"{self.path}.{self.kind}.{name}" if name else self.path), fault

    def put(self, name: str, value: str) -> bool:
        """Put a suggestion into a field, and choose its kind."""
        if name not in self.values or name == "weekly.days":
            return False
        self.kind, self.values[name], self.focus = name.split(".", 1)[0], value, name
        return True

    def kinds(self) -> list[Choice]:
        """The kinds to choose from."""
        return [Choice(kind.name, kind.label, kind.name == self.kind) for kind in KINDS.values()]

    def sets(self, errors: Errors) -> dict[str, list[tuple[str, Field]]]:
        """The fields of every kind, each with the choice that shows it."""
        return {
            kind.name: [(part.by, self._field(kind, part, errors)) for part in kind.parts] for kind in KINDS.values()
        }

    def _field(self, kind: Kind, part: Part, errors: Errors) -> Field:
        path, value = f"{self.path}.{kind.name}.{part.name}", self.values[f"{kind.name}.{part.name}"]
        chosen = value if isinstance(value, list) else [value]
        return Field(
            path=path,
            label=part.label,
            kind=part.kind,
            value=value,
            help=part.help,
            is_required=part.is_required,
            choices=[Choice(key, label, key in chosen) for key, label in part.options],
            attributes={**part.attributes, **({"autofocus": ""} if path == f"{self.path}.{self.focus}" else {})},
            errors=messages_below(errors, path, value=value),
        )
