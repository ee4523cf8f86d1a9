"""The schedule part of the task form: one small set of fields for each kind, and the way back to a schedule object.

The object's errors come with paths like `schedule.time`; here every field belongs to its kind (`schedule.daily.time`),
so that what was typed for one kind is still there after a look at another.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from django.http import QueryDict

from tasks_app.errors import FieldError
from tasks_app.web.forms.field import Choice, Errors, Field, messages, messages_below

KINDS = {
    "manual": "Only by hand",
    "once": "Once",
    "every": "Every …",
    "hourly": "Hourly",
    "daily": "Daily",
    "weekly": "Weekly",
    "monthly": "Monthly",
    "cron": "Cron",
}
DAYS = {"mon": "Mon", "tue": "Tue", "wed": "Wed", "thu": "Thu", "fri": "Fri", "sat": "Sat", "sun": "Sun"}
UNITS = ("seconds", "minutes", "hours", "days")
_START: dict[str, Any] = {
    "every.amount": "15",
    "every.unit": "minutes",
    "hourly.minute": "0",
    "daily.time": "09:00",
    "weekly.time": "09:00",
    "weekly.days": ["mon"],
    "monthly.day": "1",
    "monthly.time": "09:00",
    "cron.expression": "",
    "once.run_at": "",
}


@dataclass
class ScheduleForm:
    """What the fields hold. `other` keeps a schedule that these fields cannot say, as JSON."""

    kind: str = "manual"
    zone: str = "UTC"
    values: dict[str, Any] = field(default_factory=lambda: dict(_START))
    other: str = ""

    @classmethod
    def of(cls, schedule: Mapping[str, Any] | None, zone: str) -> "ScheduleForm":
        """Fill the fields from a stored schedule."""
        form = cls(zone=zone)
        if schedule is None:
            return form
        filled = _FILL.get(schedule["kind"], lambda _schedule, _zone: None)(schedule, zone)
        if filled is None:
            form.kind, form.other = "other", json.dumps(schedule, indent=2)
        else:
            form.kind = schedule["kind"]
            form.values |= {f"{form.kind}.{name}": value for name, value in filled.items()}
        return form

    @classmethod
    def posted(cls, data: QueryDict) -> "ScheduleForm":
        """Take the fields as they were typed."""
        form = cls(kind=str(data.get("schedule.kind", "manual")), zone=str(data.get("timezone", "")).strip() or "UTC")
        for name in _START:
            if name == "weekly.days":
                form.values[name] = [str(day) for day in data.getlist("schedule.weekly.days")]
            elif f"schedule.{name}" in data:
                form.values[name] = str(data.get(f"schedule.{name}", "")).strip()
        form.other = str(data.get("schedule.other", ""))
        return form

    def schedule(self) -> dict[str, Any] | None:
        """Give the schedule object; what cannot be read stays as typed, for the rules to refuse."""
        if self.kind == "manual":
            return None
        if self.kind == "other":
            return _other(self.other)
        return {"kind": self.kind, **_READ.get(self.kind, dict)(self._own(), self.zone)}

    def _own(self) -> dict[str, Any]:
        start = f"{self.kind}."
        return {name.removeprefix(start): value for name, value in self.values.items() if name.startswith(start)}

    def place(self, errors: Errors) -> dict[str, list[FieldError]]:
        """Move the errors of the schedule object to the fields of the chosen kind."""
        placed: dict[str, list[FieldError]] = {}
        for path, faults in errors.items():
            where = path
            if path.startswith("schedule."):
                where = self._field_of(path.removeprefix("schedule.").split(".", 1)[0])
            placed.setdefault(where, []).extend(faults)
        return placed

    def _field_of(self, name: str) -> str:
        if self.kind == "every":
            return "schedule.every.amount"
        return f"schedule.{self.kind}.{name}" if f"{self.kind}.{name}" in _START else "schedule"

    def fields(self, errors: Errors) -> dict[str, Any]:
        """Give what the template needs: the kinds, and the fields of each kind by its name."""
        kinds = KINDS | ({"other": "As it is"} if self.kind == "other" else {})
        return {
            "kinds": [Choice(kind, label, kind == self.kind) for kind, label in kinds.items()],
            "sets": {kind: [self._field(*spec, errors=errors) for spec in specs] for kind, specs in _SETS.items()},
            "zone": Field(
                path="timezone",
                label="Time zone",
                value=self.zone,
                kind="zone",
                is_required=True,
                errors=messages(errors, "timezone"),
            ),
            "other": Field(
                path="schedule.other",
                label="Schedule object",
                kind="json",
                value=self.other,
                help="Made through the API; this form has no simpler words for it.",
                errors=messages_below(errors, "schedule") if self.kind == "other" else [],
            ),
            "errors": messages(errors, "schedule") if self.kind != "other" else [],
        }

    def _field(self, name: str, label: str, kind: str, help: str = "", *, errors: Errors) -> Field:
        value = self.values[name]
        return Field(
            path=f"schedule.{name}",
            label=label,
            kind=kind,
            value=value,
            help=help,
            is_required=True,
            choices=[
                Choice(key, text, key in value if kind == "choices" else key == value)
                for key, text in _OPTIONS.get(name, ())
            ],
            attributes=_ATTRIBUTES.get(name, {}),
            errors=messages_below(errors, f"schedule.{name}"),
        )


_MONTH_DAYS = [(str(day), str(day)) for day in range(1, 32)] + [("last", "last day"), ("-2", "last day but one")]
_OPTIONS: dict[str, list[tuple[str, str]]] = {
    "every.unit": [(unit, unit) for unit in UNITS],
    "weekly.days": list(DAYS.items()),
    "monthly.day": _MONTH_DAYS,
}
_ATTRIBUTES: dict[str, dict[str, str]] = {
    "every.amount": {"min": "1"},
    "hourly.minute": {"min": "0", "max": "59"},
    "cron.expression": {"placeholder": "0 9 * * mon-fri", "spellcheck": "false", "autocapitalize": "off"},
}
_SETS: dict[str, list[tuple[str, ...]]] = {
    "once": [("once.run_at", "When", "datetime")],
    "every": [("every.amount", "Every", "int"), ("every.unit", "Unit", "enum")],
    "hourly": [("hourly.minute", "Minute past the hour", "int", "0 to 59")],
    "daily": [("daily.time", "At", "time")],
    "weekly": [("weekly.days", "On", "choices"), ("weekly.time", "At", "time")],
    "monthly": [
        ("monthly.day", "On day", "enum", "A month that lacks the day is left out; “last day” is always there."),
        ("monthly.time", "At", "time"),
    ],
    "cron": [("cron.expression", "Expression", "cron", "Minute, hour, day of month, month, day of week.")],
}


def _whole(text: Any) -> Any:
    raw = str(text)
    return int(raw) if raw.lstrip("-").isdigit() else raw


def _read_once(own: Mapping[str, Any], zone: str) -> dict[str, Any]:
    try:
        moment = datetime.fromisoformat(own["run_at"])
        if moment.tzinfo is None:
            moment = moment.replace(tzinfo=ZoneInfo(zone))
    except (ValueError, ZoneInfoNotFoundError):
        return {"run_at": own["run_at"]}
    return {"run_at": moment.isoformat()}


_READ: dict[str, Any] = {
    "once": _read_once,
    "every": lambda own, _zone: {own["unit"] if own["unit"] in UNITS else "minutes": _whole(own["amount"])},
    "hourly": lambda own, _zone: {"minute": _whole(own["minute"])},
    "daily": lambda own, _zone: {"time": own["time"]},
    "weekly": lambda own, _zone: {"days": own["days"], "time": own["time"]},
    "monthly": lambda own, _zone: {"day": _whole(own["day"]), "time": own["time"]},
    "cron": lambda own, _zone: {"expression": own["expression"]},
}


def _fill_once(schedule: Mapping[str, Any], zone: str) -> dict[str, Any] | None:
    moment = datetime.fromisoformat(str(schedule["run_at"]).replace("Z", "+00:00"))
    local = moment.astimezone(ZoneInfo(zone)) if moment.tzinfo else moment
    return {"run_at": local.strftime("%Y-%m-%dT%H:%M:%S" if local.second else "%Y-%m-%dT%H:%M")}


def _fill_every(schedule: Mapping[str, Any], zone: str) -> dict[str, Any] | None:
    used = [unit for unit in UNITS if schedule.get(unit)]
    if len(used) != 1 or schedule.get("anchor"):
        return None
    return {"amount": str(schedule[used[0]]), "unit": used[0]}


def _fill_monthly(schedule: Mapping[str, Any], zone: str) -> dict[str, Any] | None:
    day = str(schedule.get("day", ""))
    if day not in {key for key, _ in _MONTH_DAYS}:
        return None
    return {"day": day, "time": schedule["time"]}


_FILL: dict[str, Any] = {
    "once": _fill_once,
    "every": _fill_every,
    "hourly": lambda schedule, _zone: {"minute": str(schedule["minute"])},
    "daily": lambda schedule, _zone: {"time": schedule["time"]},
    "weekly": lambda schedule, _zone: {"days": list(schedule["days"]), "time": schedule["time"]},
    "monthly": _fill_monthly,
    "cron": lambda schedule, _zone: {"expression": schedule["expression"]},
}


def _other(text: str) -> dict[str, Any]:
    try:
        value = json.loads(text)
    except ValueError:
        return {"kind": text}
    return value if isinstance(value, dict) else {"kind": value}
