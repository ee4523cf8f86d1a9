"""The kinds of rules: what each asks for, and the way from its fields to a schedule object and back.

Every field belongs to its kind (`daily.time`), so that what was typed for one is still there after a look at another.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from tasks_app.web.forms.moments import shown_moment
from tasks_app.web.forms.policies import whole

Values = Mapping[str, Any]
DAYS = {"mon": "Mon", "tue": "Tue", "wed": "Wed", "thu": "Thu", "fri": "Fri", "sat": "Sat", "sun": "Sun"}
UNITS = ("seconds", "minutes", "hours", "days")
MOST_WORKDAYS = 23
LONGEST_MONTH = 31
SENTENCES = (
    "every weekday at 9:00",
    "every 15 minutes",
    "every Monday and Thursday at 17:30",
    "on the first working day of every month at 8:00",
    "on the last Friday of every month at 16:00",
    "every 2 hours",
)
_WEEKDAYS = (
    ("mon", "Monday"), ("tue", "Tuesday"), ("wed", "Wednesday"), ("thu", "Thursday"), ("fri", "Friday"),
    ("sat", "Saturday"), ("sun", "Sunday"),
)  # fmt: skip
_MONTHS = (
    "January", "February", "March", "April", "May", "June", "July", "August", "September", "October", "November",
    "December",
)  # fmt: skip
_NUMBERS = [(str(day), str(day)) for day in range(1, LONGEST_MONTH + 1)]
_FROM_END = [("-2", "1 day before the last")]
_FROM_END += [(str(-day), f"{day - 1} days before the last") for day in range(3, LONGEST_MONTH + 1)]
_MONTH_DAYS = (*_NUMBERS, ("last", "last day"), *_FROM_END)


@dataclass(frozen=True)
class Part:
    """One field of a kind: its name, what it begins with, and how it is drawn.

    `by` is the choice that shows it, or "line" where it stands in a line of its own.
    """

    name: str
    label: str
    kind: str
    start: Any = ""
    help: str = ""
    options: tuple[tuple[str, str], ...] = ()
    attributes: Mapping[str, str] = field(default_factory=dict)
    is_required: bool = True
    by: str = ""


@dataclass(frozen=True)
class Kind:
    """A kind of rule. `main` is the field that takes what is wrong with the rule as a whole."""

    name: str
    label: str
    parts: tuple[Part, ...]
    read: Callable[[Values], dict[str, Any]]
    fill: Callable[[Mapping[str, Any], str], dict[str, Any]]
    main: str = ""

    def place(self, name: str) -> str:
        """Give the field that asks for a member of the schedule object."""
        if self.name == "every" and name in UNITS:
            return "amount"
        return name if any(part.name == name for part in self.parts) else self.main


def _ordinal(number: int) -> str:
    ending = "th" if number in (11, 12, 13) else {1: "st", 2: "nd", 3: "rd"}.get(number % 10, "th")
    return f"{number}{ending}"


def _given(own: Values, *names: str) -> dict[str, Any]:
    """The fields as typed; an empty one counts as missing."""
    return {name: own[name] for name in names if own.get(name)}


def _read_every(own: Values) -> dict[str, Any]:
    unit = own["unit"] if own["unit"] in UNITS else "minutes"
    return {**({unit: whole(own["amount"])} if own["amount"] else {}), **_given(own, "anchor")}


def _read_monthly(own: Values) -> dict[str, Any]:
    match own["by"]:
        case "nth":
            found = {"nth": whole(own["nth"]), "weekday": own["weekday"]}
        case "workday":
            found = {"workday": whole(own["workday"])}
        case _:
            found = {"day": whole(own["day"])}
    return {**found, **_given(own, "time")}


def _read_yearly(own: Values) -> dict[str, Any]:
    return {"month": whole(own["month"]), "day": whole(own["day"]), **_given(own, "time")}


def _fill_every(schedule: Mapping[str, Any], zone: str) -> dict[str, Any]:
    unit = next(unit for unit in UNITS if schedule.get(unit))
    return {"amount": str(schedule[unit]), "unit": unit, "anchor": shown_moment(schedule.get("anchor"), zone)}


def _fill_monthly(schedule: Mapping[str, Any], _: str) -> dict[str, Any]:
    by = next(name for name in ("workday", "nth", "day") if name in schedule)
    named = {name: str(schedule[name]) for name in ("workday", "nth", "weekday", "day") if name in schedule}
    return {"by": by, **named, "time": schedule["time"]}


def _filled(*names: str) -> Callable[[Mapping[str, Any], str], dict[str, Any]]:
    """Take the members as text; a list stays one."""

    def fill(schedule: Mapping[str, Any], _: str) -> dict[str, Any]:
        return {name: list(value) if isinstance(value := schedule[name], list) else str(value) for name in names}

    return fill


def _at(start: str = "09:00") -> Part:
    return Part("time", "At", "time", start)


_SPELT = {"spellcheck": "false", "autocapitalize": "off", "autocomplete": "off"}
_MONTHLY = (
    Part(
        "by",
        "On",
        "enum",
        "day",
        options=(("day", "a day of the month"), ("nth", "a weekday"), ("workday", "a working day")),
    ),
    Part(
        "day",
        "Day",
        "enum",
        "1",
        "A month that lacks the day is left out; the last day is always there.",
        _MONTH_DAYS,
        by="day",
    ),
    Part(
        "nth",
        "Which",
        "enum",
        "1",
        options=(*((str(nth), _ordinal(nth)) for nth in range(1, 6)), ("last", "last")),
        by="nth",
    ),
    Part("weekday", "Weekday", "enum", "mon", options=_WEEKDAYS, by="nth"),
    Part(
        "workday",
        "Working day",
        "enum",
        "first",
        "Monday to Friday count.",
        (
            ("first", "first"),
            *((str(number), _ordinal(number)) for number in range(2, MOST_WORKDAYS + 1)),
            ("last", "last"),
        ),
        by="workday",
    ),
    _at(),
)
_EVERY = (
    Part("amount", "Every", "int", "15", attributes={"min": "1"}),
    Part("unit", "Unit", "enum", "minutes", options=tuple((unit, unit) for unit in UNITS)),
    Part(
        "anchor",
        "Counted from",
        "moment",
        help="Empty: from midnight on 1 January 1970, in UTC, for days in the task's zone.",
        is_required=False,
        by="line",
    ),
)
_YEARLY = (
    Part("month", "Month", "enum", "1", options=tuple((str(n), name) for n, name in enumerate(_MONTHS, 1))),
    Part("day", "Day", "enum", "1", options=_MONTH_DAYS),
    _at(),
)
_CRON = Part(
    "expression",
    "Expression",
    "cron",
    help="Minute, hour, day of month, month, day of week.",
    attributes={"placeholder": "0 9 * * mon-fri", **_SPELT},
)
_TEXT = Part(
    "text", "In your words", "sentence", attributes={"placeholder": "every weekday at 9:00", "autocomplete": "off"}
)
KINDS: dict[str, Kind] = {
    kind.name: kind
    for kind in (
        Kind(
            "once",
            "Once",
            (Part("run_at", "When", "moment"),),
            lambda own: _given(own, "run_at"),
            lambda schedule, zone: {"run_at": shown_moment(schedule["run_at"], zone)},
            "run_at",
        ),
        Kind("every", "Every …", _EVERY, _read_every, _fill_every, "amount"),
        Kind(
            "hourly",
            "Hourly",
            (Part("minute", "Minute past the hour", "int", "0", "0 to 59", attributes={"min": "0", "max": "59"}),),
            lambda own: {"minute": whole(own["minute"])},
            _filled("minute"),
            "minute",
        ),
        Kind("daily", "Daily", (_at(),), lambda own: _given(own, "time"), _filled("time"), "time"),
        Kind(
            "weekly",
            "Weekly",
            (Part("days", "On", "choices", ["mon"], options=tuple(DAYS.items())), _at()),
            lambda own: _given(own, "days", "time"),
            _filled("days", "time"),
            "time",
        ),
        Kind("monthly", "Monthly", _MONTHLY, _read_monthly, _fill_monthly, "time"),
        Kind("yearly", "Yearly", _YEARLY, _read_yearly, _filled("month", "day", "time"), "day"),
        Kind("text", "In words", (_TEXT,), lambda own: _given(own, "text"), _filled("text"), "text"),
        Kind(
            "cron", "Cron", (_CRON,), lambda own: {"expression": own["expression"]}, _filled("expression"), "expression"
        ),
    )
}
