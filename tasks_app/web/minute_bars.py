"""Runs per minute, hour or day as bars from zero: what succeeded stands on the line, what failed on top of it.

Lengths along the time are in per cent and heights in pixels, so that the chart is as wide as there is room.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from html import escape

from django.utils import timezone
from django.utils.safestring import SafeString

from tasks_app.selectors.rollups import Ended
from tasks_app.web import words
from tasks_app.web.pulse import HOUR, Span

TOP, BASELINE, HEIGHT = 20, 92, 112
_LEAST, _GAP = 2.0, 1.0


@dataclass(frozen=True)
class MinuteBar:
    """One minute, hour or day, drawn: heights of what succeeded and of what failed."""

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

    @property
    def shape(self) -> str:
        """Its elements; put together here, for a page has sixty of them and draws them again every half minute."""
        reach = f'<rect class="reach" x="{self.x}%" y="0" width="{self.width}%" height="{BASELINE}" />'
        parts = (("good", self.good_y, self.good), ("bad", self.bad_y, self.bad))
        rects = [
            f'<rect class="{name}" x="{self.x}%" y="{y}" width="{self.width}%" height="{tall}" />'
            for name, y, tall in parts
            if tall
        ]
        return f"<g><title>{escape(self.title)}</title>{reach}{''.join(rects)}</g>"


@dataclass(frozen=True)
class Mark:
    """A word below the line."""

    x: float
    text: str


@dataclass(frozen=True)
class MinuteBars:
    """The whole picture, its finding, and the same as rows; `each` is what a bar stands for."""

    bars: list[MinuteBar]
    marks: list[Mark]
    peak: Mark | None
    peak_y: float
    title: str
    each: str
    rows: list[tuple[str, Ended]]
    top: int = TOP
    baseline: int = BASELINE
    height: int = HEIGHT
    words_y: int = HEIGHT - 4

    @property
    def shapes(self) -> SafeString:
        """The elements of its bars."""
        return SafeString("".join([bar.shape for bar in self.bars]))

    @property
    def lines(self) -> SafeString:
        """The rows of its table."""
        return SafeString("".join([_line(said, row) for said, row in self.rows]))


def _line(said: str, row: Ended) -> str:
    counts = "".join([f'<td class="right num">{count}</td>' for count in (row.succeeded, row.failed)])
    return f"<tr><td>{escape(said)}</td>{counts}</tr>"


def draw(counts: Sequence[Ended], span: Span = HOUR) -> MinuteBars:
    """Draw the bars of a span, the oldest first; the last is the one that is not over yet."""
    most = max((one.succeeded + one.failed for one in counts), default=0)
    step = 100 / max(1, len(counts))
    told = [span.told(timezone.localtime(one.start)) for one in counts]
    bars = [_bar(one, said, n * step, step, most) for n, (one, said) in enumerate(zip(counts, told, strict=True))]
    shown = [(said, one) for said, one in zip(told, counts, strict=True) if one.succeeded or one.failed]
    highest = max(range(len(counts)), key=lambda n: counts[n].succeeded + counts[n].failed, default=None)
    peak = Mark(_middle(bars[highest]), f"{most:,}") if highest is not None and most else None
    return MinuteBars(
        bars=[bar for bar in bars if bar.good or bar.bad],
        marks=_marks(counts, span, step),
        peak=peak,
        peak_y=bars[highest].bad_y - 5 if highest is not None and bars[highest].bad else _above(bars, highest),
        title=_title(counts, span),
        each=span.each,
        rows=shown[::-1],
    )


def _above(bars: Sequence[MinuteBar], place: int | None) -> float:
    return bars[place].good_y - 5 if place is not None else BASELINE


def _middle(bar: MinuteBar) -> float:
    return round(min(98.0, max(2.0, bar.x + bar.width / 2)), 3)


def _bar(one: Ended, said: str, x: float, step: float, most: int) -> MinuteBar:
    room = BASELINE - TOP
    return MinuteBar(
        x=round(x + step * 0.14, 3),
        width=round(step * 0.72, 3),
        good=_height(one.succeeded, most, room),
        bad=_height(one.failed, most, room),
        title=f"{said}: {_counts(one)}",
    )


def _height(count: int, most: int, room: float) -> float:
    return round(max(_LEAST, room * count / most), 1) if count else 0.0


def _counts(one: Ended) -> str:
    bad = f", {one.failed:,} failed" if one.failed else ""
    return f"{one.succeeded:,} succeeded{bad}"


def _marks(counts: Sequence[Ended], span: Span, step: float) -> list[Mark]:
    places = [(n * step, timezone.localtime(one.start)) for n, one in enumerate(counts)]
    return [Mark(round(x, 3), span.mark(local)) for x, local in places if span.is_marked(local)]


def _title(counts: Sequence[Ended], span: Span) -> str:
    """The finding, which is the chart's title and its text alternative."""
    good, bad = sum(one.succeeded for one in counts), sum(one.failed for one in counts)
    if not good and not bad:
        return f"No run succeeded or failed {span.within}"
    said = f"{words.plural(good + bad, 'run')} ended {span.within}"
    pace = (good + bad) / max(1, len(counts))
    often = f", {pace:,.0f} a minute" if span is HOUR and pace >= 1 else ""
    return f"{said}{often}, {bad:,} failed" if bad else f"{said}{often}, none failed"
