"""The load of the next day as upkeep keeps it, for tasks that take long to plan.

What is kept begins at one minute and reaches half an hour further than a day, so that it tells of every day that begins
a few minutes later. Counts are exact for each of them: how many tasks start in an hour of which a part has passed is
told by the minutes in which tasks start there for the last time. Names are those that such a page shows; which tasks
start most often may be off by one start.
"""

import uuid
from bisect import bisect_left
from collections.abc import Collection, Iterable, Mapping, Sequence
from itertools import chain, islice, pairwise
from typing import Any

from tasks_app.services.crowding import LEAST, crowds
from tasks_app.services.load import HOUR, MINUTE, Counts, Load, Part, Together
from tasks_app.services.starts import Group, Starts, Window

DAY = 24 * HOUR
LENGTHS = (DAY, DAY + MINUTE)
"""A day that begins within a minute ends within one."""
LATER = 15
"""So many minutes later a day may begin."""
MORE = 2 * LATER * MINUTE
GRIDS = (0, 15, 30)
"""The minutes at which the hours of the world's zones begin, in UTC."""
ENTRIES, ROWS, NAMES = 10, 30, 4
"""How many tasks are named in an hour, by how often they start, and of those that start together."""
_CROWDS = 24
# In so many hours the day may begin.
_BEGUN = 2

Kept = Mapping[str, Any]
Named = dict[uuid.UUID, Sequence[int]]


def day_written(starts: Starts, *, places: int) -> dict[str, Any] | None:
    """Give what is kept of what starts within a day and `MORE`; None where that is too much to count."""
    named: Named = {}
    loads = [Load(starts, _edges(starts.window, grid), most=ENTRIES, places=places) for grid in GRIDS]
    whole = loads[0]
    if sum(whole.runs) != whole.total:
        return None
    often = dict(whole.most_often(ROWS))
    named.update(often)
    return {
        "start": starts.window.start,
        "is_complete": starts.is_complete,
        **{name: getattr(whole, name) for name in ("runs", "tasks", "marks")},
        "task_counts": {str(length): _task_counts(starts, length) for length in LENGTHS},
        "together": {str(mark): told for mark, told in _together(whole)},
        "grids": {str(grid): _grid(load, grid, named) for grid, load in zip(GRIDS, loads, strict=True)},
        "often": [str(task) for task in often],
        "named": {str(task): _written(seconds) for task, seconds in named.items()},
    }


def _edges(window: Window, grid: int) -> list[int]:
    return [window.start, *range(_next_hour(window.start, grid), window.end, HOUR), window.end]


def _next_hour(second: int, grid: int) -> int:
    return second - (second - grid * MINUTE) % HOUR + HOUR


def _task_counts(starts: Starts, length: int) -> list[int]:
    """Count for each minute at which the day may begin the tasks that start within it."""
    begins = [starts.window.start + later * MINUTE for later in range(LATER + 1)]
    found = [0] * len(begins)
    for group in starts.groups:
        if _has(group.seconds, begins[-1], begins[0] + length):
            found = [count + len(group.tasks) for count in found]
        else:
            for place, begin in enumerate(begins):
                found[place] += len(group.tasks) * _has(group.seconds, begin, begin + length)
    return found


def _has(seconds: Sequence[int], start: int, end: int) -> bool:
    at = bisect_left(seconds, start)
    return at < len(seconds) and seconds[at] < end


def _together(load: Load) -> Iterable[tuple[int, dict[str, Any]]]:
    found, _ = crowds(load, most=_CROWDS, least=LEAST)
    for crowd in found:
        mark = load.marks[crowd.minutes[0] // MINUTE - load.first_minute]
        yield mark, {"first": [str(task) for task in crowd.tasks[:NAMES]], "movable": crowd.movable_count}


def _grid(load: Load, grid: int, named: Named) -> dict[str, Any]:
    """Give what depends on where hours begin, and note the seconds of the tasks that are named for it."""
    steady, parts = dict(load.steadiest(ENTRIES)), []
    last = load.parts[0].start + LATER * MINUTE
    for number, part in enumerate(load.parts):
        tasks = dict(_earliest(load, part, last) if number < _BEGUN else load.tasks_of(part, ENTRIES))
        named.update(tasks)
        parts.append([str(task) for task in tasks])
    named.update(steady)
    firsts, lasts = _bounds(load, load.groups, grid)
    steady_firsts, steady_lasts = _bounds(load, [load.groups[number] for number in load.steady], grid)
    return {
        "firsts": firsts,
        "lasts": lasts,
        "steady": [str(task) for task in steady],
        "steady_count": load.steady_tasks(),
        "steady_firsts": steady_firsts,
        "steady_lasts": steady_lasts,
        "parts": parts,
    }


def _earliest(load: Load, part: Part, last: int) -> Iterable[tuple[uuid.UUID, Sequence[int]]]:
    """Give the tasks that begin earliest in what is left of an hour, whenever the day may begin in it."""
    steady, found = set(load.steady), set[int]()
    rest = [(number, group.seconds) for number, group in enumerate(load.groups) if number not in steady]
    starts = sorted({(second // MINUTE, number) for number, seconds in rest for second in part.within(seconds)})
    for begin in range(part.start, max(part.start, last) + MINUTE, MINUTE):
        seen, left = set[int](), ENTRIES
        for _, number in islice(starts, bisect_left(starts, (begin // MINUTE, 0)), None):
            left -= 0 if number in seen else len(load.groups[number].tasks)
            seen.add(number)
            if left <= 0:
                break
        found |= seen
    for number in sorted(found):
        yield from ((task, load.groups[number].seconds) for task in load.groups[number].tasks[:ENTRIES])


def _bounds(load: Load, groups: Iterable[Group], grid: int) -> tuple[list[int], list[int]]:
    """Count by minute the tasks that start there for the first, and those for the last time in an hour."""
    firsts, lasts = [0] * len(load.tasks), [0] * len(load.tasks)
    for group in groups:
        seconds, size, at = group.seconds, len(group.tasks), 0
        while at < len(seconds):
            second = seconds[at]
            firsts[second // MINUTE - load.first_minute] += size
            at = bisect_left(seconds, _next_hour(second, grid), at)
            lasts[seconds[at - 1] // MINUTE - load.first_minute] += size
    return firsts, lasts


def _written(seconds: Sequence[int]) -> Any:
    return {"range": [seconds.start, seconds.stop, seconds.step]} if isinstance(seconds, range) else list(seconds)


def _read(written: Any) -> Sequence[int]:
    return range(*written["range"]) if isinstance(written, dict) else written


def tells(kept: Kept, window: Window, edges: Sequence[int]) -> bool:
    """Say whether what is kept tells of this day, in these parts."""
    later, minutes = window.start - kept["start"], (window.end - window.start) // MINUTE
    if not 0 <= later <= LATER * MINUTE or minutes * MINUTE not in LENGTHS:
        return False
    inner = edges[1:-1]
    is_hourly = {after - before for before, after in pairwise(inner)} == {HOUR}
    return len(edges) == minutes + 1 or (is_hourly and inner[0] % HOUR // MINUTE in GRIDS)


def counts_of(kept: Kept, window: Window) -> Counts | None:
    """Give how much starts within this day, as far as what is kept tells of it."""
    if not 0 <= window.start - kept["start"] <= LATER * MINUTE or (length := window.end - window.start) not in LENGTHS:
        return None
    passed = (window.start - kept["start"]) // MINUTE
    runs = kept["runs"][passed : passed + length // MINUTE]
    task_count = kept["task_counts"][str(length)][passed]
    return Counts(sum(runs), task_count, kept["is_complete"], window.start // MINUTE, runs)


class KeptLoad(Load):
    """What a load tells, read from what is kept; `soonest` are the next tasks and what starts of them."""

    def __init__(self, kept: Kept, window: Window, edges: Sequence[int], soonest: Starts, *, most: int = 0) -> None:
        self._passed = (window.start - kept["start"]) // MINUTE
        here = slice(self._passed, self._passed + (window.end - window.start) // MINUTE)
        self.first_minute = window.start // MINUTE
        self.runs, self.tasks, self.marks = (kept[name][here] for name in ("runs", "tasks", "marks"))
        self.total, self.task_count = sum(self.runs), kept["task_counts"][str(window.end - window.start)][self._passed]
        self.is_complete = kept["is_complete"]
        self.owners = kept.get("owners")
        self.together = {int(mark): _told(told) for mark, told in kept["together"].items()}
        self.groups, self.steady, self._steady_count = [], [], 0
        self._numbers: dict[uuid.UUID, int] = {}
        self.parts = [Part(start, end) for start, end in pairwise(edges)]
        if len(self.parts) == len(self.runs):
            self._fill_minutes()
            return
        grid = kept["grids"][str(edges[1] % HOUR // MINUTE)]
        self._fill_hours(grid)
        if most:
            wanted = dict.fromkeys([*kept["often"], *grid["steady"], *chain(*grid["parts"])])
            self._name(soonest, {task: kept["named"][task] for task in wanted}, window)
            self.steady = self._numbered(grid["steady"])
            passed = (edges[1] - _next_hour(kept["start"], edges[1] % HOUR // MINUTE)) // HOUR
            self._name_in_parts(grid["parts"][passed:], most)

    def _fill_minutes(self) -> None:
        for part, runs, tasks in zip(self.parts, self.runs, self.tasks, strict=True):
            part.runs, part.tasks = runs, tasks

    def _fill_hours(self, grid: Kept) -> None:
        """Count in the parts: in an hour that has begun what ends in it, in all others what begins."""
        self._steady_count = grid["steady_count"]
        for number, part in enumerate(self.parts):
            start, end = part.start // MINUTE - self.first_minute, part.end // MINUTE - self.first_minute
            there = slice(start + self._passed, end + self._passed)
            what = "firsts" if number else "lasts"
            part.runs, part.tasks = sum(self.runs[start:end]), sum(grid[what][there])
            part.steady = sum(grid[f"steady_{what}"][there])

    def _name(self, soonest: Starts, named: Mapping[str, Any], window: Window) -> None:
        """Take the tasks that are named, each with its seconds in the window."""
        for group in soonest.groups:
            for task in group.tasks:
                self._add_named(task, group.seconds)
        for text, written in named.items():
            self._add_named(uuid.UUID(text), window.clip(_read(written)))

    def _add_named(self, task: uuid.UUID, seconds: Sequence[int]) -> None:
        if seconds and task not in self._numbers:
            self._numbers[task] = len(self.groups)
            self.groups.append(Group(seconds, [task]))

    def _name_in_parts(self, parts: Sequence[Collection[str]], most: int) -> None:
        for part, tasks in zip(self.parts, parts, strict=False):
            found: list[tuple[int, int, int, int]] = []
            for number in self._numbered(tasks):
                if here := part.within(self.groups[number].seconds):
                    found.append((here[0] // MINUTE, len(found), number, len(here)))
            part.first = [(-place, -number, count) for place, (_, _, number, count) in enumerate(sorted(found)[:most])]

    def _numbered(self, tasks: Collection[str]) -> list[int]:
        known = (self._numbers.get(uuid.UUID(task)) for task in tasks)
        return [number for number in known if number is not None]

    def steady_tasks(self) -> int:
        """How many tasks are steady; a few of them are named."""
        return self._steady_count


def _told(told: Mapping[str, Any]) -> Together:
    return Together([uuid.UUID(task) for task in told["first"]], told["movable"])
