"""Which rows of RunRollup tell of a span, and for which of its edges the runs themselves must be read."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import lru_cache

from tasks_app.models import RunRollup

Grain = RunRollup.Grain

EVER_START = datetime(1970, 1, 1, tzinfo=UTC)
TOTAL = {Grain.MINUTE: Grain.MINUTE, Grain.HOUR: Grain.HOUR_TOTAL, Grain.DAY: Grain.DAY_TOTAL}
"""Which rows hold the tasks of a span together."""
KEPT = {Grain.MINUTE: timedelta(hours=26), Grain.HOUR: timedelta(days=15), Grain.DAY: timedelta(days=400)}
KEPT |= {TOTAL[grain]: kept for grain, kept in KEPT.items()}
LENGTH = {Grain.MINUTE: timedelta(minutes=1), Grain.HOUR: timedelta(hours=1), Grain.DAY: timedelta(days=1)}
_MARGIN = timedelta(minutes=5)


@dataclass(frozen=True)
class Part:
    """A piece of a span: whole rows of one grain, or runs where there is none."""

    grain: RunRollup.Grain | None
    start: datetime
    end: datetime


@lru_cache(maxsize=4096)
def floor(instant: datetime, grain: RunRollup.Grain) -> datetime:
    """Give the start of the minute, hour or day of UTC in which an instant lies."""
    instant = instant.astimezone(UTC)
    if grain == Grain.MINUTE:
        return instant.replace(second=0, microsecond=0)
    if grain in {Grain.HOUR, Grain.HOUR_TOTAL}:
        return instant.replace(minute=0, second=0, microsecond=0)
    return instant.replace(hour=0, minute=0, second=0, microsecond=0)


def ceil(instant: datetime, grain: RunRollup.Grain) -> datetime:
    """Give the first start of a minute, hour or day of UTC that is not before an instant."""
    start = floor(instant, grain)
    return start if start == instant else start + LENGTH[grain]


def kept_from(grain: RunRollup.Grain, now: datetime) -> datetime:
    """Give since when every row of a grain is there still."""
    return ceil(now - KEPT[grain] + _MARGIN, grain)


def parts(start: datetime, end: datetime, *, counted_to: datetime, now: datetime, with_minutes: bool) -> Iterator[Part]:
    """Divide a span: days, hours and minutes that are counted, then the runs of its edges and since `counted_to`.

    A span that begins or ends where hours are kept no more is as long as its days.
    """
    hours_from = kept_from(Grain.HOUR, now)
    start = floor(start, Grain.DAY) if start < hours_from else start
    end = ceil(end, Grain.DAY) if end < hours_from else end
    grains = (Grain.DAY, Grain.HOUR, Grain.MINUTE) if with_minutes else (Grain.DAY, Grain.HOUR)
    if start < counted_to:
        # Rows hold nothing that ended later than `counted_to`, so where the span goes beyond it they count whole.
        to = ceil(counted_to, Grain.DAY) if end >= counted_to else end
        for part in _split(start, to, grains, kept_from(Grain.MINUTE, now)):
            if part.grain is not None or part.start < counted_to:
                yield part if part.grain is not None else Part(None, part.start, min(part.end, counted_to))
    if end > counted_to:
        yield Part(None, max(start, counted_to), end)


def _split(start: datetime, end: datetime, grains: Sequence[RunRollup.Grain], minutes_from: datetime) -> Iterator[Part]:
    if start >= end:
        return
    if not grains or (grains[0] == Grain.MINUTE and start < minutes_from):
        yield Part(None, start, end)
        return
    grain, finer = grains[0], grains[1:]
    first, last = ceil(start, grain), floor(end, grain)
    if first >= last:
        yield from _split(start, end, finer, minutes_from)
        return
    yield from _split(start, first, finer, minutes_from)
    yield Part(grain, first, last)
    yield from _split(last, end, finer, minutes_from)
