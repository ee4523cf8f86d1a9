"""Counting hours a second time, from the runs themselves: who wrote late, behind the mark, is counted after all.

A run can be committed with an end that lies before the mark, by the length of a lease at most. So an hour is compared
with its runs ten minutes after it. Figures only grow by that: runs that have been deleted meanwhile stay counted.
"""

import time
from collections import defaultdict
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
_ANY_OWNER = -2
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
    has_missing = bool(_missing(hour))
    with transaction.atomic():
        mark = locked_mark()
        if mark is None or mark.checked_to != checked_to:
            return False
        if has_missing:  # once more, while nobody adds figures: an import may have been half seen
            add_figures(_missing(hour))
        mark.checked_to = hour + _HOUR
        mark.save(update_fields=["checked_to"])
    return True


def _missing(hour: datetime) -> dict[Key, Sums]:
    """Give what the rows of an hour, its day and the types lack of the runs that ended in it."""
    ended = TaskRun.objects.filter(finished_at__gte=hour, finished_at__lt=hour + _HOUR).order_by()
    known: dict[_Owned, Sums] = defaultdict(Sums)
    for row in RunRollup.objects.filter(grain=Grain.HOUR, start=hour):
        known[_owned(row.owner_id, row.task_id, row.type)].add(row)
    short = {owned: Sums() for owned, counts in _counts(ended).items() if _lacks(known[owned], counts)}
    if not short:
        return {}
    owners: dict[_Owned, int] = {}
    for values in ended.values_list(*EndedRun._fields).iterator(chunk_size=PIECE):
        run = EndedRun(*values)
        owned = _owned(run.owner_id, run.task_id, run.type)
        if owned in short:
            short[owned].count(run)
            owners[owned] = run.owner_id or NO_OWNER
    missing: dict[Key, Sums] = {}
    for owned, sums in short.items():
        more = sums.less(known[owned])
        if more is not None and owned in owners:  # else some have been deleted, and nobody can say which
            _put(missing, hour, (owners[owned], *owned[1:]), more)
    return missing


def _owned(owner_id: int | None, task_id: UUID | None, type_name: str) -> _Owned:
    """Say which runs are counted together: a task may have gone from one owner to another, so that does not matter."""
    return (_ANY_OWNER if task_id not in {None, NO_TASK} else owner_id or NO_OWNER, task_id or NO_TASK, type_name)


def _counts(ended: QuerySet[TaskRun]) -> dict[_Owned, dict[str, int]]:
    """Count the runs that are counted together by status, in the database."""
    known = Coalesce("range_count", Value(1), output_field=IntegerField())
    slots = Case(When(range_to=None, then=Value(1)), default=known, output_field=IntegerField())
    plain = {status: Count("id", filter=Q(status=status)) for status in COUNTS if status != Status.SKIPPED}
    skipped: Any = Coalesce(Sum(slots, filter=Q(status=Status.SKIPPED)), Value(0))
    found: Any = ended.values("owner_id", "task_id", "type").annotate(**plain, skipped=skipped)
    counts: dict[_Owned, dict[str, int]] = defaultdict(lambda: dict.fromkeys(COUNTS, 0))
    for row in found:
        owned = counts[_owned(row["owner_id"], row["task_id"], row["type"])]
        for name in COUNTS:
            owned[name] += row[name]
    return counts


def _lacks(known: Sums, counts: dict[str, int]) -> bool:
    return any(counts[name] > getattr(known, name) for name in COUNTS)


def _put(missing: dict[Key, Sums], hour: datetime, owned: _Owned, more: Sums) -> None:
    """Add it to every row but those of minutes, of which nobody knows any more which one it is."""
    owner_id, _, type_name = owned
    for key in (*task_keys(hour, *owned), *total_keys(hour, owner_id, type_name)):
        if key.grain != Grain.MINUTE:
            missing.setdefault(key, Sums()).add(more)
