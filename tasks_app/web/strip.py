"""The strip: the last fifty runs as bars, now, and the next ten slots as hollow ticks.

Bar height is run time, from zero. Each outcome has a shape of its own, so that colour is never the only sign:
succeeded stands on the line, failed reaches below it, cancelled and running are hollow, skipped is a dash on the line.
"""

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from django.utils.html import escape
from django.utils.safestring import SafeString

from tasks_app.states import Status
from tasks_app.web import words

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


@dataclass(frozen=True)
class Frame:
    """The measures that all bars share."""

    step: float
    baseline: float
    height: float
    longest: int

    @property
    def now_x(self) -> float:
        """Where now is."""
        return PAST * self.step + self.step / 2

    @property
    def width(self) -> float:
        """To the end of what is planned."""
        return self.now_x + self.step * (FUTURE + 1)


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
        """Its element."""
        return SafeString(_shape(self.run.status, self.x, self.y, self.width, self.height))


@dataclass(frozen=True)
class Tick:
    """One planned slot, drawn."""

    x: float
    title: str


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
    step: float

    @property
    def tick_y(self) -> float:
        """Ticks stand on the line, at a height that claims nothing about their run time."""
        return self.baseline - self.tick_height

    @property
    def tick_height(self) -> float:
        """A third of the way up."""
        return round(self.baseline / 3, 1)

    @property
    def tick_width(self) -> float:
        """As wide as a bar."""
        return _bar_width(self.step)


def _bar_width(step: float) -> float:
    return round(step * 0.7, 2)


def _shape(status: str, x: float, y: float, width: float, height: float) -> str:
    return f'{_LOOKS[status]}{x}" y="{y}" width="{width}" height="{height}" />'


def draw(runs: Sequence[NamedRun], slots: Sequence[datetime], *, now: datetime, is_past_alone: bool = False) -> Strip:
    """Draw the wide strip; `runs` come oldest first. It ends at now, so that a young task starts near the middle.

    `is_past_alone`: there is nothing to the right of the last run, at which the line stands instead of now.
    """
    past, future = list(runs)[-PAST:], list(slots)[:FUTURE]
    frame = _frame(past, step=12.0, height=72.0)
    bars = [
        Bar(run, x, y, _bar_width(frame.step), tall, _title(run))
        for run, (x, y, tall) in zip(past, _places(past, frame), strict=True)
    ]
    return Strip(
        bars=bars,
        ticks=_ticks(future, frame),
        label=_label(past, future, now, is_past_alone=is_past_alone),
        now_x=frame.now_x,
        width=frame.now_x + 1 if is_past_alone else frame.width,
        height=frame.height,
        baseline=frame.baseline,
        step=frame.step,
    )


def small(runs: Sequence[BarRun], slots: Sequence[datetime], *, now: datetime) -> SafeString:
    """Write the strip of a row, whose bars say and lead nowhere, in one go: a list has thousands of bars."""
    past, future = runs[-PAST:], slots[:FUTURE]
    frame = _frame(past, step=3.0, height=22.0)
    width, base, now_x, whole = _bar_width(frame.step), frame.baseline, frame.now_x, frame.width
    bars = "".join(
        [_shape(run.status, x, y, width, tall) for run, (x, y, tall) in zip(past, _places(past, frame), strict=True)]
    )
    tall = round(base / 3, 1)
    ticks = "".join(
        f'<rect class="tick" x="{tick.x}" y="{base - tall}" width="{width}" height="{tall}">'
        f"<title>{escape(tick.title)}</title></rect>"
        for tick in _ticks(future, frame)
    )
    return SafeString(
        f'<svg class="strip small" viewBox="0 0 {whole} {frame.height}" preserveAspectRatio="none" role="img"'
        f' aria-label="{escape(_label(past, future, now))}">'
        f'<line class="base" x1="0" x2="{whole}" y1="{base}" y2="{base}" />{bars}'
        f'<line class="now" x1="{now_x}" x2="{now_x}" y1="0" y2="{frame.height}" />{ticks}</svg>'
    )


def _frame(past: Sequence[BarRun], *, step: float, height: float) -> Frame:
    longest = max((run.duration_ms or 0 for run in past), default=0)
    return Frame(step, round(height * 0.82, 1), height, longest)


def _ticks(future: Sequence[datetime], frame: Frame) -> list[Tick]:
    return [Tick(frame.now_x + frame.step * (n + 0.6), f"planned {words.exact(slot)}") for n, slot in enumerate(future)]


def _places(past: Sequence[BarRun], frame: Frame) -> Iterator[tuple[float, float, float]]:
    """Give left, upper end and height of each bar."""
    step, baseline = frame.step, frame.baseline
    below, thin = frame.height - baseline, frame.height * 0.08
    for place, run in enumerate(past, PAST - len(past)):
        if run.status == Status.SKIPPED:
            y, tall = baseline - thin / 2, thin
        else:
            top = _bar_height(run, frame)
            y, tall = baseline - top, top + (below if run.status == Status.FAILED else 0)
        yield place * step, round(y, 1), round(tall, 1)


def _bar_height(run: BarRun, frame: Frame) -> float:
    least, taken = frame.baseline * 0.14, run.duration_ms
    if taken is None or not frame.longest:
        return frame.baseline * 0.5 if run.status == Status.RUNNING else least
    return max(least, frame.baseline * taken / frame.longest)


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
