"""From the lines of an event to the whole days that it is about, or to the reason why it is left out."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from tasks_app.errors import Invalid
from tasks_app.recurrence.day_rules import DayRule, Impossible, Unread
from tasks_app.recurrence.days_off import LONGEST_RUN
from tasks_app.services.ical.lines import Line, RawEvent, fault

LONGEST_NAME = 100
WITH_TIME = "has a time of day"
_DATE = re.compile(r"(\d{4})(\d\d)(\d\d)", re.ASCII)
_MOMENT = re.compile(r"\d{8}T\d{6}Z?(?:/.*)?", re.ASCII)


@dataclass(frozen=True)
class Event:
    """Whole days: `length` from `start` on, again by a rule and on `more`, but not `without`. `why_not` leaves it out.

    `instead_of` is the day of the series `uid` that this event stands for.
    """

    name: str
    uid: str = ""
    start: date = date.min
    length: int = 1
    rule: DayRule | None = None
    more: frozenset[date] = frozenset()
    without: frozenset[date] = frozenset()
    instead_of: date | None = None
    why_not: str = ""


@dataclass(frozen=True)
class Value:
    """What stands behind the name of a line."""

    line: Line
    parameters: Mapping[str, Any]
    text: str


class LeaveOut(Exception):
    """This event is no day off, and why."""


def read_event(raw: RawEvent) -> Event:
    """Read an event; raises Invalid where a line cannot be read."""
    name = " ".join(_text(raw, "SUMMARY").split())[:LONGEST_NAME].strip()
    uid, instead_of = _text(raw, "UID"), None
    if moved := _first(raw, "RECURRENCE-ID"):
        instead_of = _dates(moved)[0][0]
    try:
        return Event(name, uid, instead_of=instead_of, **_days(raw))
    except LeaveOut as error:
        return Event(name, uid, instead_of=instead_of, why_not=str(error))


def _days(raw: RawEvent) -> dict[str, Any]:
    if _text(raw, "STATUS").strip().upper() == "CANCELLED":
        raise LeaveOut("is cancelled")
    begins = _first(raw, "DTSTART")
    if begins is None:
        raise LeaveOut("has no date")
    start, is_whole = _dates(begins)[0]
    if not is_whole:
        raise LeaveOut(WITH_TIME)
    return {
        "start": start,
        "length": _length(raw, start),
        "rule": _rule(raw),
        "more": frozenset(day for day, whole in _all(raw, "RDATE") if whole),
        "without": frozenset(day for day, _ in _all(raw, "EXDATE")),
    }


def _length(raw: RawEvent, start: date) -> int:
    """How many days it lasts; the end is the first day after it. No end, or its own beginning, is one day."""
    length = timedelta(1)
    if ends := _first(raw, "DTEND"):
        end, is_whole = _dates(ends)[0]
        if not is_whole:
            raise LeaveOut(WITH_TIME)
        length = end - start or length
    elif lasts := _first(raw, "DURATION"):
        length = _duration(lasts)
    if length < timedelta(0):
        raise LeaveOut("ends before it begins")
    if length % timedelta(1):
        raise LeaveOut(WITH_TIME)
    if length.days > LONGEST_RUN:
        raise LeaveOut(f"lasts longer than {LONGEST_RUN} days")
    return max(length.days, 1)


def _duration(value: Value) -> timedelta:
    from icalendar.prop import vDuration  # noqa: PLC0415  # icalendar takes a quarter of a second to load

    try:
        lasts: timedelta = vDuration.from_ical(value.text)  # type: ignore[no-untyped-call]  # theirs
    except ValueError:
        raise _unread(value, "is no duration") from None
    return lasts


def _rule(raw: RawEvent) -> DayRule | None:
    from icalendar.prop import vRecur  # noqa: PLC0415  # as above

    given = _first(raw, "RRULE")
    if given is None:
        return None
    try:
        parts = vRecur.from_ical(given.text)
        if "FREQ" not in parts:
            raise _unread(given, "is no rule")
        return DayRule.of(parts)
    except Unread as error:
        raise LeaveOut(f"repeats by {error}, which is not read here") from None
    except Impossible as error:
        raise fault("rule", f"whole days cannot repeat by {error}.", line=given.line.number) from None
    except (ValueError, TypeError):
        raise _unread(given, "is no rule") from None


def _all(raw: RawEvent, name: str) -> list[tuple[date, bool]]:
    return [found for line in raw.lines.get(name, ()) for found in _dates(_value(line))]


def _dates(value: Value) -> list[tuple[date, bool]]:
    """The dates of a line, each with whether it is a whole day; of one with a time of day the date alone."""
    found = []
    for text in value.text.split(","):
        text = text.strip()  # noqa: PLW2901
        written = _DATE.match(text)
        is_whole = bool(_DATE.fullmatch(text))
        if written is None or not (is_whole or _MOMENT.fullmatch(text)):
            raise _unread(value, "is no date such as 20270514")
        try:
            found.append((date(*(int(part) for part in written.groups())), is_whole))
        except ValueError:
            raise _unread(value, "names a day that there is not") from None
    return found


def _text(raw: RawEvent, name: str) -> str:
    value = _first(raw, name)
    return value.text if value else ""


def _first(raw: RawEvent, name: str) -> Value | None:
    lines = raw.lines.get(name)
    return _value(lines[0]) if lines else None


def _value(line: Line) -> Value:
    from icalendar.parser import Contentline  # noqa: PLC0415  # as above

    try:
        _, parameters, text = Contentline(line.text).parts()  # type: ignore[no-untyped-call]  # theirs
    except ValueError:
        raise fault("syntax", f"{line.name} cannot be read.", line=line.number) from None
    return Value(line, parameters, text)


def _unread(value: Value, what: str) -> Invalid:
    return fault("syntax", f"{value.line.name} {what}: “{value.text[:60]}”.", line=value.line.number)
