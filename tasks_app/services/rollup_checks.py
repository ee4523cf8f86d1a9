"""Counting hours a second time, from the runs themselves: who wrote late, behind the mark, is counted after all.

A run can be committed with an end that lies before the mark, by the length of a lease at most. So an hour is compared
with its runs ten minutes after it. Figures only grow by that: runs that have been deleted meanwhile stay counted.
"""

import time
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.db import transaction
from django.db.models import Case, Count, IntegerField, Q, QuerySet, Sum, Value, When
from django.db.models.functions import Coalesce

from tasks_app.models import RollupMark, RunRollup, TaskRun, db_now
from tasks_app.models.rollup import NO_OWNER, NO_TASK
from tasks_app.selectors.rollup_spans import Grain, floor
from tasks_app.selectors.run_sums import COUNTS, EndedRun, Sums
from tasks_app.services.rollup_writes import Key, add_figures, task_keys, total_keys
from tasks_app.services.rollups import MARK, PIECE, SECONDS, locked_mark
from tasks_app.states import Status

LATE = timedelta(minutes=10)
OLDEST = timedelta(hours=20)
"""Runs are kept for a day at least; an hour that is older than this could miss some already, and is left as it is."""

_HOUR = timedelta(hours=1)
_Owned = tuple[int, UUID, str]


def rollup_check(actor: str) -> int:
    """Count hours that are over a second time, for about 0.4 s; gives the number of hours."""
    until, hours, now = time.monotonic() + SECONDS, 0, db_now()
    while time.monotonic() < until:
        mark = RollupMark.objects.filter(name=MARK).first()
        if mark is None:
            break
        hour = max(mark.checked_to, floor(now - OLDEST, Grain.HOUR))
        if hour + _HOUR > min(mark.counted_to, now - LATE) or not _check(mark.checked_to, hour):
            break
        hours += 1
    return hours


def _check(checked_to: datetime, hour: datetime) -> bool:
    """Add what an hour lacks and move the mark behind it; False where another process has, or is about to."""
    missing = _missing(hour)
    with transaction.atomic():
        mark = locked_mark()
        if mark is None or mark.checked_to != checked_to:
            return False
        add_figures(missing)
        mark.checked_to = hour + _HOUR
        mark.save(update_fields=["checked_to"])
    return True


def _missing(hour: datetime) -> dict[Key, Sums]:
    """Give what the rows of an hour, its day and the types lack of the runs that ended in it."""
    ended = TaskRun.objects.filter(finished_at__gte=hour, finished_at__lt=hour + _HOUR).order_by()
    rows = RunRollup.objects.filter(grain=Grain.HOUR, start=hour)
    known = {(row.owner_id, row.task_id, row.type): row for row in rows}
    short = {owned: Sums() for owned, counts in _counts(ended).items() if _lacks(known.get(owned), counts)}
    if not short:
        return {}
    for row in ended.values_list(*EndedRun._fields).iterator(chunk_size=PIECE):
        run = EndedRun(*row)
        sums = short.get((run.owner_id or NO_OWNER, run.task_id or NO_TASK, run.type))
        if sums is not None:
            sums.count(run)
    missing: dict[Key, Sums] = {}
    for owned, sums in short.items():
        more = sums.less(known.get(owned) or Sums())
        if more is not None:  # else some have been deleted, and nobody can say which
            _put(missing, hour, owned, more)
    return missing


def _counts(ended: QuerySet[TaskRun]) -> dict[_Owned, dict[str, int]]:
    """Count the runs of each owner, task and type by status, in the database."""
    known = Coalesce("range_count", Value(1), output_field=IntegerField())
    slots = Case(When(range_to=None, then=Value(1)), default=known, output_field=IntegerField())
    plain = {status: Count("id", filter=Q(status=status)) for status in COUNTS if status != Status.SKIPPED}
    skipped: Any = Coalesce(Sum(slots, filter=Q(status=Status.SKIPPED)), Value(0))
    found: Any = ended.values("owner_id", "task_id", "type").annotate(**plain, skipped=skipped)
    return {(row["owner_id"] or NO_OWNER, row["task_id"] or NO_TASK, row["type"]): row for row in found}


def _lacks(known: RunRollup | None, counts: dict[str, int]) -> bool:
    return any(counts[name] > (getattr(known, name) if known else 0) for name in COUNTS)


def _put(missing: dict[Key, Sums], hour: datetime, owned: _Owned, more: Sums) -> None:
    """Add it to every row but those of minutes, of which nobody knows any more which one it is."""
    owner_id, _, type_name = owned
    for key in (*task_keys(hour, *owned), *total_keys(hour, owner_id, type_name)):
        if key.grain != Grain.MINUTE:
            missing.setdefault(key, Sums()).add(more)
