"""Crowded minutes: those in which many tasks start at once, told once for all minutes with the same tasks.

What many is depends on what is usual: where twenty tasks start every minute, five more are no crowd.
"""

import uuid
from bisect import bisect_left
from collections.abc import Sequence
from dataclasses import dataclass

from tasks_app.services.load import MINUTE, Load

LEAST, TIMES_USUAL = 5, 3
LONGEST_SPREAD = 3600
"""Seconds over which the page offers to spread a minute."""


@dataclass(frozen=True)
class Crowd:
    """Tasks that start together, in one minute or in several. `steady` ones start again within the hour.

    What starts that often is not offered to be spread: it would only start in the way of its own next slots. Of a load
    that is kept `tasks` are the first of them only; the counts are those of all.
    """

    minutes: list[int]
    tasks: list[uuid.UUID]
    steady: frozenset[uuid.UUID]
    runs: int
    task_count: int
    movable_count: int

    @property
    def movable(self) -> list[uuid.UUID]:
        """The tasks of which spreading makes fewer."""
        return [task for task in self.tasks if task not in self.steady]


def crowd_size(load: Load) -> int:
    """Give from how many tasks on a minute is crowded: five, and three times as many as in a usual minute."""
    return max(LEAST, -(-TIMES_USUAL * sum(load.tasks) // max(1, len(load.tasks))))


def crowded_minutes(load: Load) -> set[int]:
    """Give the crowded minutes, as seconds since 1970."""
    first, size = load.first_minute, crowd_size(load)
    return {(first + place) * MINUTE for place, tasks in enumerate(load.tasks) if tasks >= size}


def crowds(load: Load, *, most: int, least: int | None = None) -> tuple[list[Crowd], int]:
    """Give the largest crowds, and how many there are in all; from `least` tasks on, if that is said."""
    alike: dict[tuple[int, int], list[int]] = {}
    size = crowd_size(load) if least is None else least
    for place, tasks in enumerate(load.tasks):
        if tasks >= size:
            alike.setdefault((load.marks[place], tasks), []).append((load.first_minute + place) * MINUTE)
    ranked = sorted(alike.items(), key=lambda item: (-item[0][1], item[1][0]))
    return [crowd_at(load, minutes) for _, minutes in ranked[:most]], len(ranked)


def crowd_at(load: Load, minutes: Sequence[int]) -> Crowd:
    """Give the tasks that start in the first of the minutes; they are the same in the others."""
    minute = minutes[0]
    place = minute // MINUTE - load.first_minute
    runs, known = load.runs_at(minute), load.together.get(load.marks[place])
    if known is not None:
        return Crowd(list(minutes), known.first, frozenset(), runs, load.tasks[place], known.movable)
    tasks: list[uuid.UUID] = []
    steady: list[uuid.UUID] = []
    for group in load.groups:
        if _has(group.seconds, minute):
            tasks += group.tasks
            if _has(group.seconds, minute + MINUTE, minute + LONGEST_SPREAD):
                steady += group.tasks
    return Crowd(list(minutes), tasks, frozenset(steady), runs, len(tasks), len(tasks) - len(steady))


def _has(seconds: Sequence[int], start: int, end: int | None = None) -> bool:
    """Tell whether there is one from a second to before another, a minute later if left out."""
    at = bisect_left(seconds, start)
    return at < len(seconds) and seconds[at] < (end or start + MINUTE)
