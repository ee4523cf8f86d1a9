"""An independent judge: walks every minute in UTC and asks the rules of daylight saving literally. Slow and obvious."""

import calendar
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from functools import cache, lru_cache
from itertools import pairwise
from zoneinfo import ZoneInfo

from tasks_app.recurrence.zones import load_zone

MINUTE = timedelta(minutes=1)
LEAPS_A_DAY = {"Pacific/Apia", "Pacific/Kwajalein"}
UNCHANGING = {"UTC", "Asia/Kathmandu"}
ZONES = [
    "UTC",
    "Europe/Berlin",
    "Europe/London",
    "Europe/Lisbon",
    "Europe/Istanbul",
    "Europe/Volgograd",
    "America/New_York",
    "America/St_Johns",
    "America/Sao_Paulo",
    "America/Santiago",
    "America/Havana",
    "America/Asuncion",
    "America/Caracas",
    "America/Nuuk",
    "America/Scoresbysund",
    "Australia/Lord_Howe",
    "Australia/Sydney",
    "Australia/Adelaide",
    "Asia/Tehran",
    "Asia/Gaza",
    "Asia/Beirut",
    "Asia/Amman",
    "Asia/Kathmandu",
    "Asia/Pyongyang",
    "Africa/Cairo",
    "Africa/Casablanca",
    "Africa/Juba",
    "Pacific/Apia",
    "Pacific/Kwajalein",
    "Pacific/Chatham",
    "Pacific/Norfolk",
    "Pacific/Easter",
    "Antarctica/Troll",
    "Antarctica/Casey",
]


@dataclass(frozen=True)
class Rule:
    """What the minute and hour fields of an expression mean, as plain sets."""

    minutes: frozenset[int]
    hours: frozenset[int]
    elapsed: bool

    def matches(self, wall: datetime) -> bool:
        return wall.minute in self.minutes and wall.hour in self.hours


def margin_of(zone_name: str) -> timedelta:
    """Give how far around a change to look: past whatever it skips or repeats."""
    return timedelta(hours=27) if zone_name in LEAPS_A_DAY else timedelta(hours=5)


@lru_cache(maxsize=64)
def minutes_around(zone_name: str, change: datetime) -> list[tuple[datetime, datetime]]:
    """Give each UTC minute around a change with its wall time."""
    zone = load_zone(zone_name)
    margin = margin_of(zone_name)
    minutes = int(2 * margin / MINUTE)
    instants = [change - margin + place * MINUTE for place in range(minutes + 1)]
    return [(instant, instant.astimezone(zone)) for instant in instants]


def instants_around(rule: Rule, zone_name: str, change: datetime) -> list[datetime]:
    """Give every planned instant in (change - margin, change + margin], the slow way."""
    found: list[datetime] = []
    for (_, before), (instant, wall) in pairwise(minutes_around(zone_name, change)):
        in_gap = skipped(before.replace(tzinfo=None), wall.replace(tzinfo=None))
        if rule.elapsed:
            planned = rule.matches(wall)
        else:
            planned = (rule.matches(wall) and not wall.fold) or any(rule.matches(missing) for missing in in_gap)
        if planned:
            found.append(instant)
    return found


def skipped(before: datetime, wall: datetime) -> Iterator[datetime]:
    """Give the wall times that a clock jumped over between two neighbouring minutes."""
    missing = before + MINUTE
    while missing < wall:
        yield missing
        missing += MINUTE


@cache
def changes_of(zone_name: str) -> list[datetime]:
    """Give every instant from 1990 to 2037 at which the zone's offset changes."""
    zone = load_zone(zone_name)
    found: list[datetime] = []
    instant, step = datetime(1990, 1, 1, tzinfo=UTC), timedelta(days=4)
    while instant.year < 2038:
        if _offset(zone, instant) != _offset(zone, instant + step):
            found.append(_first_after(zone, instant, instant + step))
        instant += step
    return found


def _first_after(zone: ZoneInfo, low: datetime, high: datetime) -> datetime:
    old = _offset(zone, low)
    while high - low > MINUTE:
        middle = low + (high - low) // MINUTE // 2 * MINUTE
        low, high = (middle, high) if _offset(zone, middle) == old else (low, middle)
    return high


def _offset(zone: ZoneInfo, instant: datetime) -> timedelta | None:
    return instant.astimezone(zone).utcoffset()


def nearest_workday(year: int, month: int, wanted: int) -> int | None:
    """Find the working day of the month that is nearest to a day, by trying distances."""
    length = calendar.monthrange(year, month)[1]
    if wanted > length:
        return None
    for distance in (0, -1, 1, -2, 2):
        day = wanted + distance
        if 1 <= day <= length and date(year, month, day).weekday() < 5:
            return day
    raise AssertionError("a month has working days")
