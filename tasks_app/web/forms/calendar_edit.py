"""The form of a calendar: what is typed, what a file has brought, and the way back to what the service takes.

Single days are lines, "2027-05-14 Bridge day" or "12-24 Christmas Eve"; those out of a file travel in a hidden field of
the same kind, so that a file need not be chosen again while the rest is mended.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from django.http import QueryDict

from tasks_app.errors import CarillonError, FieldError, Invalid
from tasks_app.models import Calendar
from tasks_app.recurrence.countries import country_names, part_names
from tasks_app.recurrence.writing import WEEKDAYS
from tasks_app.selectors.calendar_days import ICAL, TYPED, stored_days, stored_weekend
from tasks_app.services.ical import LeftOut, read_ical
from tasks_app.web.calendar_words import WEEKDAY_NAMES
from tasks_app.web.forms.field import Choice, Field, messages, messages_below

_TEXTS = ("name", "description", "country", "subdivision")


@dataclass(frozen=True)
class DayLine:
    """A line that is meant to be a day."""

    number: int
    date: str
    name: str

    @property
    def text(self) -> str:
        """As it is typed."""
        return f"{self.date} {self.name}".strip()


def day_lines(text: str) -> list[DayLine]:
    """Give the lines that are not blank, as date and name."""
    found = []
    for number, line in enumerate(text.splitlines(), start=1):
        written, _, name = line.strip().partition(" ")
        if written:
            found.append(DayLine(number, written.rstrip(":,;"), name.strip()))
    return found


@dataclass
class CalendarForm:
    """What is in the form now."""

    values: dict[str, str] = field(default_factory=lambda: dict.fromkeys(_TEXTS, ""))
    weekend: list[str] = field(default_factory=lambda: ["sat", "sun"])
    typed: str = ""
    imported: str = ""
    is_shared: bool = False
    left_out: list[LeftOut] = field(default_factory=list)
    errors: dict[str, list[FieldError]] = field(default_factory=dict)

    @classmethod
    def of(cls, row: Calendar) -> "CalendarForm":
        """A stored calendar; what in it is no day stands there as it is, and is refused as if it had been typed."""
        typed, imported = (
            "\n".join(f"{day['date']} {day['name']}".strip() for day in stored_days(row) if day["source"] == source)
            for source in (TYPED, ICAL)
        )
        values = {name: str(getattr(row, name)) for name in _TEXTS}
        return cls(values, stored_weekend(row), typed, imported, row.is_shared)

    @classmethod
    def posted(cls, data: QueryDict) -> "CalendarForm":
        """What somebody sent. A part belongs to the country for which the choice of parts was drawn."""
        values = {name: str(data.get(name, "")).strip() for name in _TEXTS}
        if values["country"] != data.get("_country", values["country"]):
            values["subdivision"] = ""
        typed, imported = (str(data.get(name, "")).replace("\r\n", "\n") for name in ("days", "imported"))
        weekend = [str(day) for day in data.getlist("weekend")]
        return cls(values, weekend, typed, imported, "is_shared" in data)

    def take_file(self, content: bytes, *, today: date) -> None:
        """Put the days of a file in the place of those of an earlier one; what is wrong with it is noted."""
        try:
            found = read_ical(content, today=today)
        except Invalid as error:
            self.errors |= error.fields
            return
        self.imported = "\n".join(f"{day} {name}".strip() for day, name in found.days.items())
        self.left_out = found.left_out

    def fields_for(self, *, is_staff: bool) -> dict[str, Any]:
        """Give the values as the service takes them."""
        typed = day_lines(self.typed)
        dates = {line.date for line in typed}
        days = [{"date": line.date, "name": line.name, "source": TYPED} for line in typed]
        days += [
            {"date": line.date, "name": line.name, "source": ICAL}
            for line in day_lines(self.imported)
            if line.date not in dates
        ]
        shared = {"is_shared": self.is_shared} if is_staff else {}
        return {**self.values, "weekend": self.weekend, "days": days, **shared}

    def refuse(self, error: CarillonError) -> None:
        """Take the errors of a service to the fields where they belong."""
        lines = day_lines(self.typed)
        for path, faults in error.fields.items():
            where, told = _placed(path, faults, lines)
            self.errors.setdefault(where, []).extend(told)
        if not error.fields:
            self.errors.setdefault("", []).append(FieldError(error.error_code, error.message))

    @property
    def imported_count(self) -> int:
        """How many days out of a file there are."""
        return len(day_lines(self.imported))

    def drawn(self, *, is_staff: bool) -> dict[str, Field]:
        """Give the fields by name; only staff are asked whether everybody may use it."""
        drawn = {
            "name": self._text("name", "Name", "Tasks choose the calendar by it.", is_required=True),
            "description": self._text("description", "Description"),
            "weekend": Field(
                path="weekend",
                label="Weekdays off",
                kind="choices",
                choices=[Choice(day, WEEKDAY_NAMES[day][:3], day in self.weekend) for day in WEEKDAYS],
                errors=messages_below(self.errors, "weekend"),
            ),
            "country": self._select("country", "Public holidays of", "No country", country_names()),
            "days": Field(
                path="days",
                label="Single days",
                kind="lines",
                value=self.typed,
                help="2027-05-14 Bridge day, or 12-24 Christmas Eve for every year.",
                attributes={"spellcheck": "false"},
                errors=messages(self.errors, "days"),
            ),
        }
        if parts := part_names(self.values["country"]):
            drawn["subdivision"] = self._select("subdivision", "Region", "The whole country", parts)
        if is_staff:
            words = "Everybody's tasks may keep it; you and other administrators edit it."
            drawn["is_shared"] = Field(
                path="is_shared", label="Share it", kind="bool", value=self.is_shared, help=words
            )
        return drawn

    def _text(self, path: str, label: str, help: str = "", *, is_required: bool = False) -> Field:
        return Field(
            path=path,
            label=label,
            value=self.values[path],
            help=help,
            is_required=is_required,
            attributes={"maxlength": "100" if path == "name" else "300"},
            errors=messages(self.errors, path),
        )

    def _select(self, path: str, label: str, none: str, names: Mapping[str, str]) -> Field:
        chosen = self.values[path]
        known = [("", none), *names.items()]
        if chosen not in dict(known):
            known.append((chosen, f"{chosen} (not known any more)"))
        return Field(
            path=path,
            label=label,
            kind="enum",
            choices=[Choice(code, name, code == chosen) for code, name in known],
            errors=messages(self.errors, path),
        )


def _placed(path: str, faults: list[FieldError], lines: list[DayLine]) -> tuple[str, list[FieldError]]:
    """The field of a fault and how it is said there: that of a single day names its line."""
    name, _, rest = path.partition(".")
    number = rest.partition(".")[0]
    if name != "days" or not number.isdigit():
        return path, faults
    if int(number) >= len(lines):
        return "ical", faults
    line = lines[int(number)]
    return "days", [FieldError(one.code, f"Line {line.number}, “{line.text[:60]}”: {one.message}") for one in faults]
