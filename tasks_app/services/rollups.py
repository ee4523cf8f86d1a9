"""Counting ended runs into RunRollup: each once, in small pieces, by any number of processes at once.

A piece is read without a lock; then the one RollupMark row is locked, and where the mark still stands at which the
piece began, its figures are added and the mark is moved, in one transaction. Who comes too late throws its piece away.
"""

import time
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db import connection, transaction
from django.db.models import QuerySet

from tasks_app.models import RollupMark, RunRollup, TaskRun, db_now
from tasks_app.selectors.rollup_spans import KEPT, Grain, floor
from tasks_app.selectors.run_sums import EndedRun
from tasks_app.services.rollup_writes import Tally, add_figures

MARK = "runs"
PIECE = 2500
SUMS = {"sqlite": 1000, "postgresql": 10_000}
"""So many sums at most a piece makes: about twice as many rows are written in one transaction, for which nobody may
wait long where only one process writes at a time."""
SECONDS = 0.4
SETTLED = timedelta(seconds=2)
_AT_ONCE = 1000
_INSTANT = timedelta(microseconds=1)


@dataclass(frozen=True)
class Piece:
    """What the runs that ended from one instant, where the mark stands, to another come to."""

    start: datetime
    end: datetime
    tally: Tally


def rollup_count(actor: str) -> int:
    """Count the runs that have ended lately, for about 0.4 s; gives their number."""
    until, count = time.monotonic() + SECONDS, 0
    end = db_now() - SETTLED
    while time.monotonic() < until:
        mark = mark_at(end)
        if mark.counted_to >= end:
            break
        piece = _read(mark.counted_to, end)
        if not _keep(piece):
            break
        count += piece.tally.runs
    return count


@transaction.atomic
def rollup_add(runs: QuerySet[TaskRun]) -> int:
    """Count runs that were written down with an end that the mark has passed, as an import does; gives their number.

    Called in the transaction that writes them. What ended after the mark is left to the next round.
    """
    mark = RollupMark.objects.select_for_update().filter(name=MARK).first()
    if mark is None:
        return 0
    now, count = db_now(), 0
    tally = Tally(now)
    # Task by task: so the runs of a day come one after the other, and its row is written once.
    ordered = runs.filter(finished_at__lt=mark.counted_to).order_by("task_id", "finished_at")
    ended = ordered.values_list(*EndedRun._fields)
    for row in ended.iterator(chunk_size=PIECE):
        if len(tally) >= most_sums():
            add_figures(tally.figures())
            count, tally = count + tally.runs, Tally(now)
        tally.count(EndedRun(*row))
    add_figures(tally.figures())
    return count + tally.runs


def rollup_prune(actor: str) -> int:
    """Drop some of the figures that are kept no longer, oldest first; gives their number."""
    now, count = db_now(), 0
    for grain, kept in KEPT.items():
        old = RunRollup.objects.filter(grain=grain, start__lt=floor(now - kept, grain)).order_by("start")
        count += RunRollup.objects.filter(id__in=list(old.values_list("id", flat=True)[:_AT_ONCE])).delete()[0]
    return count


def most_sums() -> int:
    """Give the most sums of a piece on this database."""
    return SUMS[connection.vendor]


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


def _read(start: datetime, end: datetime) -> Piece:
    """Add up the next runs to count. A piece ends between two instants: runs that ended at one stay together."""
    tally, rows = Tally(end), TaskRun.objects.order_by("finished_at").values_list(*EndedRun._fields)
    found = rows.filter(finished_at__gte=start, finished_at__lt=end)[: PIECE + 1]
    runs = list(map(EndedRun._make, found))
    if len(runs) > PIECE:
        end = runs[-1].finished_at
        if runs[0].finished_at == end:
            return _read_instant(start, end, tally)
    before = start
    for run in runs:
        if run.finished_at != before and len(tally) >= most_sums():
            return Piece(start, run.finished_at, tally)
        before = run.finished_at
        if before == end:
            break
        tally.count(run)
    return Piece(start, end, tally)


def _read_instant(start: datetime, instant: datetime, tally: Tally) -> Piece:
    """Add up all that ended at one instant, as when thousands are cancelled in one statement."""
    rows = TaskRun.objects.filter(finished_at=instant).values_list(*EndedRun._fields)
    for row in rows.iterator(chunk_size=PIECE):
        tally.count(EndedRun(*row))
    return Piece(start, instant + _INSTANT, tally)


def _keep(piece: Piece) -> bool:
    """Add a piece and move the mark behind it; False where another process has, or is about to."""
    figures = piece.tally.figures()
    with transaction.atomic():
        mark = locked_mark()
        if mark is None or mark.counted_to != piece.start:
            return False
        add_figures(figures)
        mark.counted_to = piece.end
        mark.save(update_fields=["counted_to"])
    return True
