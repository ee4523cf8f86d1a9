"""The load as bars, from zero: hollow, as all that is to come; filled where the minutes are crowded.

Lengths along the time are in per cent and all others in pixels, so that the chart is as wide as there is room and its
words stay readable.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise

from django.utils.safestring import SafeString

from tasks_app.services.crowding import crowded_minutes
from tasks_app.services.load import MINUTE, Load
from tasks_app.web import words
from tasks_app.web.look import Look, local

TOP, BASELINE, HEIGHT = 24, 128, 150
FEW_BARS, MANY_BARS = 26, 60
_NEAR_NOW, _EDGE, _ROOM = 8, 3, 1.8


@dataclass(frozen=True)
class Bar:
    """One bar; `filled` is the part of its height that stands for crowded minutes."""

    x: float
    width: float
    height: float
    filled: float
    count: int
    title: str
    href: str

    @property
    def y(self) -> float:
        """Its upper end."""
        return BASELINE - self.height

    @property
    def filled_y(self) -> float:
        """The upper end of what is filled."""
        return BASELINE - self.filled

    @property
    def has_room(self) -> bool:
        """A word fits above it: not above what is left of the hour that is almost over."""
        return self.width > _ROOM

    @property
    def word_y(self) -> float:
        """Where a word above it stands."""
        return self.y - 6

    @property
    def middle(self) -> float:
        """Where a word above it is centred."""
        return round(self.x + self.width / 2, 3)


@dataclass(frozen=True)
class Label:
    """A word below the line, or the line in a lane that stands for it."""

    x: float
    text: str
    is_minor: bool = False

    @property
    def place(self) -> str:
        """At an edge of the chart a word begins or ends there."""
        return "first" if self.x < _EDGE else "last" if self.x > 100 - _EDGE else ""

    @property
    def line(self) -> str:
        """The line in a lane."""
        minor = " minor" if self.is_minor else ""
        return f'<line class="grid{minor}" x1="{self.x}%" x2="{self.x}%" y1="0" y2="28" />'


@dataclass(frozen=True)
class Chart:
    """The whole picture."""

    bars: list[Bar]
    labels: list[Label]
    label: str
    peak: Bar | None
    shows_counts: bool
    is_many: bool
    shows_now: bool
    top: int = TOP
    baseline: int = BASELINE
    height: int = HEIGHT
    words_y: int = HEIGHT - 4

    @cached_property
    def grid(self) -> SafeString:
        """The lines in each lane, which are the same in all."""
        return SafeString("".join([label.line for label in self.labels]))


def draw(load: Load, look: Look) -> Chart:
    """Draw the load of the window."""
    edges, crowded = look.bars(), crowded_minutes(load)
    sums = [(start, end, _sum(load, start, end)) for start, end in pairwise(edges)]
    most = max((count for _, _, count in sums), default=0) or 1
    bars = [_bar(load, look, crowded, part, most) for part in sums]
    peak = max(bars, key=lambda bar: bar.count, default=None)
    return Chart(
        bars=[bar for bar in bars if bar.count],
        labels=labels(look),
        label=_said(sums, load),
        peak=peak if peak and peak.count else None,
        shows_counts=len(bars) <= FEW_BARS,
        is_many=len(bars) > MANY_BARS,
        shows_now=look.start is None,
    )


def _sum(load: Load, start: int, end: int, only: Collection[int] | None = None) -> int:
    first = load.first_minute
    minutes = range(start // MINUTE, end // MINUTE)
    return sum(load.runs[minute - first] for minute in minutes if only is None or minute * MINUTE in only)


def _bar(load: Load, look: Look, crowded: set[int], part: tuple[int, int, int], most: int) -> Bar:
    start, end, count = part
    room = BASELINE - TOP
    height = max(2.0, room * count / most)
    filled = room * _sum(load, start, end, crowded) / most if crowded else 0
    width = across(look, end - start)
    return Bar(
        x=round(across(look, start - look.window.start) + width * 0.12, 3),
        width=round(width * 0.76, 3),
        height=round(height, 1),
        filled=round(min(filled, height), 1),
        count=count,
        title=_title(load, start, end, count),
        href="" if look.span == "hour" else look.at("hour", start).href(),
    )


def _title(load: Load, start: int, end: int, count: int) -> str:
    said = f"{local(start):%a %H:%M}"
    if end - start > MINUTE:
        said += f"–{local(end):%H:%M}"
    said += f": {words.plural(count, 'run')}"
    minutes = range(start // MINUTE, end // MINUTE)
    busiest = max(minutes, key=lambda minute: load.runs[minute - load.first_minute])
    most = load.runs[busiest - load.first_minute]
    return f"{said}, {most:,} of them at {local(busiest * MINUTE):%H:%M}" if most > 1 and len(minutes) > 1 else said


def _said(sums: Sequence[tuple[int, int, int]], load: Load) -> str:
    """The same picture in words, for those who do not see it."""
    filled = [f"{local(start):%a %H:%M} {count:,}" for start, _, count in sums if count]
    return f"{words.plural(load.total, 'run')}: {'; '.join(filled[:FEW_BARS])}" if filled else "Nothing starts"


def across(look: Look, seconds: float) -> float:
    """Give a length of time as a share of the window, in per cent."""
    return round(100 * seconds / (look.window.end - look.window.start), 3)


def labels(look: Look) -> list[Label]:
    """Name full ten minutes of an hour, every third hour of a day, the days of a week."""
    found = []
    for edge in look.bars()[:-1]:
        x = across(look, edge - look.window.start)
        named = _name(edge, look)
        if named is not None and (look.start is not None or x > _NEAR_NOW):
            text, is_minor = named
            is_near = (look.start is None and x < 2 * _NEAR_NOW) or x > 100 - _EDGE
            found.append(Label(x, text, is_minor or is_near))
    return found


def _name(edge: int, look: Look) -> tuple[str, bool] | None:
    at = local(edge)
    if look.span == "hour":
        return (f"{at:%H:%M}", at.minute % 20 != 0) if at.minute % 10 == 0 else None
    if at.minute or at.hour % 3:
        return None
    if at.hour == 0:
        return f"{at:%a} {at.day}", False
    return None if look.span == "week" else (f"{at:%H:%M}", at.hour % 6 != 0)
