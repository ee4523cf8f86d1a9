"""Written instants and times of day, read strictly."""

import re
from datetime import UTC, date, datetime, time, timedelta, timezone
from zoneinfo import ZoneInfo

from tasks_app.recurrence.errors import Problem, quoted
from tasks_app.recurrence.zones import first_instant, offset_at, offsets

MINUTE = timedelta(minutes=1)
_INSTANT = re.compile(
    r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d(?::\d\d(?:\.\d{1,6})?)?(?:Z|[+-]\d\d:\d\d)?", re.IGNORECASE | re.ASCII
)
_TIME = re.compile(r"(\d{1,2}):(\d\d)(?::(\d\d))?", re.ASCII)
_DAY = re.compile(r"\d{4}-\d\d-\d\d", re.ASCII)
_BARE = re.compile(r"(\d|[01]\d|2[0-3])(?:[.h]?([0-5]\d))?h?", re.IGNORECASE | re.ASCII)
_TWELVE = re.compile(r"(\d{1,2})(?::(\d\d))?\s*([ap])\.?m\.?", re.IGNORECASE | re.ASCII)
NOON = 12


class Unreadable(Exception):
    """Carries the Problem with a written time."""

    def __init__(self, code: str, message: str, suggestion: str | None = None, *also: str) -> None:
        super().__init__(message)
        self.problem = Problem(code, message, None, suggestion, also)


def to_text(instant: datetime) -> str:
    """Write an instant as RFC 3339 in UTC with Z."""
    return instant.astimezone(UTC).isoformat().replace("+00:00", "Z")


def read_instant(value: object, zone: ZoneInfo) -> datetime:
    """Read an instant as aware UTC.

    Without an offset it is a wall time of the zone and must exist there exactly once; an offset that is not the zone's
    own is taken at its word.
    """
    moment = value if isinstance(value, datetime) else _written(value)
    try:
        instant = (_in_zone(moment, zone) if moment.tzinfo is None else moment).astimezone(UTC)
        instant.astimezone(zone)  # pages and sentences will show it there
    except OverflowError:
        raise Unreadable("time_invalid", "this instant is out of range") from None
    return instant


def _written(value: object) -> datetime:
    if isinstance(value, str) and _DAY.fullmatch(value.strip()) and _is_day(value.strip()):
        better = f"{value.strip()}T09:00"
        raise Unreadable("time_invalid", f"{quoted(value)} is a day; say its time too, such as {better}", better)
    if not isinstance(value, str) or not _INSTANT.fullmatch(value.strip()):
        message = (
            f"{quoted(value)} is not an instant; write 2027-03-03T12:00:00Z, or without Z for the task's time zone"
        )
        raise Unreadable("time_invalid", message)
    try:
        return datetime.fromisoformat(value.strip().upper())
    except ValueError as error:
        raise Unreadable("time_invalid", f"{quoted(value)} is not an instant: {error}") from None


def _is_day(text: str) -> bool:
    try:
        return bool(date.fromisoformat(text))
    except ValueError:
        return False


def _in_zone(wall: datetime, zone: ZoneInfo) -> datetime:
    try:
        before, after = offsets(zone, wall)
    except OverflowError:
        raise Unreadable("time_invalid", "this instant is out of range") from None
    shown = wall.isoformat(timespec="minutes")
    if before < after:
        raise _nonexistent(wall, zone)
    if before > after:
        early, late = (_with_offset(wall, offset) for offset in (before, after))
        message = f"{shown} happens twice in {zone.key} (clocks go back); say which: {early} or {late}"
        raise Unreadable("time_ambiguous", message, early, late)
    return (wall - before).replace(tzinfo=UTC)


def _nonexistent(wall: datetime, zone: ZoneInfo) -> Unreadable:
    change = first_instant(zone, wall)
    last = change - MINUTE
    low, high = last + offset_at(zone, last), change + offset_at(zone, change)
    neighbours = [moment.isoformat(timespec="minutes") for moment in (low, high)]
    message = (
        f"{wall.isoformat(timespec='minutes')} does not exist in {zone.key} (clocks go forward); "
        f"the nearest are {neighbours[0]} and {neighbours[1]}"
    )
    return Unreadable("time_nonexistent", message, neighbours[1], neighbours[0])


def _with_offset(wall: datetime, offset: timedelta) -> str:
    return wall.replace(tzinfo=timezone(offset), fold=0).isoformat()


def read_time(value: object) -> str:
    """Read a time of day as HH:MM."""
    if isinstance(value, time):
        value = value.isoformat()
    match = _TIME.fullmatch(value.strip()) if isinstance(value, str) else None
    if not match:
        raise _no_time(value)
    hour, minute, second = int(match[1]), int(match[2]), int(match[3] or 0)
    if (hour, minute, second) == (24, 0, 0):
        raise Unreadable("time_invalid", "24:00 is 00:00 of the next day; write 00:00", "00:00")
    if hour >= 24 or minute >= 60:  # noqa: PLR2004  # a day and an hour
        raise Unreadable("time_invalid", f"{quoted(value)} is no time of day: hours are 0-23, minutes 0-59")
    if second:
        raise Unreadable("time_invalid", f"{quoted(value)}: schedules start on whole minutes", f"{hour:02}:{minute:02}")
    return f"{hour:02}:{minute:02}"


def _no_time(value: object) -> Unreadable:
    twelve = _TWELVE.fullmatch(value.strip()) if isinstance(value, str) else None
    if twelve and 1 <= int(twelve[1]) <= NOON:
        hour = int(twelve[1]) % NOON + (NOON if twelve[3].lower() == "p" else 0)
        better = f"{hour:02}:{twelve[2] or '00'}"
        return Unreadable("time_invalid", f"write {quoted(value)} as {better}", better)
    bare = _BARE.fullmatch(value.strip()) if isinstance(value, str) else None
    if bare:
        better = f"{int(bare[1]):02}:{bare[2] or '00'}"
        return Unreadable("time_invalid", f"write {quoted(value)} as {better}", better)
    return Unreadable("time_invalid", f"{quoted(value)} is no time of day; write it as 09:00")
