"""The whole of "when it runs": one rule or several, the zone, the window.

Errors come with the paths of the API (`schedule.time`, `schedule.of.1.expression`); `place` moves them to the fields.
"""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from django.http import QueryDict

from tasks_app.errors import FieldError
from tasks_app.models import ScheduledTask
from tasks_app.services import strict_json
from tasks_app.web.forms.field import Choice, Errors, Field, messages, messages_below
from tasks_app.web.forms.schedule import window
from tasks_app.web.forms.schedule.kinds import KINDS, SENTENCES
from tasks_app.web.forms.schedule.rule import RuleForm

MOST_ROWS = 20
ROOT, ROWS = "schedule", "schedule.of"
_PLACE = re.compile(r"\d{1,4}", re.ASCII)
RULES_NEEDED = "Add at least one rule."


def _rows() -> list[RuleForm]:
    """Two rules to begin with, so that one sees what it is about."""
    rows = [RuleForm(f"{ROWS}.0"), RuleForm(f"{ROWS}.1")]
    rows[1].values["daily.time"] = "17:00"
    return rows


@dataclass
class ScheduleForm:
    """What the fields hold. `other` keeps a schedule that these fields cannot say, as JSON.

    `focus` is the field beside the rules that a button of the form has changed.
    """

    kind: str = "manual"
    zone: str = "UTC"
    rule: RuleForm = field(default_factory=lambda: RuleForm(ROOT))
    rows: list[RuleForm] = field(default_factory=_rows)
    window: dict[str, str] = field(default_factory=dict)
    other: str = ""
    focus: str = ""

    def __post_init__(self) -> None:
        """Keep the rule to the chosen kind."""
        self.rule.kind = self.kind

    @classmethod
    def of(cls, schedule: Mapping[str, Any] | None, zone: str) -> "ScheduleForm":
        """Fill the fields from a schedule object."""
        form = cls(zone=zone)
        if schedule is None:
            return form
        if not (form._fill_rows(schedule) if schedule.get("kind") == "any" else form.rule.fill(schedule, zone)):
            form.kind, form.other = "other", json.dumps(schedule, indent=2)
            form.rows = _rows()
        else:
            form.kind = schedule["kind"]
        return form

    @classmethod
    def of_task(cls, task: ScheduledTask) -> "ScheduleForm":
        """Fill the fields from a stored task."""
        form = cls.of(task.schedule, task.timezone)
        form.window = window.of(task)
        return form

    @classmethod
    def posted(cls, data: QueryDict) -> "ScheduleForm":
        """Take the fields as they were typed, and do what a button of the form asks for."""
        form = cls(kind=str(data.get(f"{ROOT}.kind", "manual")), zone=str(data.get("timezone", "UTC")).strip())
        form.rule = RuleForm.posted(data, ROOT)
        numbers = sorted(int(raw) for raw in data.getlist(f"{ROWS}.__row") if _PLACE.fullmatch(str(raw)))[:MOST_ROWS]
        form.rows = [RuleForm.posted(data, f"{ROWS}.{number}") for number in numbers]
        form.window = window.posted(data)
        form.other = str(data.get(f"{ROOT}.other", ""))
        form._press(data)
        form._number()
        return form

    def _fill_rows(self, schedule: Mapping[str, Any]) -> bool:
        self.rows = [RuleForm(ROWS) for _ in schedule["of"]]
        self._number()
        return all(row.fill(part, self.zone) for row, part in zip(self.rows, schedule["of"], strict=True))

    def _number(self) -> None:
        for number, row in enumerate(self.rows):
            row.path = f"{ROWS}.{number}"

    def _press(self, data: QueryDict) -> None:
        """Add a row, take one away, or put a suggestion in its place."""
        removed = str(data.get("_remove", ""))
        self.rows = [row for row in self.rows if row.path != removed]
        if data.get("_add") == ROWS and len(self.rows) < MOST_ROWS:
            self.rows.append(RuleForm(ROWS, focus="kind"))
        try:
            path, value, *beside = strict_json.read(str(data.get("_apply", "")))
        except (ValueError, TypeError):
            return
        if isinstance(path, str):
            zone = beside[0] if beside and isinstance(beside[0], str) else self.zone
            self._apply(path, value, zone)

    def _apply(self, path: str, value: Any, zone: str) -> None:
        """Put a value where it belongs; `zone` is that of the task from then on."""
        rule = next((one for one in (*self.rows, self.rule) if path.startswith(f"{one.path}.")), None)
        if isinstance(value, str):
            if path == "timezone":
                self.zone, self.focus = value, path
            elif path in window.NAMES:
                self.window[path], self.focus = value, path
            elif rule is not None and rule.put(path.removeprefix(f"{rule.path}."), value):
                self._chosen(rule, zone)
        elif isinstance(value, dict) and rule is not None and rule.fill(value, zone):
            rule.focus = f"{rule.kind}.{KINDS[rule.kind].main}"
            self._chosen(rule, zone)

    def _chosen(self, rule: RuleForm, zone: str) -> None:
        self.kind, self.zone = rule.kind if rule is self.rule else "any", zone

    def fields_of_spec(self) -> dict[str, Any]:
        """Give the fields of a TaskSpec."""
        return {"schedule": self.schedule(), "timezone": self.zone, **window.read(self.window)}

    def schedule(self) -> dict[str, Any] | None:
        """Give the schedule object; what cannot be read stays as typed, for the rules to refuse."""
        if self.kind == "manual":
            return None
        if self.kind == "other":
            return _other(self.other)
        if self.kind == "any":
            return {"kind": "any", "of": [row.schedule() for row in self.rows]}
        return self.rule.schedule()

    def value_of(self, path: str) -> Any:
        """Give what a field holds."""
        beside = {"timezone": self.zone, **self.window}
        rules = {f"{one.path}.{name}": one.values[name] for one in (self.rule, *self.rows) for name in one.values}
        return beside.get(path, rules.get(path))

    def place(self, errors: Errors) -> dict[str, list[FieldError]]:
        """Move the errors of the schedule object to the fields of the chosen kind."""
        placed: dict[str, list[FieldError]] = {}
        for path, faults in errors.items():
            for fault in faults:
                where, said = self._field_of(path, fault)
                placed.setdefault(where, []).append(said)
        return placed

    def _field_of(self, path: str, fault: FieldError) -> tuple[str, FieldError]:
        if path != ROOT and not path.startswith(f"{ROOT}."):
            return path, fault
        if self.kind == "any":
            row = next((row for row in self.rows if path == row.path or path.startswith(f"{row.path}.")), None)
            if row is not None:
                return row.place(path.removeprefix(row.path).removeprefix("."), fault)
            return ROOT, FieldError(fault.code, RULES_NEEDED) if fault.code == "required" else fault
        if self.kind in KINDS:
            return self.rule.place(path.removeprefix(ROOT).removeprefix("."), fault)
        return path if self.kind == "other" else ROOT, fault

    def fields(self, errors: Errors) -> dict[str, Any]:
        """Give what the template needs: the kinds, the fields of each, the rows, the zone and the window."""
        bounds = window.fields(self.window, errors, focus=self.focus)
        sets, zone = self.rule.sets(errors), self._zone(errors)
        rows = [(row, row.kinds(), row.sets(errors), messages(errors, row.path)) for row in self.rows]
        shown = [one for _, one in sets.get(self.kind, ())]
        if self.kind == "any":
            shown = [
                replace(one, label=f"Rule {number}, {one.label}")
                for number, (row, _, inside, _) in enumerate(rows, 1)
                for _, one in inside.get(row.kind, ())
            ]
        return {
            "kinds": self._kinds(),
            "sets": sets,
            "shown": [*shown, zone, *bounds["moments"], *bounds["numbers"]],
            "sentences": [(sentence, json.dumps([f"{ROOT}.text.text", sentence])) for sentence in SENTENCES],
            "rows": rows,
            "can_add": len(self.rows) < MOST_ROWS,
            "zone": zone,
            "window": bounds,
            "window_open": any(self.window.values()) or any(one.errors for row in bounds.values() for one in row),
            "other": self._as_json(errors),
            "errors": messages(errors, ROOT) if self.kind != "other" else [],
        }

    def _kinds(self) -> list[Choice]:
        ways = [
            ("manual", "Only by hand"),
            *((kind.name, kind.label) for kind in KINDS.values()),
            ("any", "Several rules"),
        ]
        ways += [("other", "As it is")] if self.kind == "other" else []
        return [Choice(name, label, name == self.kind) for name, label in ways]

    def _zone(self, errors: Errors) -> Field:
        return Field(
            path="timezone",
            label="Time zone",
            value=self.zone,
            kind="zone",
            help="Found by a city, a country or an offset.",
            is_required=True,
            attributes={"autofocus": ""} if self.focus == "timezone" else {},
            errors=messages(errors, "timezone", value=self.zone),
        )

    def _as_json(self, errors: Errors) -> Field:
        return Field(
            path=f"{ROOT}.other",
            label="Schedule object",
            kind="json",
            value=self.other,
            help="Made through the API; this form has no simpler words for it.",
            errors=messages_below(errors, ROOT) if self.kind == "other" else [],
        )


def _other(text: str) -> dict[str, Any]:
    try:
        value = strict_json.read(text)
    except ValueError:
        return {"kind": text}
    return value if isinstance(value, dict) else {"kind": value}
