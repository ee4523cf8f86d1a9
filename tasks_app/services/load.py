"""How many runs start in each minute, and in each of the larger parts of a window, such as its hours."""

import heapq
import random
import uuid
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import pairwise

from tasks_app.selectors.access import Person
from tasks_app.selectors.brief import Brief, scope_of
from tasks_app.selectors.planned import PlannedFilters, planned_state
from tasks_app.services.starts import Group, Starts, Window, starts_within

MINUTE, HOUR = 60, 3600
_KEPT: "Brief[Load]" = Brief(seconds=60, most=20)
# With fewer parts nothing is said so often that it tires.
FEW_PARTS = 4
# Beyond so many (task, minute) pairs the rest counts in the total, but has no place any more: a quarter of a second.
PLACES = 600_000
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

    def earliest(self) -> list[tuple[int, int]]:
        """Give the groups that begin earliest here, in order, and how often each of their tasks starts."""
        return [(-number, count) for _, number, count in sorted(self.first, reverse=True)]


class Load:
    """Runs and tasks by minute and by part; `marks` are equal where the same tasks start.

    `steady` are the groups that start at least once an hour all the time, where the parts are to name tasks.
    """

    def __init__(self, starts: Starts, edges: Sequence[int], *, most: int = 0) -> None:
        self.groups = starts.groups
        self.is_complete = starts.is_complete
        self.first_minute = starts.window.start // MINUTE
        minutes = starts.window.end // MINUTE - self.first_minute
        self.runs, self.tasks, self.marks = [0] * minutes, [0] * minutes, [0] * minutes
        self.parts = [Part(start, end) for start, end in pairwise(edges)]
        self.total = sum(len(group.seconds) * len(group.tasks) for group in self.groups)
        self.task_count = sum(len(group.tasks) for group in self.groups)
        self.steady: list[int] = []
        self._part_of = _part_of_minutes(edges)
        self._most = most
        self._often = minutes * MINUTE // HOUR - 1
        self._count()

    def _count(self) -> None:
        left = PLACES
        for number, group in enumerate(self.groups):
            left -= min(len(group.seconds), len(self.runs))
            if left < 0:
                self.is_complete = False
                return
            self._add(number, group)

    def _add(self, number: int, group: Group) -> None:
        size, mark = len(group.tasks), _MARKS.getrandbits(62)
        runs, tasks, marks, part_of, first = self.runs, self.tasks, self.marks, self._part_of, self.first_minute
        part, began, often = -1, 0, 0
        found: list[tuple[int, int, int]] = []
        for minute, count in _minutes(group.seconds):
            place = minute - first
            runs[place] += count * size
            tasks[place] += size
            marks[place] ^= mark
            if part_of[place] == part:
                often += count
                continue
            if often:
                found.append((part, began, often))
            part, began, often = part_of[place], minute, count
        found.append((part, began, often))
        is_steady = self._is_steady(group, [part for part, _, _ in found])
        for part, began, often in found:
            self.parts[part].add(number, size, began, often, most=0 if is_steady else self._most)
            self.parts[part].steady += size if is_steady else 0
        if is_steady:
            self.steady.append(number)

    def _is_steady(self, group: Group, parts: Sequence[int]) -> bool:
        """Often enough, and missing in no part but the first and the last, which may be short."""
        if not self._most or len(self.parts) < FEW_PARTS or len(group.seconds) < self._often:
            return False
        return len(set(parts) - {0, len(self.parts) - 1}) == len(self.parts) - 2

    def busiest(self) -> int | None:
        """Give the first second of the first minute in which most runs start; None when nothing starts."""
        most = max(self.runs, default=0)
        return (self.first_minute + self.runs.index(most)) * MINUTE if most else None

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

    def busiest_of(self, part: Part) -> tuple[int, int]:
        """Give the first minute of a part in which most tasks start, as a second, and how many those are."""
        start, end = part.start // MINUTE - self.first_minute, part.end // MINUTE - self.first_minute
        most = max(self.tasks[start:end], default=0)
        return (self.first_minute + self.tasks.index(most, start, end)) * MINUTE if most else part.start, most

    def most_often(self, most: int) -> list[tuple[uuid.UUID, Sequence[int]]]:
        """Give the tasks that start most often, each with all its seconds."""
        return _tasks_of(heapq.nsmallest(most, self.groups, key=lambda group: -len(group.seconds)), most)


def load_within(user: Person, window: Window, filters: PlannedFilters, edges: Sequence[int], *, most: int = 0) -> Load:
    """Count what starts within a window of all tasks that the user may see and that match.

    Where that took long it is kept for a minute, unless somebody edits, makes or deletes one of the tasks.
    """
    key = (scope_of(user), window, filters, tuple(edges), most, planned_state(user, filters))
    return _KEPT.get(key, lambda: Load(starts_within(user, window, filters), edges, most=most))


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


def _minutes(seconds: Sequence[int]) -> Iterable[tuple[int, int]]:
    """Give the minutes in order, each with how many of the seconds lie in it."""
    if isinstance(seconds, range) and seconds.step < MINUTE:
        return _dense(seconds)
    return Counter(second // MINUTE for second in seconds).items()


def _dense(seconds: range) -> Iterator[tuple[int, int]]:
    """The same by arithmetic, for what has something in every minute."""
    before = 0
    for minute in range(seconds[0] // MINUTE, seconds[-1] // MINUTE + 1):
        until = min(len(seconds), -(-((minute + 1) * MINUTE - seconds.start) // seconds.step))
        yield minute, until - before
        before = until
