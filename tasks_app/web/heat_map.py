"""A month of runs as a calendar: a cell per day, its depth is how many ended, its colour how many of them failed.

A number and a word stand in each cell, so that colour is never the only sign. What was cancelled or skipped did not do
its work and is told apart: it deepens no colour.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from types import MappingProxyType

from tasks_app.selectors.rollups import Ended
from tasks_app.web import words

_DAY = timedelta(days=1)
_WEEK = 7
_DEPTHS = 4
_NOWHERE: Mapping[date, str] = MappingProxyType({})
FIRST_YEAR, LAST_YEAR = 2000, 2199


@dataclass(frozen=True)
class Cell:
    """One day; `depth` is 0 to 4, `tone` one of none, good, mixed, bad.

    `query` is what the list of its runs is narrowed to; "" where they are kept no more.
    """

    day: date
    count: Ended | None
    depth: int
    tone: str
    is_today: bool
    is_future: bool
    planned: int | None
    query: str

    @property
    def title(self) -> str:
        """The day in words."""
        said = f"{self.day:%a} {self.day.day} {self.day:%b %Y}"
        if self.count is None:
            return f"{said}: {words.plural(self.planned, 'run')} planned" if self.planned else f"{said}: no runs"
        ended = [f"{self.count.succeeded:,} succeeded", f"{self.count.failed:,} failed", *_others(self.count)]
        return f"{said}: {', '.join(ended)}{self._gone}"

    @property
    def _gone(self) -> str:
        return "" if self.query else "; these runs are kept no more"

    @property
    def total(self) -> int:
        """How many runs ended well or badly."""
        return _total(self.count)


@dataclass(frozen=True)
class Month:
    """The weeks of a month, Monday first, with empty places before the first and after the last day."""

    start: date
    weeks: list[list[Cell | None]]
    finding: str
    before: date
    after: date

    @property
    def has_gone(self) -> bool:
        """Of some of its days figures alone are left."""
        cells = [cell for week in self.weeks for cell in week if cell is not None]
        return any(cell.count is not None and not cell.query for cell in cells)


def month_of(year: int, month: int) -> tuple[date, date]:
    """Give the first day of a month and of the next."""
    first = date(year, month, 1)
    return first, (first + 31 * _DAY).replace(day=1)


def draw(
    first: date,
    counts: Mapping[date, Ended],
    planned: Mapping[date, int],
    today: date,
    queries: Mapping[date, str] = _NOWHERE,
) -> Month:
    """Draw the month that begins with `first`; `queries` are the lists that days lead to."""
    _, following = month_of(first.year, first.month)
    days = [first + n * _DAY for n in range((following - first).days)]
    ended = {day: counts[day] for day in days if day in counts and any(counts[day][1:])}
    most = max(map(_total, ended.values()), default=0)
    cells: list[Cell | None] = [None] * first.weekday()
    cells += [
        Cell(
            day=day,
            count=ended.get(day),
            depth=_depth(_total(ended.get(day)), most),
            tone=_tone(ended.get(day)),
            is_today=day == today,
            is_future=day > today,
            planned=planned.get(day),
            query=queries.get(day, ""),
        )
        for day in days
    ]
    cells += [None] * (-len(cells) % _WEEK)
    return Month(
        start=first,
        weeks=[cells[n : n + _WEEK] for n in range(0, len(cells), _WEEK)],
        finding=_finding(list(ended.values())),
        before=(first - _DAY).replace(day=1),
        after=following,
    )


def _depth(total: int, most: int) -> int:
    return min(1 + (_DEPTHS - 1) * total // most, _DEPTHS) if total else 0


def _total(count: Ended | None) -> int:
    return count.succeeded + count.failed if count else 0


def _tone(count: Ended | None) -> str:
    if count is None or not _total(count):
        return "none"
    if not count.failed:
        return "good"
    return "bad" if count.failed * 2 >= _total(count) else "mixed"


def _finding(counts: list[Ended]) -> str:
    if not counts:
        return "No run has ended in this month."
    whole = Ended(counts[0].start, *(sum(getattr(one, name) for one in counts) for name in Ended._fields[1:]))
    said = [_ran(whole, sum(bool(one.failed) for one in counts)), *_others(whole)]
    return f"{'; '.join(said)}."


def _ran(whole: Ended, bad_days: int) -> str:
    if not _total(whole):
        return "No run succeeded or failed"
    ran = words.plural(_total(whole), "run")
    return f"{ran}; {whole.failed:,} failed, on {words.plural(bad_days, 'day')}" if bad_days else f"{ran}, none failed"


def _others(count: Ended) -> list[str]:
    """What ended without its work, in words."""
    found = {"cancelled": count.cancelled, "skipped": count.skipped}
    return [f"{number:,} {word}" for word, number in found.items() if number]
