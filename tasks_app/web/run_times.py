"""The times of a run: how long it was in each state, and how long it will still take."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime
from functools import cache, partial
from typing import Any

from tasks_app.models import RunEvent, TaskRun
from tasks_app.selectors.run_times import began_to_wait, total_ms
from tasks_app.selectors.spans import whole_seconds
from tasks_app.selectors.usual import usual_of, usual_seconds
from tasks_app.states import FINAL, Status
from tasks_app.web import words

_LEAST_WIDTH = 0.6
_SURE_AFTER = 1.0
_WORTH_SAYING = 1.0


@dataclass(frozen=True)
class Step:
    """One state of the run, with the time spent in it (None where it lasts for ever)."""

    event: RunEvent
    spent: float | None
    is_last: bool


@dataclass(frozen=True)
class Stretch:
    """One state's share of the time; `x` and `width` are percent of the bar. `since`: when it began, if it goes on."""

    status: str
    seconds: float
    x: float
    width: float
    since: datetime | None = None


def steps_of(events: list[RunEvent]) -> list[Step]:
    """The states that the run went through."""
    moves = [event for event in events if event.version is not None]
    following = [*moves[1:], None][: len(moves)]
    return [
        Step(event, words.seconds_between(event.at, after.at if after else None), after is None)
        for event, after in zip(moves, following, strict=True)
    ]


def stretches(steps: list[Step], now: datetime) -> list[Stretch]:
    """The states as parts of a bar, as wide as they were long; what goes on lasts until now."""
    spans = [(step, _spent(step, now)) for step in steps if step.event.target not in FINAL]
    whole = sum(seconds for _, seconds in spans)
    if whole <= 0:
        return []
    widths = [max(_LEAST_WIDTH, 100 * seconds / whole) for _, seconds in spans]
    scale, found, x = 100 / sum(widths), [], 0.0
    for (step, seconds), width in zip(spans, widths, strict=True):
        since = step.event.at if step.spent is None else None
        found.append(Stretch(step.event.target, seconds, round(x, 2), round(width * scale, 2), since))
        x += width * scale
    return found


def took(run: TaskRun) -> str:
    """Say how long the last attempt took, and the whole where there was more to it."""
    if run.duration_ms is None:
        return ""
    last = words.duration(run.duration_ms / 1000)
    if whole := whole_time(run):
        return f"the last attempt took {last}; all attempts and waits together, {whole}"
    waited = words.seconds_between(began_to_wait(run), run.started_at)
    return f"it took {last}" + (
        f", after waiting {words.duration(waited)}" if waited and waited >= _WORTH_SAYING else ""
    )


def whole_time(run: TaskRun) -> str:
    """Say how long a run was in all that has ended after several attempts; empty for any other."""
    whole = total_ms(run) if run.claim_no > 1 and run.started_at else None
    return "" if whole is None else words.duration(whole / 1000)


def time_left(run: TaskRun, now: datetime) -> str:
    """Say how long the run will still take: by its own progress, otherwise by what its task usually takes."""
    return _left(run, now, lambda: usual_seconds(run))


def times_left(runs: Iterable[TaskRun], now: datetime) -> list[str]:
    """As `time_left` for some runs, asked about together."""
    runs = list(runs)
    read = cache(lambda: usual_of(run.task_id for run in runs if run.task_id))

    def usual(run: TaskRun) -> float | None:
        return read().get(run.task_id) if run.task_id else None

    return [_left(run, now, partial(usual, run)) for run in runs]


def _left(run: TaskRun, now: datetime, usual_of_it: Callable[[], float | None]) -> str:
    if run.status != Status.RUNNING or run.started_at is None or run.cancel_requested_at is not None:
        return ""
    spent = max(0.0, (now - run.started_at).total_seconds())
    by_progress = _by_progress(run.progress, spent)
    if by_progress is not None:
        return f"about {whole_seconds(max(1, by_progress))} left"
    usual = usual_of_it()
    if usual is None:
        return ""
    if spent > usual:
        return f"it usually takes {whole_seconds(max(1, usual))}"
    return f"about {whole_seconds(max(1, usual - spent))} left, going by its last runs"


def _by_progress(progress: Any, spent: float) -> float | None:
    if not isinstance(progress, dict) or spent < _SURE_AFTER:
        return None
    done, total = progress.get("done"), progress.get("total")
    if not isinstance(done, int | float) or not isinstance(total, int | float) or not 0 < done <= total:
        return None
    return spent / done * (total - done)


def _spent(step: Step, now: datetime) -> float:
    return step.spent if step.spent is not None else max(0.0, (now - step.event.at).total_seconds())
