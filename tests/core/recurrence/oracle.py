"""An independent judge: walks every minute and asks the rules of daylight saving literally. Slow and obvious."""

import calendar
from bisect import bisect_left, bisect_right
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from functools import cache, lru_cache
from itertools import pairwise
from typing import NamedTuple
from zoneinfo import ZoneInfo

from tasks_app.recurrence.zones import load_zone

MINUTE = timedelta(minutes=1)
SECOND = timedelta(seconds=1)
LEAPS_A_DAY = {"Pacific/Apia", "Pacific/Kwajalein"}
UNCHANGING = {"UTC", "Asia/Kathmandu"}
ZONES = [
    "UTC",
    "Europe/Berlin",
    "Europe/London",
    "Europe/Dublin",
    "Europe/Lisbon",
    "Europe/Istanbul",
    "Europe/Volgograd",
    "America/New_York",
    "America/St_Johns",
    "America/Goose_Bay",
    "America/Moncton",
    "Atlantic/Azores",
    "America/Sao_Paulo",
    "America/Santiago",
    "America/Havana",
    "America/Asuncion",
    "America/Caracas",
    "America/Nuuk",
    "America/Boa_Vista",
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
    "Africa/Windhoek",
    "Pacific/Apia",
    "Pacific/Kwajalein",
    "Pacific/Chatham",
    "Pacific/Norfolk",
    "Pacific/Easter",
    "Antarctica/Troll",
    "Antarctica/Casey",
]


def any_day(_: datetime) -> bool:
    return True


@dataclass(frozen=True)
class Rule:
    """What an expression means: minutes and hours as plain sets, the days as a question."""

    minutes: frozenset[int]
    hours: frozenset[int]
    elapsed: bool
    is_day: Callable[[datetime], bool] = any_day

    def matches(self, wall: datetime) -> bool:
        return wall.minute in self.minutes and wall.hour in self.hours and self.is_day(wall)


def margin_of(zone_name: str) -> timedelta:
    """Give how far around a change to look: past whatever it skips or repeats."""
    return timedelta(hours=27) if zone_name in LEAPS_A_DAY else timedelta(hours=4)


class Minute(NamedTuple):
    """A minute of UTC, what the clock on the wall shows then, and what it has jumped over just before."""

    instant: datetime
    wall: datetime
    skipped: tuple[datetime, ...]


@lru_cache(maxsize=64)
def minutes_around(zone_name: str, change: datetime) -> list[Minute]:
    """Give each minute in (change - margin, change + margin]."""
    zone = load_zone(zone_name)
    margin = margin_of(zone_name)
    minutes = int(2 * margin / MINUTE)
    instants = [change - margin + place * MINUTE for place in range(minutes + 1)]
    walls = [instant.astimezone(zone).replace(tzinfo=None) for instant in instants]
    return [
        Minute(instant, wall, tuple(skipped(before, wall)))
        for instant, (before, wall) in zip(instants[1:], pairwise(walls), strict=True)
    ]


def instants_around(rule: Rule, zone_name: str, change: datetime) -> list[datetime]:
    """Give every planned instant in (change - margin, change + margin], the slow way."""
    return [minute.instant for minute in minutes_around(zone_name, change) if is_planned(rule, minute)]


def is_planned(rule: Rule, minute: Minute) -> bool:
    """Ask the rules of gaps and overlaps."""
    if rule.elapsed:
        return rule.matches(minute.wall)
    in_first_pass = not minute.wall.fold and rule.matches(minute.wall)
    return in_first_pass or any(rule.matches(missing) for missing in minute.skipped)


def instants_by_wall(rule: Rule, zone_name: str, change: datetime, margin: timedelta) -> list[datetime]:
    """Give the same by walking the wall times instead, whose instants may lie on odd seconds."""
    zone = load_zone(zone_name)
    # Further than any offset, so that the instants of the walls cover the margin.
    low = (change - margin).replace(tzinfo=None, second=0) - timedelta(hours=26)
    walls = [low + place * MINUTE for place in range(int((2 * margin + timedelta(hours=52)) / MINUTE))]
    found: set[datetime] = set()
    for wall in filter(rule.matches, walls):
        passes = [wall.replace(tzinfo=zone, fold=fold).astimezone(UTC) for fold in (0, 1)]
        if passes[0].astimezone(zone).replace(tzinfo=None) == wall:
            found.update(passes if rule.elapsed else passes[:1])
        elif not rule.elapsed:
            found.add(change)
    return sorted(instant for instant in found if change - margin < instant <= change + margin)


def neighbours(instants: list[datetime], start: datetime) -> tuple[datetime | None, datetime | None]:
    """Give the last of them before a start and the first after it."""
    before, after = bisect_left(instants, start), bisect_right(instants, start)
    return instants[before - 1] if before else None, instants[after] if after < len(instants) else None


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
