"""The agenda: hour by hour, or day by day, which tasks start and when, on the reader's clock and on the task's."""

import uuid
from bisect import bisect_left
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from tasks_app.models import ScheduledTask
from tasks_app.recurrence.wording import zone_words
from tasks_app.services.load import Load, Part
from tasks_app.web import words
from tasks_app.web.look import Look, local, moment
from tasks_app.web.words import in_zone

_TIMES = 4


@dataclass(frozen=True)
class Entry:
    """A task and its starts within one part; `elsewhere` is the first of them on the task's own clock."""

    task: ScheduledTask
    times: str
    elsewhere: str


@dataclass(frozen=True)
class Page:
    """An hour or a day."""

    title: str
    runs: int
    tasks: int
    entries: list[Entry]
    rest: int
    href: str


def wanted(load: Load, most: int) -> set[uuid.UUID]:
    """Give the tasks that the agenda names."""
    return {task for part in load.parts for task, _ in _tasks(load, part, most)}


def draw(load: Load, look: Look, tasks: Mapping[uuid.UUID, ScheduledTask], *, most: int) -> list[Page]:
    """Give the parts in which something starts, the first `most` tasks of each."""
    return [_page(load, look, part, tasks, most) for part in load.parts if part.runs]


def _page(load: Load, look: Look, part: Part, tasks: Mapping[uuid.UUID, ScheduledTask], most: int) -> Page:
    entries = [
        _entry(tasks[task], _within(seconds, part), look) for task, seconds in _tasks(load, part, most) if task in tasks
    ]
    narrower = {"week": "day", "day": "hour"}.get(look.span)
    return Page(
        title=_title(part, look),
        runs=part.runs,
        tasks=part.tasks,
        entries=entries,
        rest=part.tasks - len(entries),
        href=look.at(narrower, part.start).href() if narrower else "",
    )


def _tasks(load: Load, part: Part, most: int) -> Iterator[tuple[uuid.UUID, Sequence[int]]]:
    left = most
    for number, _ in part.earliest():
        group = load.groups[number]
        for task in group.tasks[:left]:
            yield task, group.seconds
        left -= len(group.tasks)
        if left <= 0:
            return


def _within(seconds: Sequence[int], part: Part) -> Sequence[int]:
    return seconds[bisect_left(seconds, part.start) : bisect_left(seconds, part.end)]


def _title(part: Part, look: Look) -> str:
    start = local(part.start)
    if look.span == "week":
        return f"{start:%A}, {start.day} {start:%B}"
    return f"{words.clock(moment(part.start), look.now)}–{local(part.end):%H:%M}"


def _entry(task: ScheduledTask, seconds: Sequence[int], look: Look) -> Entry:
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
