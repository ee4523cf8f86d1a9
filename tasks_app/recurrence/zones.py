"""Time zones by their IANA names, from the tzdata package and never from the machine.

Two machines with different system files would otherwise plan different instants for the same task.
"""

import re
from datetime import MINYEAR, UTC, datetime, timedelta
from functools import cache, lru_cache
from importlib import resources
from typing import NamedTuple
from zoneinfo import ZoneInfo

from tasks_app.recurrence.errors import Problem, ScheduleError, quoted
from tasks_app.recurrence.spelling import Spellings
from tasks_app.recurrence.zone_list import zone_of_country
from tasks_app.recurrence.zone_words import BY_OFFSET, zone_called

LONGEST_NAME = 64
SECOND = timedelta(seconds=1)
EPOCH = datetime(1970, 1, 1)
EPOCH_IN_UTC = EPOCH.replace(tzinfo=UTC)
STEADY_DAYS = 4
STEADY_SPAN = timedelta(days=STEADY_DAYS)
_NOT_FOR_PEOPLE = {"Factory"}
_OFFSET = re.compile(r"(?:UTC|GMT)?([+-])0?(\d{1,2})(?::?00)?", re.IGNORECASE)
# The zones that keep such an offset all year.
_ODD_OFFSETS = {
    "+3:30": "Asia/Tehran",
    "+4:30": "Asia/Kabul",
    "+5:30": "Asia/Kolkata",
    "+5:45": "Asia/Kathmandu",
    "+6:30": "Asia/Yangon",
    "+8:45": "Australia/Eucla",
    "+9:30": "Australia/Darwin",
    "-9:30": "Pacific/Marquesas",
}
_STANDS_STILL = "an offset keeps no summer time: name a place"
_ODD_OFFSET = re.compile(r"(?:UTC|GMT)?([+-])0?(\d{1,2}):?(30|45)", re.IGNORECASE)


@cache
def zone_names() -> frozenset[str]:
    """Give every accepted name."""
    text = resources.files("tzdata").joinpath("zones").read_text(encoding="ascii")
    return frozenset(text.split()) - _NOT_FOR_PEOPLE


def check_timezone(name: object) -> str:
    """Give the name back when it is one, else raise ScheduleError `timezone_unknown` with a suggestion."""
    if isinstance(name, str) and name in zone_names():
        return name
    given = name if isinstance(name, str) else ""
    if not given.strip():
        raise ScheduleError.at("timezone", "timezone_unknown", "a time zone is needed, such as Europe/Berlin or UTC")
    wanted = given.strip()[:LONGEST_NAME]
    best, places = _suggest(wanted), _places_at(wanted)
    hint = f"did you mean {best}?" if best else "use a name such as Europe/Berlin or UTC"
    if places:
        hint = f"{_STANDS_STILL}, such as {places[0]}" + (f", or {best}" if best else "")
    message = f"there is no time zone {quoted(name)}; {hint}"
    raise ScheduleError({"timezone": [Problem("timezone_unknown", message, None, best, places)]})


def zone_meant(name: str) -> str | None:
    """Give the zone that a name, an abbreviation, a city or an offset most often means."""
    given = name.strip()[:LONGEST_NAME]
    places = _places_at(given)
    return zone_called(given) or (places[0] if places else _suggest(given))


def _places_at(given: str) -> tuple[str, ...]:
    """Give the places for which an offset from UTC may have been meant."""
    offset = _OFFSET.fullmatch(given)
    return BY_OFFSET.get(f"{offset[1]}{offset[2]}", ()) if offset else ()


def _suggest(given: str) -> str | None:
    offset = _OFFSET.fullmatch(given)
    if offset:
        # The signs of Etc/GMT names are those of POSIX: east is minus.
        name = f"Etc/GMT{'-' if offset[1] == '+' else '+'}{offset[2]}"
        return name if name in zone_names() else None
    odd = _ODD_OFFSET.fullmatch(given)
    if odd:
        return _ODD_OFFSETS.get(f"{odd[1]}{odd[2]}:{odd[3]}")
    return zone_called(given) or zone_of_country(given) or _spelt_like(given.casefold().replace(" ", "_"))


class _Known(NamedTuple):
    """Names of zones by how they are written without regard to case, and what a misspelt one is compared with."""

    names: dict[str, str]
    spellings: Spellings


def _all_known() -> tuple[_Known, _Known]:
    """Give the whole names, and their last parts."""
    by_name = {name.casefold(): name for name in sorted(zone_names())}
    by_city = {name.rsplit("/", 1)[-1]: known for name, known in by_name.items() if "/" in name}
    return _Known(by_name, Spellings(by_name)), _Known(by_city, Spellings(by_city))


_KNOWN = _all_known()  # here and not at the first unknown name, which would wait for it


def _spelt_like(wanted: str) -> str | None:
    for known in _KNOWN:
        if wanted in known.names:
            return known.names[wanted]
    near = ((known, known.spellings.nearest(wanted)) for known in _KNOWN)
    return next((known.names[found] for known, found in near if found), None)


@lru_cache(maxsize=1024)
def load_zone(name: str) -> ZoneInfo:
    """Load one zone; `name` must have passed `check_timezone`."""
    *folders, file = name.split("/")
    with resources.files("tzdata").joinpath("zoneinfo", *folders, file).open("rb") as source:
        return ZoneInfo.from_file(source, key=name)


# From here on instants are naive datetimes in UTC and walls are naive datetimes as a clock on a wall in the zone shows
# them: arithmetic on aware datetimes of one zone would silently ignore its changes.


def to_naive_utc(instant: datetime) -> datetime:
    """Give an aware instant as a naive one in UTC."""
    return EPOCH + (instant - EPOCH_IN_UTC)


def to_aware_utc(instant: datetime) -> datetime:
    """Give a naive instant in UTC as an aware one."""
    return EPOCH_IN_UTC + (instant - EPOCH)


def wall_at(zone: ZoneInfo, instant: datetime) -> datetime:
    """Give the wall time at an instant; its fold tells the second pass of an overlap.

    Where the calendar of the zone ends before that of UTC, it is the end.
    """
    try:
        wall = _in_zone(zone, instant)
    except OverflowError:
        return datetime.min if instant.year == MINYEAR else datetime.max
    # Says the same as wall.replace(tzinfo=None), which takes six times as long.
    return datetime.combine(wall, wall.time())


def offset_at(zone: ZoneInfo, instant: datetime) -> timedelta:
    """Give the offset in force at an instant."""
    return _in_zone(zone, instant) - datetime.combine(instant, instant.time(), zone)


def _in_zone(zone: ZoneInfo, instant: datetime) -> datetime:
    return zone.fromutc(datetime.combine(instant, instant.time(), zone))


def offsets(zone: ZoneInfo, wall: datetime) -> tuple[timedelta, timedelta]:
    """Give the offsets before and after a change that touches this wall time.

    Equal: the wall time happens once. First smaller: it lies in a gap. First greater: it lies in an overlap.
    """
    return _offset(zone, wall.replace(fold=0) if wall.fold else wall), _offset(zone, wall.replace(fold=1))


def _offset(zone: ZoneInfo, wall: datetime) -> timedelta:
    found = zone.utcoffset(wall)
    assert found is not None  # only for times without a date
    return found


def steady_offset(zone: ZoneInfo, moment: datetime) -> timedelta | None:
    """Give the one offset that holds on the days around a moment, be it an instant or a wall; None near a change."""
    return _steady_offset(zone, moment.toordinal() // STEADY_DAYS)


@lru_cache(maxsize=8192)
def _steady_offset(zone: ZoneInfo, place: int) -> timedelta | None:
    """Look at the days themselves and two days beyond: neither an offset nor the change of one exceeds a day.

    No two changes of a zone are less than six days apart, so looks at a distance of four days miss none.
    """
    try:
        middle = datetime.fromordinal(place * STEADY_DAYS + STEADY_DAYS // 2)
        offset = _offset(zone, middle)
        is_steady = _offset(zone, middle - STEADY_SPAN) == offset == _offset(zone, middle + STEADY_SPAN)
    except (ValueError, OverflowError):
        # The calendar begins or ends here.
        return None
    return offset if is_steady else None


def change_between(zone: ZoneInfo, low: datetime, high: datetime) -> datetime:
    """Find the first instant at which the offset of `high` holds; the zone changes once in (low, high]."""
    low = low.replace(microsecond=0)
    steps_low, steps_high = 0, -((low - high) // SECOND)
    new = offset_at(zone, low + steps_high * SECOND)
    while steps_high - steps_low > 1:
        middle = (steps_low + steps_high) // 2
        if offset_at(zone, low + middle * SECOND) == new:
            steps_high = middle
        else:
            steps_low = middle
    return low + steps_high * SECOND


def gap_end(zone: ZoneInfo, wall: datetime, before: timedelta, after: timedelta) -> datetime:
    """Give the instant of the change whose gap holds this wall time: the first valid instant after it."""
    return change_between(zone, wall - after, wall - before)


def first_instant(zone: ZoneInfo, wall: datetime) -> datetime:
    """Give the instant at which a fixed time runs: the first pass of an overlap, the end of a gap."""
    before, after = offsets(zone, wall)
    if before < after:
        return gap_end(zone, wall, before, after)
    return wall - before


def is_gap_end(zone: ZoneInfo, instant: datetime) -> bool:
    """Tell whether the clocks go forward at just this instant."""
    return offset_at(zone, instant - timedelta(microseconds=1)) < offset_at(zone, instant)
