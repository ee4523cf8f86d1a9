"""Runs per minute as bars from zero: what succeeded stands on the line, what failed stands on it, with a gap between.

Lengths along the time are in per cent and heights in pixels, so that the chart is as wide as there is room.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from django.utils import timezone

from tasks_app.selectors.rollups import Ended
from tasks_app.web import words

TOP, BASELINE, HEIGHT = 20, 92, 112
_LEAST, _GAP, _EVERY = 2.0, 1.0, 15


@dataclass(frozen=True)
class MinuteBar:
    """One minute, drawn: heights of what succeeded and of what failed."""

    x: float
    width: float
    good: float
    bad: float
    title: str

    @property
    def good_y(self) -> float:
        """The upper end of what succeeded."""
        return round(BASELINE - self.good, 1)

    @property
    def bad_y(self) -> float:
        """The upper end of what failed."""
        return round(self.good_y - self.bad - (_GAP if self.good and self.bad else 0), 1)


@dataclass(frozen=True)
class Mark:
    """A word below the line."""

    x: float
    text: str


@dataclass(frozen=True)
class MinuteBars:
    """The whole picture, its finding, and the same as rows."""

    bars: list[MinuteBar]
    marks: list[Mark]
    peak: Mark | None
    peak_y: float
    title: str
    rows: list[Ended]
    top: int = TOP
    baseline: int = BASELINE
    height: int = HEIGHT
    words_y: int = HEIGHT - 4


def draw(minutes: Sequence[Ended]) -> MinuteBars:
    """Draw the minutes, the oldest first; the last is the one that is not over yet."""
    most = max((one.succeeded + one.failed for one in minutes), default=0)
    step = 100 / max(1, len(minutes))
    bars = [_bar(one, n * step, step, most) for n, one in enumerate(minutes)]
    highest = max(range(len(minutes)), key=lambda n: minutes[n].succeeded + minutes[n].failed, default=None)
    peak = Mark(_middle(bars[highest]), f"{most:,}") if highest is not None and most else None
    return MinuteBars(
        bars=[bar for bar in bars if bar.good or bar.bad],
        marks=[
            _mark(one, n * step) for n, one in enumerate(minutes) if timezone.localtime(one.start).minute % _EVERY == 0
        ],
        peak=peak,
        peak_y=bars[highest].bad_y - 5 if highest is not None and bars[highest].bad else _above(bars, highest),
        title=_title(minutes),
        rows=[one for one in reversed(minutes) if one.succeeded or one.failed],
    )


def _above(bars: Sequence[MinuteBar], place: int | None) -> float:
    return bars[place].good_y - 5 if place is not None else BASELINE


def _middle(bar: MinuteBar) -> float:
    return round(min(98.0, max(2.0, bar.x + bar.width / 2)), 3)


def _bar(one: Ended, x: float, step: float, most: int) -> MinuteBar:
    room = BASELINE - TOP
    return MinuteBar(
        x=round(x + step * 0.14, 3),
        width=round(step * 0.72, 3),
        good=_height(one.succeeded, most, room),
        bad=_height(one.failed, most, room),
        title=f"{_clock(one.start)}: {_counts(one)}",
    )


def _height(count: int, most: int, room: float) -> float:
    return round(max(_LEAST, room * count / most), 1) if count else 0.0


def _counts(one: Ended) -> str:
    bad = f", {one.failed:,} failed" if one.failed else ""
    return f"{one.succeeded:,} succeeded{bad}"


def _mark(one: Ended, x: float) -> Mark:
    return Mark(round(x, 3), _clock(one.start))


def _clock(start: datetime) -> str:
    return f"{timezone.localtime(start):%H:%M}"


def _title(minutes: Sequence[Ended]) -> str:
    """The finding, which is the chart's title and its text alternative."""
    good, bad = sum(one.succeeded for one in minutes), sum(one.failed for one in minutes)
    if not good and not bad:
        return "No run ended within the last hour"
    said = f"{words.plural(good + bad, 'run')} ended within the last hour"
    per_minute = (good + bad) / max(1, len(minutes))
    pace = f", {per_minute:,.0f} a minute" if per_minute >= 1 else ""
    return f"{said}{pace}, {bad:,} failed" if bad else f"{said}{pace}, none failed"
