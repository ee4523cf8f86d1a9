"""Lanes: one for each task, with a hollow tick for each start, or a band where there are too many to be told apart."""

import uuid
from bisect import bisect_left
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from html import escape
from itertools import pairwise
from typing import NamedTuple

from django.utils.safestring import SafeString

from tasks_app.selectors.planned import NamedTask
from tasks_app.services.crowding import crowded_minutes
from tasks_app.services.load import MINUTE, Load
from tasks_app.web import words
from tasks_app.web.load_chart import across
from tasks_app.web.look import Look, moment

MOST_TICKS, CELLS = 100, 96
# With more ticks than that nobody points at one of them.
MOST_TITLES = 26
# Starts per hour from which a band is drawn darker.
_DENSER = (12, 60, 360)


class Tick(NamedTuple):
    """One start."""

    x: float
    title: str
    is_crowded: bool

    @property
    def shape(self) -> str:
        """Its element; put together here, for the page draws thousands of them."""
        crowded = " crowded" if self.is_crowded else ""
        title = f"<title>{escape(self.title)}</title>" if self.title else ""
        return f'<rect class="tick{crowded}" x="{self.x}%" y="8" width="4" height="12">{title}</rect>'


@dataclass(frozen=True)
class Band:
    """A time in which the task starts again and again; the level says how often."""

    x: float
    width: float
    level: int

    @property
    def shape(self) -> str:
        """Its element."""
        return f'<rect class="band d{self.level}" x="{self.x}%" y="8" width="{self.width}%" height="12" />'


@dataclass(frozen=True)
class Lane:
    """A task and what starts of it."""

    task: NamedTask
    ticks: list[Tick]
    bands: list[Band]
    count: int
    label: str

    @property
    def marks(self) -> SafeString:
        """The elements of all."""
        return SafeString("".join([band.shape for band in self.bands] + [tick.shape for tick in self.ticks]))


def draw(
    load: Load, look: Look, rows: Sequence[tuple[uuid.UUID, Sequence[int]]], tasks: Mapping[uuid.UUID, NamedTask]
) -> list[Lane]:
    """Draw a lane for each task that is still there."""
    crowded, told = crowded_minutes(load), cache(_title_of)
    return [_lane(look, crowded, told, tasks[task], seconds) for task, seconds in rows if task in tasks]


def _title_of(second: int) -> str:
    return f"planned {words.exact(moment(second))}"


def _lane(look: Look, crowded: set[int], told: Callable[[int], str], task: NamedTask, seconds: Sequence[int]) -> Lane:
    is_dense, is_told, start = len(seconds) > MOST_TICKS, len(seconds) <= MOST_TITLES, look.window.start
    ticks = [
        Tick(across(look, second - start), told(second) if is_told else "", second // MINUTE * MINUTE in crowded)
        for second in (() if is_dense else seconds)
    ]
    label = f"{words.plural(len(seconds), 'run')}, first {words.relative(moment(seconds[0]), look.now)}"
    return Lane(task, ticks, _bands(look, seconds) if is_dense else [], len(seconds), label)


def _bands(look: Look, seconds: Sequence[int]) -> list[Band]:
    """Merge cells of one level into bands."""
    start, size = look.window.start, (look.window.end - look.window.start) / CELLS
    edges = [bisect_left(seconds, start + cell * size) for cell in range(CELLS + 1)]
    counts = [after - before for before, after in pairwise(edges)]
    levels = [sum(count * 3600 / size >= bound for bound in _DENSER) + 1 if count else 0 for count in counts]
    found: list[Band] = []
    first = 0
    for cell in range(1, CELLS + 1):
        if cell == CELLS or levels[cell] != levels[first]:
            if levels[first]:
                found.append(Band(across(look, first * size), across(look, (cell - first) * size), levels[first]))
            first = cell
    return found
