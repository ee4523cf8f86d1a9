"""The strip: the last fifty runs as bars, now, and the next ten slots as hollow ticks.

Bar height is run time, from zero. Each outcome has a shape of its own, so that colour is never the only sign:
succeeded stands on the line, failed reaches below it, cancelled and running are hollow, skipped is a dash on the line.
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from html import escape
from typing import Protocol

from django.utils.safestring import SafeString

from tasks_app.states import Status
from tasks_app.web import words
from tasks_app.web.addresses import address

PAST, FUTURE = 50, 10
_HOLLOW = frozenset({Status.RUNNING, Status.CANCELLED, Status.QUEUED, Status.SCHEDULED, Status.WAITING})


_LOOKS = {one.value: f'<rect class="bar is-{one.value}{" hollow" if one in _HOLLOW else ""}" x="' for one in Status}


class BarRun(Protocol):
    """What the strip needs to know about a run."""

    @property
    def status(self) -> str: ...
    @property
    def duration_ms(self) -> int | None: ...


class NamedRun(BarRun, Protocol):
    """What it needs where each bar leads to its run and says when it was."""

    @property
    def id(self) -> object: ...
    @property
    def started_at(self) -> datetime | None: ...


class Size:
    """The measures of one kind of strip, and the two halves of each bar, made once: a list has thousands of bars."""

    def __init__(self, *, step: float, height: float) -> None:
        self.step, self.height = step, height
        self.baseline = round(height * 0.82, 1)
        self.bar_width = round(step * 0.7, 2)
        self.now_x = PAST * step + step / 2
        self.width = self.now_x + step * (FUTURE + 1)
        self.top = round(self.baseline * 10)
        self.least, self.half = round(self.top * 0.14), round(self.top * 0.5)
        self.left = [place * step for place in range(PAST)]

    @cached_property
    def heads(self) -> dict[str, list[str]]:
        """How a bar of a status begins, in each place."""
        return {status: [f"{look}{x}" for x in self.left] for status, look in _LOOKS.items()}

    @cached_property
    def tails(self) -> dict[str, list[str]]:
        """How it goes on, for each height."""
        return {one.value: [self._tail(one, tenths) for tenths in range(self.top + 1)] for one in Status}

    def _tail(self, status: str, tenths: int) -> str:
        y, tall = self.stand(status, tenths)
        return f'" y="{y}" width="{self.bar_width}" height="{tall}" />'

    def stand(self, status: str, tenths: int) -> tuple[float, float]:
        """Give the upper end of a bar and its height."""
        if status == Status.SKIPPED:
            thin = self.height * 0.08
            return round(self.baseline - thin / 2, 1), round(thin, 1)
        below = self.height - self.baseline if status == Status.FAILED else 0
        return round(self.baseline - tenths / 10, 1), round(tenths / 10 + below, 1)

    def tenths(self, run: BarRun, longest: int) -> int:
        """Give how far a bar reaches up, from zero."""
        taken = run.duration_ms
        if taken is None or not longest:
            return self.half if run.status == Status.RUNNING else self.least
        return max(self.least, round(self.top * taken / longest))

    def ticks(self, slots: Sequence[datetime]) -> "list[Tick]":
        """Give the ticks of what is planned."""
        places = [self.now_x + self.step * (n + 0.6) for n in range(len(slots))]
        return [Tick(x, f"planned {words.exact(slot)}") for x, slot in zip(places, slots, strict=True)]


@dataclass(frozen=True)
class Bar:
    """One run, drawn."""

    run: NamedRun
    x: float
    y: float
    width: float
    height: float
    title: str

    @property
    def is_hollow(self) -> bool:
        """Hollow: not ended, or ended without an outcome."""
        return self.run.status in _HOLLOW

    @property
    def shape(self) -> str:
        """Its element, which leads to its run, within reach of the pointer from the top to the bottom."""
        href, title = address("run-detail", self.run.id), escape(self.title)
        return (
            f'<a href="{href}" tabindex="-1" aria-label="{title}"><title>{title}</title>'
            f'<rect class="reach" x="{self.x}" y="0" width="{WIDE.step}" height="{WIDE.height}" />'
            f'{_LOOKS[self.run.status]}{self.x}" y="{self.y}" width="{self.width}" height="{self.height}" /></a>'
        )


@dataclass(frozen=True)
class Tick:
    """One planned slot, drawn."""

    x: float
    title: str

    def shape(self, size: Size) -> str:
        """Its element. It stands on the line, a third of the way up: a height that claims nothing about its run."""
        tall = round(size.baseline / 3, 1)
        place = f'x="{self.x}" y="{size.baseline - tall}" width="{size.bar_width}" height="{tall}"'
        return f'<rect class="tick" {place}><title>{escape(self.title)}</title></rect>'


@dataclass(frozen=True)
class Strip:
    """The whole picture, in its own units."""

    bars: list[Bar]
    ticks: list[Tick]
    label: str
    now_x: float
    width: float
    height: float
    baseline: float

    @property
    def past(self) -> SafeString:
        """The elements of its bars."""
        return SafeString("".join([bar.shape for bar in self.bars]))

    @property
    def future(self) -> SafeString:
        """The elements of its ticks."""
        return SafeString("".join([tick.shape(WIDE) for tick in self.ticks]))


WIDE, SMALL = Size(step=12.0, height=72.0), Size(step=3.0, height=22.0)


def draw(runs: Sequence[NamedRun], slots: Sequence[datetime], *, now: datetime, is_past_alone: bool = False) -> Strip:
    """Draw the wide strip; `runs` come oldest first. It ends at now, so that a young task starts near the middle.

    `is_past_alone`: there is nothing to the right of the last run, at which the line stands instead of now.
    """
    past, future = list(runs)[-PAST:], list(slots)[:FUTURE]
    longest, bars = _longest(past), []
    for x, run in zip(WIDE.left[PAST - len(past) :], past, strict=True):
        y, tall = WIDE.stand(run.status, WIDE.tenths(run, longest))
        bars.append(Bar(run, x, y, WIDE.bar_width, tall, _title(run)))
    return Strip(
        bars=bars,
        ticks=WIDE.ticks(future),
        label=_label(past, future, now, is_past_alone=is_past_alone),
        now_x=WIDE.now_x,
        width=WIDE.now_x + 1 if is_past_alone else WIDE.width,
        height=WIDE.height,
        baseline=WIDE.baseline,
    )


def small(runs: Sequence[BarRun], slots: Sequence[datetime], *, now: datetime) -> SafeString:
    """Write the strip of a row, whose bars say and lead nowhere, in one go: a list has thousands of bars."""
    past, future = runs[-PAST:], slots[:FUTURE]
    longest, heads, tails, tenths = _longest(past), SMALL.heads, SMALL.tails, SMALL.tenths
    bars = "".join(
        [
            heads[run.status][place] + tails[run.status][tenths(run, longest)]
            for place, run in enumerate(past, PAST - len(past))
        ]
    )
    base, now_x, whole = SMALL.baseline, SMALL.now_x, SMALL.width
    ticks = "".join([tick.shape(SMALL) for tick in SMALL.ticks(future)])
    return SafeString(
        f'<svg class="strip small" viewBox="0 0 {whole} {SMALL.height}" preserveAspectRatio="none" role="img"'
        f' aria-label="{escape(_label(past, future, now))}">'
        f'<line class="base" x1="0" x2="{whole}" y1="{base}" y2="{base}" />{bars}'
        f'<line class="now" x1="{now_x}" x2="{now_x}" y1="0" y2="{SMALL.height}" />{ticks}</svg>'
    )


def _longest(past: Sequence[BarRun]) -> int:
    return max((run.duration_ms or 0 for run in past), default=0)


def _title(run: NamedRun) -> str:
    parts = [str(run.status)]
    if run.started_at is not None:
        parts.append(words.exact(run.started_at))
    if run.duration_ms is not None:
        parts.append(words.duration(run.duration_ms / 1000))
    return ", ".join(parts)


def _label(past: Sequence[BarRun], future: Sequence[datetime], now: datetime, *, is_past_alone: bool = False) -> str:
    """The same picture in words, for those who do not see it."""
    if not past:
        before = "No runs yet"
    else:
        counts = Counter(str(run.status) for run in past).most_common()
        before = f"Last {words.plural(len(past), 'run')}: " + ", ".join(f"{count} {name}" for name, count in counts)
    if is_past_alone:
        return before
    after = f"next {words.relative(future[0], now)}" if future else "nothing planned"
    return f"{before}; {after}"
