"""Calendars, as they come in and go out."""

from datetime import date, timedelta
from typing import Annotated, Any

from django.utils import timezone
from pydantic import ConfigDict, Field, WithJsonSchema

from tasks_app.api.call import Call
from tasks_app.api.paging import Page
from tasks_app.api.parameters import Day
from tasks_app.api.shape import Instant, Out, Shape
from tasks_app.errors import Invalid
from tasks_app.models import Calendar as Row
from tasks_app.recurrence.countries import country_names, part_names
from tasks_app.recurrence.days_off import FIRST_YEAR, LAST_YEAR
from tasks_app.recurrence.writing import WEEKDAYS
from tasks_app.selectors.calendar_days import (
    HOLIDAY,
    ICAL,
    TYPED,
    WEEKEND,
    DayOff,
    stored_days,
    stored_weekend,
)
from tasks_app.selectors.calendars import can_edit_calendar, use_count
from tasks_app.services.calendars import FIELDS

LONGEST_SPAN = timedelta(days=731)
_DAY = {
    "anyOf": [
        {"type": "string", "examples": ["2027-05-14", "12-24"]},
        {
            "type": "object",
            "required": ["date"],
            "properties": {
                "date": {"type": "string", "description": '"2027-05-14", or "12-24" for every year.'},
                "name": {"type": "string", "maxLength": 100},
                "source": {"type": "string", "enum": [TYPED, ICAL]},
            },
            "additionalProperties": False,
        },
    ]
}
_DAYS = {"type": "array", "items": _DAY, "maxItems": 2000}
_WEEKDAYS = {"type": "array", "items": {"type": "string", "enum": list(WEEKDAYS)}}

# What a day must be is the service's to say, at the path of each.
Days = Annotated[list[Any], WithJsonSchema(_DAYS), Field(description="Single days off, and those of every year.")]
Weekend = Annotated[list[str], WithJsonSchema(_WEEKDAYS), Field(description="The weekdays that are off.")]
Country_ = Annotated[str, Field(description="An ISO code such as DE: its public holidays are off. Empty: none.")]
Part = Annotated[str, Field(description="The code of a part of it such as BY, whose own holidays are off too.")]
Flag = Annotated[bool, Field(description="Everybody's tasks may keep it; only staff share.")]

_EXAMPLE: dict[str, Any] = {
    "name": "Office Munich",
    "country": "DE",
    "subdivision": "BY",
    "weekend": ["sat", "sun"],
    "days": [{"date": "12-24", "name": "Christmas Eve"}, {"date": "2027-05-07", "name": "Bridge day"}],
}


class CalendarIn(Shape):
    """A calendar to be made."""

    model_config = ConfigDict(json_schema_extra={"examples": [_EXAMPLE]})

    name: str = Field(description="Tasks may call it by this; one's own before a shared one.")
    description: str = ""
    country: Country_ = ""
    subdivision: Part = ""
    weekend: Weekend = Field(default_factory=lambda: ["sat", "sun"])
    days: Days = Field(default_factory=list)
    is_shared: Flag = False


class CalendarChanges(Shape):
    """What to change; what is left out stays."""

    name: str = ""
    description: str = ""
    country: Country_ = ""
    subdivision: Part = ""
    weekend: Weekend = Field(default_factory=list)
    days: Days = Field(default_factory=list)
    is_shared: Flag = False


class Calendar(Out):
    """A calendar of days off."""

    id: str
    name: str
    description: str
    country: str
    subdivision: str
    weekend: list[str]
    days: list[dict[str, str]] = Field(description="Each with date, name and source: typed or ical.")
    is_shared: bool
    owner: str = Field(description="The owner's user name.")
    can_edit: bool
    used_by: int = Field(description="How many active and paused tasks keep it, everybody's together.")
    version: int
    created_at: Instant
    updated_at: Instant

    def headers(self) -> dict[str, str]:
        """Give its address, and its version for If-Match."""
        return {"Location": f"/api/calendars/{self.id}", "ETag": f'"{self.version}"'}


class CalendarPage(Page[Calendar]):
    """Calendars, by name."""


class ImportIn(Shape):
    """An iCalendar file."""

    ical: str = Field(description="What stands in it. Addresses are not fetched.")


class LeftOut(Out):
    """Events that gave no day off."""

    reason: str
    count: int
    examples: list[str] = Field(description="What the first of them are called.")


class ImportOut(Out):
    """The calendar with the days that a file has brought."""

    calendar: Calendar
    found: int = Field(description="Days off in the file. A typed one of the same date stays as it is.")
    left_out: list[LeftOut]

    def headers(self) -> dict[str, str]:
        """Give the calendar's version for If-Match."""
        return {"ETag": f'"{self.calendar.version}"'}


class DaysQuery(Shape):
    """Which days are looked at: `from` to `to`, both included; from today, and for a year, if left out."""

    from_: Day | None = Field(None, alias="from")
    to: Day | None = None

    def span(self) -> tuple[date, date]:
        """Give the first and the last day; raises Invalid for a span that is none, or too long."""
        first = self.from_ or timezone.localdate()
        if not FIRST_YEAR <= first.year <= LAST_YEAR:
            raise Invalid.at("from", "out_of_range", f"Must be in the years {FIRST_YEAR} to {LAST_YEAR}.")
        last = self.to or first + timedelta(days=364)
        if not first <= last <= first + LONGEST_SPAN:
            raise Invalid.at("to", "out_of_range", "Must not be before from, nor more than two years after it.")
        return first, last


class CalendarDay(Out):
    """A day off."""

    date: Annotated[str, WithJsonSchema({"type": "string", "format": "date"})]
    name: str = Field(description="Empty for a plain weekend, and for days without a name.")
    kinds: list[str] = Field(description=f"Why it is one: {WEEKEND}, {HOLIDAY}, {TYPED}, {ICAL}; maybe several.")


class DayOffPage(Page[CalendarDay]):
    """Days off, in their order."""


class Subdivision(Out):
    """A part of a country with holidays of its own."""

    code: str
    name: str


class Country(Out):
    """A country whose public holidays are known."""

    code: str
    name: str
    subdivisions: list[Subdivision]


class CountryPage(Page[Country]):
    """Countries, by name."""


def calendar_out(call: Call, row: Row) -> Calendar:
    """Give a calendar; out of a list, its uses have been counted with it."""
    counted = getattr(row, "used_by", None)
    same: dict[str, Any] = {name: getattr(row, name) for name in (*FIELDS, "version", "created_at", "updated_at")}
    same |= {"weekend": stored_weekend(row), "days": stored_days(row)}
    return Calendar(
        id=str(row.id),
        owner=row.owner.get_username(),
        can_edit=can_edit_calendar(call.user, row),
        used_by=use_count(row) if counted is None else counted,
        **same,
    )


def day_off(day: DayOff) -> CalendarDay:
    """Give a day off."""
    return CalendarDay(date=str(day.date), name=", ".join(day.names), kinds=list(day.kinds))


def countries() -> list[Country]:
    """Give all countries; the first call in a process loads the holidays of all, a fifth of a second."""
    return [
        Country(
            code=code,
            name=name,
            subdivisions=[Subdivision(code=part, name=called) for part, called in part_names(code).items()],
        )
        for code, name in country_names().items()
    ]
