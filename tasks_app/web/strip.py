"""The strip: the last fifty runs as bars, now, and the next ten slots as hollow ticks.

Bar height is run time, from zero. Each outcome has a shape of its own, so that colour is never the only sign:
succeeded stands on the line, failed reaches below it, cancelled and running are hollow, skipped is a dash on the line.
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from django.utils.safestring import mark_safe

from tasks_app.states import Status
from tasks_app.web import words

PAST, FUTURE = 50, 10
_HOLLOW = frozenset({Status.RUNNING, Status.CANCELLED, Status.QUEUED, Status.SCHEDULED, Status.WAITING})


_LOOKS = {one.value: f"bar is-{one.value}{' hollow' if one in _HOLLOW else ''}" for one in Status}


class BarRun(Protocol):
    """What the strip needs to know about a run."""

    @property
    def id(self) -> object: ...
    @property
    def status(self) -> str: ...
    @property
    def duration_ms(self) -> int | None: ...
    @property
    def started_at(self) -> datetime | None: ...


@dataclass(frozen=True)
class Frame:
    """The measures that all bars share."""

    step: float
    baseline: float
    height: float
    longest: int


@dataclass(frozen=True)
class Bar:
    """One run, drawn."""

    run: BarRun
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
        """Its element; put together here, for a list draws thousands of them."""
        return mark_safe(  # noqa: S308  # our own numbers, and a state of ours
            f'<rect class="{_LOOKS[self.run.status]}"'
            f' x="{self.x}" y="{self.y}" width="{self.width}" height="{self.height}" />'
        )


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
    is_wide: bool

    @property
    def shapes(self) -> str:
        """All its bars."""
        return mark_safe("".join(bar.shape for bar in self.bars))  # noqa: S308  # each is safe

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


def draw(runs: Sequence[BarRun], slots: Sequence[datetime], *, now: datetime, wide: bool = False) -> Strip:
    """Draw the strip; `runs` come oldest first. Right-aligned to now, so that a young task starts near the middle."""
    step, height = (12.0, 72.0) if wide else (3.0, 22.0)
    baseline = round(height * 0.82, 1)
    past, future = list(runs)[-PAST:], list(slots)[:FUTURE]
    now_x = PAST * step + step / 2
    longest = max((run.duration_ms or 0 for run in past), default=0)
    first = (PAST - len(past)) * step
    frame = Frame(step, baseline, height, longest)
    bars = [_bar(run, first + n * step, frame, _title(run) if wide else "") for n, run in enumerate(past)]
    ticks = [Tick(now_x + step * (n + 0.6), f"planned {words.exact(slot)}") for n, slot in enumerate(future)]
    return Strip(
        bars=bars,
        ticks=ticks,
        label=_label(past, future, now),
        now_x=now_x,
        width=now_x + step * (FUTURE + 1),
        height=height,
        baseline=baseline,
        step=step,
        is_wide=wide,
    )


def _bar(run: BarRun, x: float, frame: Frame, title: str) -> Bar:
    thin = frame.height * 0.08
    if run.status == Status.SKIPPED:
        y, tall = frame.baseline - thin / 2, thin
    else:
        top = _bar_height(run, frame)
        y, tall = frame.baseline - top, top + (frame.height - frame.baseline if run.status == Status.FAILED else 0)
    return Bar(run, round(x, 2), round(y, 1), _bar_width(frame.step), round(tall, 1), title)


def _bar_height(run: BarRun, frame: Frame) -> float:
    least = frame.baseline * 0.14
    if run.duration_ms is None or not frame.longest:
        return frame.baseline * 0.5 if run.status == Status.RUNNING else least
    return max(least, frame.baseline * run.duration_ms / frame.longest)


def _title(run: BarRun) -> str:
    parts = [str(run.status)]
    if run.started_at is not None:
        parts.append(words.exact(run.started_at))
    if run.duration_ms is not None:
        parts.append(words.duration(run.duration_ms / 1000))
    return ", ".join(parts)


def _label(past: Sequence[BarRun], future: Sequence[datetime], now: datetime) -> str:
    """The same picture in words, for those who do not see it."""
    if not past:
        before = "No runs yet"
    else:
        counts = Counter(str(run.status) for run in past).most_common()
        before = f"Last {words.plural(len(past), 'run')}: " + ", ".join(f"{count} {name}" for name, count in counts)
    after = f"next {words.relative(future[0], now)}" if future else "nothing planned"
    return f"{before}; {after}"
