"""The agenda: hour by hour, or day by day, which tasks start and when, on the reader's clock and on the task's.

What starts in every hour is told once, before the hours, and is not repeated in each of them.
"""

import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from tasks_app.recurrence.wording import zone_words
from tasks_app.selectors.planned import NamedTask
from tasks_app.services.crowding import crowd_size
from tasks_app.services.load import Load, Part
from tasks_app.web import words
from tasks_app.web.look import Look, local, moment
from tasks_app.web.words import in_zone

_TIMES = 4


@dataclass(frozen=True)
class Entry:
    """A task and its starts within one part; `elsewhere` is the first of them on the task's own clock."""

    task: NamedTask
    times: str
    elsewhere: str


@dataclass(frozen=True)
class Steady:
    """A task that starts at least once an hour: how often in all, and when next."""

    task: NamedTask
    runs: int
    next: str


@dataclass(frozen=True)
class Page:
    """An hour or a day; `steady` of its tasks are told elsewhere; `together` tells how many start at once, and when."""

    title: str
    runs: int
    tasks: int
    entries: list[Entry]
    rest: int
    href: str
    steady: int = 0
    together: str = ""
    is_crowded: bool = False


@dataclass(frozen=True)
class Agenda:
    """The steady tasks, how many of them are not named, and the hours with what else starts."""

    steady: list[Steady]
    steady_rest: int
    pages: list[Page]


def wanted(load: Load, most: int) -> set[uuid.UUID]:
    """Give the tasks that the agenda names."""
    steady = {task for task, _ in load.steadiest(most)}
    return steady | {task for part in load.parts for task, _ in load.tasks_of(part, most)}


def draw(load: Load, look: Look, tasks: Mapping[uuid.UUID, NamedTask], *, most: int) -> Agenda:
    """Give the parts in which something starts or tasks crowd a minute, the first `most` tasks of each."""
    pages = [_page(load, look, part, tasks, most) for part in load.parts if part.runs]
    steady = [_steady(tasks[task], seconds, look) for task, seconds in load.steadiest(most) if task in tasks]
    rest = load.steady_tasks() - len(steady)
    return Agenda(steady, rest, [page for page in pages if page.tasks > page.steady or page.is_crowded])


def _steady(task: NamedTask, seconds: Sequence[int], look: Look) -> Steady:
    return Steady(task, len(seconds), words.clock(moment(seconds[0]), look.now))


def _page(load: Load, look: Look, part: Part, tasks: Mapping[uuid.UUID, NamedTask], most: int) -> Page:
    named = [(tasks[task], seconds) for task, seconds in load.tasks_of(part, most) if task in tasks]
    entries = [_entry(task, part.within(seconds), look) for task, seconds in named]
    minute, together = load.busiest_of(part)
    narrower = {"week": "day", "day": "hour"}.get(look.span)
    return Page(
        title=_title(part, look),
        runs=part.runs,
        tasks=part.tasks,
        entries=entries,
        rest=part.tasks - part.steady - len(entries),
        href=look.at(narrower, part.start).href() if narrower else "",
        steady=part.steady,
        together=f"{together:,} at once at {_clock(minute)}" if together > 1 else "",
        is_crowded=together >= crowd_size(load),
    )


def _title(part: Part, look: Look) -> str:
    start = local(part.start)
    if look.span == "week":
        return f"{start:%A}, {start.day} {start:%B}"
    return f"{words.clock(moment(part.start), look.now)}–{local(part.end):%H:%M}"


def _entry(task: NamedTask, seconds: Sequence[int], look: Look) -> Entry:
    first, last = seconds[0], seconds[-1]
    if len(seconds) <= _TIMES:
        times = ", ".join(_clock(second) for second in seconds)
    else:
        times = f"{_clock(first)} to {_clock(last)}, {len(seconds):,} times"
    there = in_zone(moment(first), task.timezone)
    if there.utcoffset() == local(first).utcoffset():
        return Entry(task, times, "")
    day = "" if there.date() == local(first).date() else f"{there:%a} "
    return Entry(task, times, f"{day}{there:%H:%M}, {zone_words(task.timezone)}")


def _clock(second: int) -> str:
    at = local(second)
    return f"{at:%H:%M:%S}" if at.second else f"{at:%H:%M}"
