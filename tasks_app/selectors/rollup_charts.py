"""How the last minutes, hours or days went, one bar each, for charts."""

import uuid
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta, tzinfo
from typing import NamedTuple

from django.db.models import QuerySet, Sum

from tasks_app.models import RunRollup, db_now
from tasks_app.selectors.access import Person
from tasks_app.selectors.rollup_rows import Choice, steady
from tasks_app.selectors.rollup_runs import ENDINGS, Reader
from tasks_app.selectors.rollup_spans import LENGTH, Grain, floor, kept_from

Place = Callable[[datetime], datetime | None]


class Ended(NamedTuple):
    """How many runs ended within the minute, hour or day that begins at `start`, and how; each skipped slot counts."""

    start: datetime
    succeeded: int
    failed: int
    cancelled: int = 0
    skipped: int = 0


@dataclass(frozen=True)
class Source:
    """Rows of one grain that fill bars, and which bar each belongs to."""

    grain: RunRollup.Grain
    start: datetime
    end: datetime
    place: Place


def per_minute(user: Person, minutes: int = 60) -> list[Ended]:
    """Tell how the last minutes went, the one that goes on included."""
    return _even(Choice(user), Grain.MINUTE, minutes)


def per_hour(user: Person, hours: int = 24, *, task: uuid.UUID | None = None) -> list[Ended]:
    """Tell how the last hours went, the one that goes on included."""
    return _even(Choice(user, task=task), Grain.HOUR, hours)


def per_day(user: Person, days: int, zone: tzinfo, *, task: uuid.UUID | None = None) -> list[Ended]:
    """Tell how the last days of a zone went, today included; days before the last two weeks are those of UTC."""
    now = db_now()
    today = now.astimezone(zone).date()
    starts = {day: _midnight(day, zone) for day in (today - timedelta(days=ago) for ago in reversed(range(days)))}

    def of_zone(at: datetime) -> datetime | None:
        return starts.get(at.astimezone(zone).date())

    def of_utc(at: datetime) -> datetime | None:
        return starts.get(at.date())

    first = min(starts)
    cut = _first_day_by_hours(starts, kept_from(Grain.HOUR, now)) or today + timedelta(days=2)
    sources = [Source(Grain.DAY, _midnight(first, UTC), _midnight(cut, UTC), of_utc)]
    if cut in starts:
        sources.append(Source(Grain.HOUR, starts[cut], now, of_zone))
    return _chart(Choice(user, task=task), list(starts.values()), sources, of_zone, now)


def day_span(day: date, zone: tzinfo, now: datetime) -> tuple[datetime, datetime]:
    """Give from when to when those runs ended that `per_day` counts to a day, whose figures may be those of UTC."""
    of = zone if _midnight(day, zone) >= kept_from(Grain.HOUR, now) else UTC
    return _midnight(day, of), _midnight(day + timedelta(days=1), of)


def _midnight(day: date, zone: tzinfo) -> datetime:
    return datetime.combine(day, time.min, zone)


def _first_day_by_hours(starts: dict[date, datetime], hours_from: datetime) -> date | None:
    """Give the first day of which every hour is kept; None where the zone's days are those of UTC anyway."""
    if all(start.astimezone(UTC) == _midnight(day, UTC) for day, start in starts.items()):
        return None
    return next((day for day, start in starts.items() if start >= hours_from), None)


def _even(choice: Choice, grain: RunRollup.Grain, count: int) -> list[Ended]:
    now = db_now()
    last = floor(now, grain)
    starts = [last - LENGTH[grain] * ago for ago in reversed(range(count))]

    def place(at: datetime) -> datetime:
        return floor(at, grain)

    return _chart(choice, starts, [Source(grain, starts[0], now, place)], place, now)


def _chart(
    choice: Choice, starts: Sequence[datetime], sources: Iterable[Source], place: Place, now: datetime
) -> list[Ended]:
    """Fill the bars from rows, and from the runs that these do not hold."""

    def read(counted_to: datetime) -> list[Ended]:
        bars = _Bars(starts)
        reader = Reader()
        for share in choice.shares():
            has_rows = all(source.grain in share.grains for source in sources)
            for source in sources if has_rows else ():
                bars.add(_sums_by_start(share.span(source.grain, source.start, source.end)), source.place)
            uncounted = max(counted_to, starts[0]) if has_rows else starts[0]
            bars.add(reader.by_minute(share.runs, uncounted, now), place)
        return bars.all()

    return steady(read)


def _sums_by_start(rows: QuerySet[RunRollup]) -> list[tuple[datetime, list[int]]]:
    found = rows.values_list("start").annotate(*(Sum(one.value) for one in ENDINGS))
    return [(start, [int(count) for count in counts]) for start, *counts in found]


class _Bars:
    """Bars that are filled."""

    def __init__(self, starts: Iterable[datetime]) -> None:
        self._counts = {start: [0] * len(ENDINGS) for start in starts}

    def add(self, sums: Iterable[tuple[datetime, list[int]]], place: Place) -> None:
        """Add how many ended in each way since instants."""
        for at, ended in sums:
            start = place(at)
            if start is not None and start in self._counts:
                self._counts[start] = [sum(both) for both in zip(self._counts[start], ended, strict=True)]

    def all(self) -> list[Ended]:
        """Give them in order of time."""
        return [Ended(start, *counts) for start, counts in self._counts.items()]
