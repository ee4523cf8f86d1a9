"""Which slots a schedule has, by looking at every second or minute of UTC. Shares nothing with the engine."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from tests.faults.history import Expected

_SECOND, _MINUTE = timedelta(seconds=1), timedelta(minutes=1)
_RANGES = ((0, 59), (0, 23), (1, 31), (1, 12), (0, 7))


@dataclass(frozen=True)
class Plan:
    """A schedule in force: surely from the end of `since` to the start of `until`, perhaps within these moments."""

    since: tuple[datetime, datetime]
    until: tuple[datetime, datetime]
    seconds: int = 0
    cron: str = ""
    zone: str = "UTC"

    def slots(self, start: datetime, end: datetime) -> Iterator[datetime]:
        """Give the slots after start, up to the end."""
        if self.seconds:
            return every(self.seconds, start, end)
        return cron_slots(self.cron, ZoneInfo(self.zone), start, end)


def expect(*plans: Plan) -> Expected:
    """Say what a task must and may have of the schedules that were in force one after the other."""
    must = {slot for plan in plans for slot in plan.slots(plan.since[1], plan.until[0])}
    may = {slot for plan in plans for slot in plan.slots(plan.since[0] - _SECOND, plan.until[1] + _SECOND)}
    return Expected(frozenset(must), frozenset(may - must))


def every(seconds: int, start: datetime, end: datetime) -> Iterator[datetime]:
    """Walk the seconds after start: those that the interval divides."""
    instant = start.astimezone(UTC).replace(microsecond=0) + _SECOND
    while instant <= end:
        if int(instant.timestamp()) % seconds == 0:
            yield instant
        instant += _SECOND


def cron_slots(line: str, zone: ZoneInfo, start: datetime, end: datetime) -> Iterator[datetime]:
    """Walk the minutes after start, each with the walls that it stands for on the clocks of the zone.

    A fixed time that the clocks skip is due at the first instant after the gap, and one that they show twice the first
    time; a line whose minute or hour begins with `*` or has a step follows the elapsed time.
    """
    words = line.split()
    fields = [_values(word, *limits) for word, limits in zip(words, _RANGES, strict=True)]
    is_elapsed = any("*" in word or "/" in word for word in words[:2])
    either = words[2][0] != "*" and words[4][0] != "*"
    instant = start.astimezone(UTC).replace(second=0, microsecond=0) + _MINUTE
    shown = max(_wall(instant - number * _MINUTE, zone) for number in range(1, 181))
    while instant <= end:
        wall = _wall(instant, zone)
        walls = [wall] if is_elapsed else _new_walls(shown, wall)
        shown = max(shown, wall)
        if any(_fits(wall, fields, either) for wall in walls):
            yield instant
        instant += _MINUTE


def _wall(instant: datetime, zone: ZoneInfo) -> datetime:
    return instant.astimezone(zone).replace(tzinfo=None, fold=0)


def _new_walls(shown: datetime, wall: datetime) -> list[datetime]:
    """Give the walls that no earlier minute has shown, up to this one's."""
    return [shown + number * _MINUTE for number in range(1, (wall - shown) // _MINUTE + 1)]


def _fits(wall: datetime, fields: list[set[int]], either: bool) -> bool:
    minute, hour, day, month, weekday = fields
    is_day, is_weekday = wall.day in day, wall.isoweekday() % 7 in weekday
    is_right_day = is_day or is_weekday if either else is_day and is_weekday
    return wall.minute in minute and wall.hour in hour and wall.month in month and is_right_day


def _values(field: str, low: int, high: int) -> set[int]:
    found: set[int] = set()
    for item in field.split(","):
        span, _, step = item.partition("/")
        first, _, last = span.partition("-")
        begin = low if first == "*" else int(first)
        end = int(last) if last else high if first == "*" or step else begin
        found.update(range(begin, end + 1, int(step or 1)))
    return {0 if high == 7 and value == 7 else value for value in found}
