"""How long runs took: a bar for each class of run time that the figures keep, the shortest first.

Classes grow by about as much again each, so a bar is as wide as any other and the bounds stand between them.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

from tasks_app.models.rollup import BOUNDS_MS
from tasks_app.selectors.rollups import Figures
from tasks_app.web import words
from tasks_app.web.minute_bars import BASELINE, HEIGHT, TOP, Mark

_ENOUGH_FOR_P95 = 20
_LEAST, _GAP, _MOST_MARKS = 2.0, 0.14, 7


@dataclass(frozen=True)
class TimeBar:
    """The runs of one class; lengths along the time are in per cent, heights in pixels."""

    x: float
    width: float
    height: float
    said: str
    count: int

    @property
    def y(self) -> float:
        """Its upper end."""
        return round(BASELINE - self.height, 1)


@dataclass(frozen=True)
class RunTimeBars:
    """The whole picture, with its finding; its bars are the rows of the table, too."""

    title: str
    bars: list[TimeBar]
    marks: list[Mark]
    peak: Mark
    peak_y: float
    baseline: int = BASELINE
    height: int = HEIGHT
    words_y: int = HEIGHT - 4


def draw(figures: Figures) -> RunTimeBars | None:
    """Draw the classes that hold runs, with one beside them on either side; None where no run has a run time."""
    occupied = [place for place, count in enumerate(figures.classes) if count]
    if not occupied:
        return None
    first, last = max(0, occupied[0] - 1), min(len(BOUNDS_MS), occupied[-1] + 1)
    places, step = range(first, last + 1), 100 / (last - first + 1)
    most = max(figures.classes)
    bars = [_bar(place, figures.classes[place], (place - first) * step, step, most) for place in places]
    highest = max(bars, key=lambda bar: bar.count)
    return RunTimeBars(
        title=_title(figures),
        bars=[bar for bar in bars if bar.count],
        marks=_marks([place for place, _ in pairwise(places)], step),
        peak=Mark(round(highest.x + highest.width / 2, 3), f"{most:,}"),
        peak_y=highest.y - 5,
    )


def _bar(place: int, count: int, x: float, step: float, most: int) -> TimeBar:
    height = round(max(_LEAST, (BASELINE - TOP) * count / most), 1) if count else 0.0
    return TimeBar(round(x + step * _GAP, 3), round(step * (1 - 2 * _GAP), 3), height, _class(place), count)


def _marks(ends: Sequence[int], step: float) -> list[Mark]:
    """The bounds between the bars; where there are many, only some, so that they do not touch."""
    each = -(-len(ends) // _MOST_MARKS)
    return [
        Mark(round((number + 1) * step, 3), _time(BOUNDS_MS[place]))
        for number, place in enumerate(ends)
        if number % each == (len(ends) - 1) % each
    ]


def _class(place: int) -> str:
    if place == len(BOUNDS_MS):
        return f"more than {_time(BOUNDS_MS[-1])}"
    return f"{_time(BOUNDS_MS[place - 1])} to {_time(BOUNDS_MS[place])}" if place else f"up to {_time(BOUNDS_MS[0])}"


def _time(milliseconds: int) -> str:
    return words.duration(milliseconds / 1000).replace(".0 s", " s")


def _title(figures: Figures) -> str:
    """The finding, which is the chart's title and its text alternative."""
    count = sum(figures.classes)
    if count == 1:
        return f"One run, of {_time(figures.longest_ms or 0)}"
    return f"Half of {count:,} runs ended within {_time(figures.median_ms or 0)}, {_most_within(figures)}"


def _most_within(figures: Figures) -> str:
    """Say within how long nearly all ended; of fewer than twenty there is no telling, so it is the longest."""
    if sum(figures.classes) < _ENOUGH_FOR_P95:
        return f"at most {_time(figures.longest_ms or 0)}"
    return f"19 of 20 within {_time(figures.p95_ms or 0)}"
