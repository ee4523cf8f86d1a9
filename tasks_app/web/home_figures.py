"""The figures of the home page: today beside last week, what waits, who works."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from django.contrib.auth.models import User
from django.utils import timezone

from tasks_app.selectors.effects import COUNTED
from tasks_app.selectors.health import live_workers
from tasks_app.selectors.home import waiting_runs
from tasks_app.selectors.paused import held_count
from tasks_app.selectors.rollups import Figures, span_figures
from tasks_app.web import words

_WEEK = timedelta(days=7)
_SHARPLY = 0.02


@dataclass(frozen=True)
class HomeFigures:
    """Each figure, and below it what it is to be seen beside; `is_held` where all that waits is in paused queues."""

    rate: str
    succeeded: str
    rate_beside: str
    is_worse: bool
    time: str
    time_beside: str
    waiting: str
    waits: str
    is_held: bool
    oldest: datetime | None
    workers: int
    busy: str


def home_figures(user: User, now: datetime) -> HomeFigures:
    """Read and word them; today begins at midnight in the reader's zone."""
    midnight = timezone.localtime(now).replace(hour=0, minute=0, second=0, microsecond=0, fold=0)
    today = span_figures(user, midnight, now)
    before = span_figures(user, midnight - _WEEK, midnight)
    waiting, alive = waiting_runs(user), live_workers()
    held = held_count(user) if waiting.count else 0
    is_held = held == waiting.count and 0 < held < COUNTED
    children, running = sum(one.concurrency for one in alive), sum(one.running for one in alive)
    return HomeFigures(
        rate=percent(today.success_rate),
        succeeded="succeeded today" if today.success_rate is None else f"{today.succeeded:,} succeeded today",
        rate_beside=_rate_beside(today, before),
        is_worse=_is_worse(today.success_rate, before.success_rate),
        time=words.duration(_seconds(today.mean_ms)),
        time_beside=f"last week {words.duration(_seconds(before.mean_ms))}" if before.mean_ms is not None else "",
        waiting=words.briefly(waiting.count),
        waits="waiting in a paused queue" if is_held else _waits(held),
        is_held=is_held,
        oldest=waiting.oldest,
        workers=len(alive),
        busy=f"{running} of {words.plural(children, 'child', 'children')} busy" if alive else "start one",
    )


def percent(share: float | None) -> str:
    """Say a share: one digit after the point, and 100 % only when it is all."""
    if share is None:
        return "–"
    said = f"{share * 100:.1f}".removesuffix(".0")
    return f"{'99.9' if said == '100' and share < 1 else said} %"


def _waits(held: int) -> str:
    return f"waiting, {words.briefly(held)} paused" if held else "waiting for a worker"


def _rate_beside(today: Figures, before: Figures) -> str:
    """Say how else runs have ended today, and how the rate stands beside that of the week before."""
    counts = {"failed": today.failed, "skipped": today.skipped, "cancelled": today.cancelled}
    told = [f"{count:,} {word}" for word, count in counts.items() if count]
    told += filter(None, [_beside_last_week(today.success_rate, before.success_rate)])
    return ", ".join(told) or ("none ended in 7 days" if today.success_rate is None else "none failed")


def _beside_last_week(today: float | None, before: float | None) -> str:
    if before is None:
        return ""
    if today is None:
        return f"last week {percent(before)}"
    points = round((today - before) * 100, 1)
    if not points:
        return "same rate as last week"
    return f"{abs(points):g} points {'above' if points > 0 else 'below'} last week"


def _is_worse(today: float | None, before: float | None) -> bool:
    return today is not None and before is not None and today < before - _SHARPLY


def _seconds(milliseconds: float | None) -> float | None:
    return None if milliseconds is None else milliseconds / 1000
