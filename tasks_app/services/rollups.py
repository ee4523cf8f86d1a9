"""Counting ended runs into RunRollup: each once, in small pieces, by any number of processes at once.

A piece is read without a lock; then the one RollupMark row is locked, and where the mark still stands at which the
piece began, its figures are added and the mark is moved, in one transaction. Who comes too late throws its piece away.
"""

import time
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import groupby
from operator import attrgetter
from typing import NamedTuple
from uuid import UUID

from django.db import connection, transaction
from django.db.models import QuerySet

from tasks_app.models import RollupMark, RunRollup, TaskRun, db_now
from tasks_app.models.rollup import NO_OWNER, NO_TASK
from tasks_app.selectors.rollup_spans import EVER_START, KEPT, Grain, floor
from tasks_app.selectors.run_sums import COLUMNS, EndedRun, Sums

MARK = "runs"
PIECE = 5000
ROWS = 500
SECONDS = 0.2
SETTLED = timedelta(seconds=2)
_AT_ONCE = 1000
_INSTANT = timedelta(microseconds=1)
_UNIQUE = ("grain", "start", "owner_id", "task_id", "type")


class Key(NamedTuple):
    """Which row of RunRollup."""

    grain: str
    start: datetime
    owner_id: int
    task_id: UUID
    type: str


class Cell(NamedTuple):
    """The finest that is told apart: a minute of a task's runs of a type; an hour or a day where no minute is kept."""

    start: datetime
    owner_id: int
    task_id: UUID
    type: str


@dataclass(frozen=True)
class Piece:
    """What the runs that ended from one instant, where the mark stands, to another come to."""

    start: datetime
    end: datetime
    runs: int
    cells: Mapping[Cell, Sums]


def rollup_count(actor: str) -> int:
    """Count the runs that have ended lately, for about 0.2 s; gives their number."""
    until, count = time.monotonic() + SECONDS, 0
    end = db_now() - SETTLED
    while time.monotonic() < until:
        mark = mark_at(end)
        if mark.counted_to >= end:
            break
        piece = _read(mark.counted_to, end)
        if not _keep(piece):
            break
        count += piece.runs
    return count


@transaction.atomic
def rollup_add(runs: QuerySet[TaskRun]) -> int:
    """Count runs that were written down with an end that the mark has passed, as an import does; gives their number.

    Called in the transaction that writes them. What ended after the mark is left to the next round.
    """
    mark = RollupMark.objects.select_for_update().filter(name=MARK).first()
    if mark is None:
        return 0
    now, count, cells = db_now(), 0, defaultdict[Cell, Sums](Sums)
    # Task by task: so the runs of a day come one after the other, and its row is written once.
    ordered = runs.filter(finished_at__lt=mark.counted_to).order_by("task_id", "finished_at")
    ended = ordered.values_list(*EndedRun._fields)
    for row in ended.iterator(chunk_size=PIECE):
        if len(cells) >= ROWS:
            add_figures(_figures(cells, now))
            cells.clear()
        count += _tally([EndedRun(*row)], cells, now)
    add_figures(_figures(cells, now))
    return count


def rollup_prune(actor: str) -> int:
    """Drop some of the figures that are kept no longer, oldest first; gives their number."""
    now, count = db_now(), 0
    for grain, kept in KEPT.items():
        old = RunRollup.objects.filter(grain=grain, start__lt=floor(now - kept, grain)).order_by("start")
        count += RunRollup.objects.filter(id__in=list(old.values_list("id", flat=True)[:_AT_ONCE])).delete()[0]
    return count


def mark_at(end: datetime) -> RollupMark:
    """Give the mark; the first time it begins where the oldest run ended."""
    mark = RollupMark.objects.filter(name=MARK).first()
    if mark is None:
        ended = TaskRun.objects.filter(finished_at__isnull=False).order_by("finished_at")
        first = min(ended.values_list("finished_at", flat=True).first() or end, end)
        fresh = {"counted_to": first, "checked_to": floor(first, Grain.HOUR)}
        mark, _ = RollupMark.objects.get_or_create(name=MARK, defaults=fresh)
    return mark


def locked_mark() -> RollupMark | None:
    """Hold the mark and give it; None where another process holds it."""
    skips = connection.features.has_select_for_update_skip_locked
    return RollupMark.objects.select_for_update(skip_locked=skips).filter(name=MARK).first()


def add_figures(figures: Mapping[Key, Sums]) -> None:
    """Add figures to the rows; whoever calls it holds the mark."""
    by_grain: dict[str, dict[Key, Sums]] = defaultdict(dict)
    for key, sums in figures.items():
        by_grain[key.grain][key] = sums
    for grain, of_grain in by_grain.items():
        known = _known(grain, of_grain)
        rows = [_row(key, sums, known.get(key)) for key, sums in of_grain.items()]
        RunRollup.objects.bulk_create(
            rows, batch_size=ROWS, update_conflicts=True, unique_fields=_UNIQUE, update_fields=COLUMNS
        )


def _read(start: datetime, end: datetime) -> Piece:
    """Add up the next runs to count. A piece ends between two instants: runs that ended at one stay together."""
    now, rows = end, TaskRun.objects.order_by("finished_at").values_list(*EndedRun._fields)
    runs = [EndedRun(*row) for row in rows.filter(finished_at__gte=start, finished_at__lt=end)[: PIECE + 1]]
    if len(runs) > PIECE:
        end = runs[-1].finished_at
        runs = [run for run in runs if run.finished_at < end]
        if not runs:
            return _read_instant(start, end, now)
    cells: dict[Cell, Sums] = defaultdict(Sums)
    count = 0
    for instant, ended in groupby(runs, key=attrgetter("finished_at")):
        if len(cells) >= ROWS:
            return Piece(start, instant, count, cells)
        count += _tally(ended, cells, now)
    return Piece(start, end, count, cells)


def _read_instant(start: datetime, instant: datetime, now: datetime) -> Piece:
    """Add up all that ended at one instant, as when thousands are cancelled in one statement."""
    cells: dict[Cell, Sums] = defaultdict(Sums)
    rows = TaskRun.objects.filter(finished_at=instant).values_list(*EndedRun._fields)
    count = _tally((EndedRun(*row) for row in rows.iterator(chunk_size=PIECE)), cells, now)
    return Piece(start, instant + _INSTANT, count, cells)


def _finest(at: datetime, now: datetime) -> RunRollup.Grain:
    """Give the finest grain whose rows of an instant are kept: an old history is counted in large pieces."""
    return next((grain for grain in (Grain.MINUTE, Grain.HOUR) if at >= now - KEPT[grain]), Grain.DAY)


def _tally(runs: Iterable[EndedRun], cells: dict[Cell, Sums], now: datetime) -> int:
    count = 0
    for run in runs:
        count += 1
        start = floor(run.finished_at, _finest(run.finished_at, now))
        cells[Cell(start, run.owner_id or NO_OWNER, run.task_id or NO_TASK, run.type)].count(run)
    return count


def _keep(piece: Piece) -> bool:
    """Add a piece and move the mark behind it; False where another process has, or is about to."""
    figures = _figures(piece.cells, db_now())
    with transaction.atomic():
        mark = locked_mark()
        if mark is None or mark.counted_to != piece.start:
            return False
        add_figures(figures)
        mark.counted_to = piece.end
        mark.save(update_fields=["counted_to"])
    return True


def _figures(cells: Mapping[Cell, Sums], now: datetime) -> dict[Key, Sums]:
    """Give what cells add to which rows; what would be dropped at once is left out."""
    figures: dict[Key, Sums] = defaultdict(Sums)
    for cell, sums in cells.items():
        for key in _keys(cell):
            if key.grain == Grain.EVER or key.start >= now - KEPT[Grain(key.grain)]:
                figures[key].add(sums)
    return figures


def _keys(cell: Cell) -> Iterable[Key]:
    yield Key(Grain.MINUTE, cell.start, cell.owner_id, NO_TASK, cell.type)
    yield Key(Grain.HOUR, floor(cell.start, Grain.HOUR), cell.owner_id, cell.task_id, cell.type)
    yield Key(Grain.DAY, floor(cell.start, Grain.DAY), cell.owner_id, cell.task_id, cell.type)
    yield Key(Grain.EVER, EVER_START, NO_OWNER, NO_TASK, cell.type)


def _known(grain: str, figures: Mapping[Key, Sums]) -> dict[Key, RunRollup]:
    rows = RunRollup.objects.filter(
        grain=grain,
        start__in={key.start for key in figures},
        owner_id__in={key.owner_id for key in figures},
        task_id__in={key.task_id for key in figures},
    )
    return {Key(row.grain, row.start, row.owner_id, row.task_id, row.type): row for row in rows}


def _row(key: Key, sums: Sums, known: RunRollup | None) -> RunRollup:
    whole = Sums()
    whole.add(sums)
    if known is not None:
        whole.add(known)
    return RunRollup(**key._asdict(), **{name: getattr(whole, name) for name in COLUMNS})
