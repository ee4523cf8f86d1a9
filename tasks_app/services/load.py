"""How many runs start in each minute, and in each of the larger parts of a window, such as its hours."""

import heapq
import random
import uuid
from bisect import bisect_left
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import accumulate, pairwise
from operator import add, xor
from typing import NamedTuple

from tasks_app.services.starts import Group, Starts, Window

MINUTE, HOUR = 60, 3600
# With fewer parts nothing is said so often that it tires.
FEW_PARTS = 4
# Beyond so many (task, minute) pairs the rest counts in the total, but has no place any more: a quarter of a second.
PLACES = 600_000
# Of so many minutes in a row only the first and the last are noted.
ROW = 4
_MARKS = random.SystemRandom()


@dataclass
class Part:
    """A part of the window. `first` holds what begins earliest in it: minus the minute, group number, how often."""

    start: int
    end: int
    runs: int = 0
    tasks: int = 0
    steady: int = 0
    """How many of the tasks are steady; those are not in `first`."""
    first: list[tuple[int, int, int]] = field(default_factory=list)

    def add(self, number: int, size: int, minute: int, count: int, *, most: int) -> None:
        """Count what a group of `size` tasks has in this part."""
        self.runs += count * size
        self.tasks += size
        if most:
            entry = (-minute, -number, count)
            if len(self.first) < most:
                heapq.heappush(self.first, entry)
            elif entry > self.first[0]:
                heapq.heapreplace(self.first, entry)

    def within(self, seconds: Sequence[int]) -> Sequence[int]:
        """Give those of the seconds that lie in this part."""
        return seconds[bisect_left(seconds, self.start) : bisect_left(seconds, self.end)]

    def earliest(self) -> list[tuple[int, int]]:
        """Give the groups that begin earliest here, in order, and how often each of their tasks starts."""
        return [(-number, count) for _, number, count in sorted(self.first, reverse=True)]


@dataclass(frozen=True)
class Together:
    """The first of the tasks that start in one minute, and how many of all do not start again within the hour."""

    first: list[uuid.UUID]
    movable: int


class Counts(NamedTuple):
    """How many runs of how many tasks start; `runs` has those of each minute from the first on."""

    total: int
    task_count: int
    is_complete: bool
    first_minute: int
    runs: Sequence[int]

    def busiest(self) -> tuple[int, int]:
        """Give the first second of the first minute in which most runs start, and how many those are."""
        most = max(self.runs, default=0)
        return (self.first_minute + (self.runs.index(most) if most else 0)) * MINUTE, most


class Load:
    """Runs and tasks by minute and by part; `marks` are equal where the same tasks start.

    `steady` are the groups that start at least once an hour all the time, where the parts are to name tasks. Where
    `groups` are not all there are (`KeptLoad`), who starts together is told by mark, and so are the owners.
    """

    def __init__(self, starts: Starts, edges: Sequence[int], *, most: int = 0, places: int = PLACES) -> None:
        self.groups = starts.groups
        self.is_complete = starts.is_complete
        self.first_minute = starts.window.start // MINUTE
        minutes = starts.window.end // MINUTE - self.first_minute
        self.tasks, self.marks = [0] * minutes, [0] * minutes
        self.parts = [Part(start, end) for start, end in pairwise(edges)]
        self.total = sum(len(group.seconds) * len(group.tasks) for group in self.groups)
        self.task_count = sum(len(group.tasks) for group in self.groups)
        self.steady: list[int] = []
        self.together: dict[int, Together] = {}
        self.owners: list[int] | None = None
        self._again = [0] * minutes
        self._on, self._over = [0] * (minutes + 1), [0] * (minutes + 1)
        self._part_of = _part_of_minutes(edges)
        self._ends = [end // MINUTE for end in edges[1:]]
        self._most = most
        self._often = minutes * MINUTE // HOUR - 1
        self._is_by_minute = len(self.parts) == minutes and not most
        self._count(places)
        self.tasks = list(map(add, self.tasks, accumulate(self._on[:-1])))
        self.marks = list(map(xor, self.marks, accumulate(self._over[:-1], xor)))
        self.runs: list[int] = list(map(add, self.tasks, self._again))
        if self._is_by_minute:
            for part, runs, tasks in zip(self.parts, self.runs, self.tasks, strict=True):
                part.runs, part.tasks = runs, tasks

    def _count(self, left: int) -> None:
        for number, group in enumerate(self.groups):
            left -= min(len(group.seconds), len(self.tasks))
            if left < 0:
                self.is_complete = False
                return
            self._add(number, group)

    def _add(self, number: int, group: Group) -> None:
        size, first = len(group.tasks), self.first_minute
        minutes, counts = _minutes(group.seconds)
        self._place(minutes, size)
        for minute, count in zip(minutes, counts, strict=False):  # none where each is 1
            self._again[minute - first] += (count - 1) * size
        if self._is_by_minute:
            return
        found = list(self._by_part(minutes, counts))
        is_steady = self._is_steady(group, [part for part, _, _ in found])
        for part, began, often in found:
            self.parts[part].add(number, size, began, often, most=0 if is_steady else self._most)
            self.parts[part].steady += size if is_steady else 0
        if is_steady:
            self.steady.append(number)

    def _place(self, minutes: Sequence[int], size: int) -> None:
        """Count the tasks in each minute; where it is one after the other, only where that begins and where it ends."""
        tasks, marks, mark, first = self.tasks, self.marks, _MARKS.getrandbits(62), self.first_minute
        start, end = minutes[0] - first, minutes[-1] - first + 1
        if end - start == len(minutes) > ROW:
            self._on[start] += size
            self._on[end] -= size
            self._over[start] ^= mark
            self._over[end] ^= mark
            return
        for minute in minutes:
            place = minute - first
            tasks[place] += size
            marks[place] ^= mark

    def _by_part(self, minutes: Sequence[int], counts: Sequence[int]) -> Iterator[tuple[int, int, int]]:
        """Give each part that has some of the minutes, the first of them there, and how many starts."""
        at = 0
        while at < len(minutes):
            part = self._part_of[minutes[at] - self.first_minute]
            end = bisect_left(minutes, self._ends[part], at)
            yield part, minutes[at], sum(counts[at:end]) if counts else end - at
            at = end

    def _is_steady(self, group: Group, parts: Sequence[int]) -> bool:
        """Often enough, and missing in no part but the first and the last, which may be short."""
        if not self._most or len(self.parts) < FEW_PARTS or len(group.seconds) < self._often:
            return False
        return len(set(parts) - {0, len(self.parts) - 1}) == len(self.parts) - 2

    def counts(self) -> Counts:
        """Give how much it is, and no more."""
        return Counts(self.total, self.task_count, self.is_complete, self.first_minute, self.runs)

    def runs_at(self, second: int) -> int:
        """How many runs start in the minute of this second."""
        return self.runs[second // MINUTE - self.first_minute]

    def soonest(self, most: int) -> list[tuple[uuid.UUID, Sequence[int]]]:
        """Give the tasks that start first, each with all its seconds."""
        return _tasks_of(heapq.nsmallest(most, self.groups, key=lambda group: group.seconds[0]), most)

    def steadiest(self, most: int) -> list[tuple[uuid.UUID, Sequence[int]]]:
        """Give the steady tasks that start most often, each with all its seconds."""
        groups = [self.groups[number] for number in self.steady]
        return _tasks_of(heapq.nsmallest(most, groups, key=lambda group: -len(group.seconds)), most)

    def steady_tasks(self) -> int:
        """How many tasks are steady."""
        return sum(len(self.groups[number].tasks) for number in self.steady)

    def tasks_of(self, part: Part, most: int) -> Iterator[tuple[uuid.UUID, Sequence[int]]]:
        """Give the tasks that begin earliest in a part, steady ones left out, each with all its seconds."""
        left = most
        for number, _ in part.earliest():
            group = self.groups[number]
            for task in group.tasks[:left]:
                yield task, group.seconds
            left -= len(group.tasks)
            if left <= 0:
                return

    def busiest_of(self, part: Part) -> tuple[int, int]:
        """Give the first minute of a part in which most tasks start, as a second, and how many those are."""
        start, end = part.start // MINUTE - self.first_minute, part.end // MINUTE - self.first_minute
        most = max(self.tasks[start:end], default=0)
        return (self.first_minute + self.tasks.index(most, start, end)) * MINUTE if most else part.start, most

    def most_often(self, most: int) -> list[tuple[uuid.UUID, Sequence[int]]]:
        """Give the tasks that start most often, each with all its seconds."""
        return _tasks_of(heapq.nsmallest(most, self.groups, key=lambda group: -len(group.seconds)), most)


def _tasks_of(groups: Iterable[Group], most: int) -> list[tuple[uuid.UUID, Sequence[int]]]:
    found = [(task, group.seconds) for group in groups for task in group.tasks[:most]]
    return found[:most]


def minutes_of(window: Window) -> list[int]:
    """Give the edges of the window's minutes."""
    return list(range(window.start, window.end + 1, MINUTE))


def hours_of(window: Window) -> list[int]:
    """Give the edges of the window's hours, in UTC; the first and the last may be parts of one."""
    full = range(-(-window.start // HOUR) * HOUR, window.end, HOUR)
    return [window.start, *(edge for edge in full if edge > window.start), window.end]


def _part_of_minutes(edges: Sequence[int]) -> list[int]:
    return [number for number, (start, end) in enumerate(pairwise(edges)) for _ in range((end - start) // MINUTE)]


def _minutes(seconds: Sequence[int]) -> tuple[Sequence[int], Sequence[int]]:
    """Give the minutes in order, and how many of the seconds lie in each; nothing of that where it is one in each."""
    if isinstance(seconds, range) and seconds.step < MINUTE:
        return _dense(seconds)
    minutes = [second // MINUTE for second in seconds]
    counts = dict.fromkeys(minutes, 0)
    if len(counts) == len(minutes):
        return minutes, ()
    for minute in minutes:
        counts[minute] += 1
    return list(counts), list(counts.values())


def _dense(seconds: range) -> tuple[Sequence[int], Sequence[int]]:
    """The same by arithmetic, for what has something in every minute."""
    minutes = range(seconds[0] // MINUTE, seconds[-1] // MINUTE + 1)
    if MINUTE % seconds.step == 0 and len(minutes) > 1:
        counts = [MINUTE // seconds.step] * len(minutes)
        counts[0] = -(-((minutes[0] + 1) * MINUTE - seconds[0]) // seconds.step)
        counts[-1] = len(seconds) - counts[0] - sum(counts[1:-1])
        return minutes, counts
    ends = [min(len(seconds), -(-((minute + 1) * MINUTE - seconds.start) // seconds.step)) for minute in minutes]
    return minutes, [after - before for before, after in pairwise([0, *ends])]
