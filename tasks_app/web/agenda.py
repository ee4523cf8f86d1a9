"""The agenda: hour by hour, or day by day, which tasks start and when, on the reader's clock and on the task's.

What starts in every hour is told once, before the hours, and is not repeated in each of them.
"""

import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from html import escape

from django.utils.safestring import SafeString

from tasks_app.recurrence.wording import zone_words
from tasks_app.selectors.planned import NamedTask
from tasks_app.services.crowding import crowd_size
from tasks_app.services.load import Load, Part
from tasks_app.web import words
from tasks_app.web.addresses import address
from tasks_app.web.look import Look, local, moment
from tasks_app.web.words import in_zone

_TIMES = 4


@dataclass(frozen=True)
class Entry:
    """A task and its starts within one part; `elsewhere` is the first of them on the task's own clock."""

    task: NamedTask
    times: str
    elsewhere: str

    @property
    def line(self) -> str:
        """Its line; put together here, for the page has hundreds."""
        there = f' <span class="ink-3 small num">{escape(self.elsewhere)}</span>' if self.elsewhere else ""
        href = address("task-detail", self.task.id)
        name = f'<div class="grow"><a class="name" href="{href}">{escape(self.task.name)}</a></div>'
        return f'<li><span class="at num">{escape(self.times)}</span> {name}{there}</li>'


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

    @property
    def lines(self) -> SafeString:
        """The lines of all its entries."""
        return SafeString("".join([entry.line for entry in self.entries]))


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


class _Clocks:
    """What clocks show, kept while an agenda is drawn: many tasks start at once, and in few zones."""

    def __init__(self) -> None:
        self.here, self.there = cache(_here), cache(_there)


def draw(load: Load, look: Look, tasks: Mapping[uuid.UUID, NamedTask], *, most: int) -> Agenda:
    """Give the parts in which something starts or tasks crowd a minute, the first `most` tasks of each."""
    clocks = _Clocks()
    parts = [(part, _entries(load, part, tasks, clocks, most)) for part in load.parts if part.runs]
    pages = [_page(load, look, part, entries, clocks) for part, entries in parts]
    steady = [_steady(tasks[task], seconds, look) for task, seconds in load.steadiest(most) if task in tasks]
    rest = load.steady_tasks() - len(steady)
    return Agenda(steady, rest, [page for page in pages if page.tasks > page.steady or page.is_crowded])


def _steady(task: NamedTask, seconds: Sequence[int], look: Look) -> Steady:
    return Steady(task, len(seconds), words.clock(moment(seconds[0]), look.now))


def _page(load: Load, look: Look, part: Part, entries: list[Entry], clocks: _Clocks) -> Page:
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
        together=f"{together:,} at once at {clocks.here(minute)}" if together > 1 else "",
        is_crowded=together >= crowd_size(load),
    )


def _title(part: Part, look: Look) -> str:
    start = local(part.start)
    if look.span == "week":
        return f"{start:%A}, {start.day} {start:%B}"
    return f"{words.clock(moment(part.start), look.now)}–{local(part.end):%H:%M}"


def _entries(load: Load, part: Part, tasks: Mapping[uuid.UUID, NamedTask], clocks: _Clocks, most: int) -> list[Entry]:
    named = [(tasks[task], part.within(seconds)) for task, seconds in load.tasks_of(part, most) if task in tasks]
    return [Entry(task, _times(clocks, seconds), clocks.there(task.timezone, seconds[0])) for task, seconds in named]


def _times(clocks: _Clocks, seconds: Sequence[int]) -> str:
    if len(seconds) <= _TIMES:
        return ", ".join(map(clocks.here, seconds))
    return f"{clocks.here(seconds[0])} to {clocks.here(seconds[-1])}, {len(seconds):,} times"


def _there(zone: str, second: int) -> str:
    """Say an instant on the clock of a zone; nothing where the reader's shows the same."""
    here, there = local(second), in_zone(moment(second), zone)
    if there.utcoffset() == here.utcoffset():
        return ""
    day = "" if there.date() == here.date() else f"{there:%a} "
    return f"{day}{there:%H:%M}, {zone_words(zone)}"


def _here(second: int) -> str:
    at = local(second)
    return f"{at:%H:%M:%S}" if at.second else f"{at:%H:%M}"
