"""What the last runs of one task tell: how long it usually takes, why slots were skipped, what people ran again.

One query over the index (task, -id), of the newest 1,000 runs at most, however long the history is.
"""

import uuid
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from math import ceil
from statistics import median

from tasks_app.models import ScheduledTask, TaskRun
from tasks_app.states import Status, Trigger

LOOKED_AT = 1_000
SUCCESSES = 50
RERUNS = 5
_ENOUGH_FOR_P95 = 20


@dataclass(frozen=True)
class RunTime:
    """How long the last successes took: the median, and what 95 of 100 keep within.

    Of fewer than 20 there is no telling the latter: it is the longest then, and `has_p95` says so.
    """

    count: int
    median_ms: int
    p95_ms: int
    has_p95: bool

    def expected_end(self, started_at: datetime) -> datetime:
        """Say when a run that started then should end, if it takes what it usually takes."""
        return started_at + timedelta(milliseconds=self.median_ms)


@dataclass(frozen=True)
class Lately:
    """What the newest runs tell; `looked_at` is how many there were, and `is_cut` that there are older ones.

    `skipped` counts slots by reason, the most frequent first; `reruns` are the newest that people ran again.
    """

    looked_at: int
    is_cut: bool
    run_time: RunTime | None
    skipped: list[tuple[str, int]]
    reruns: list[tuple[uuid.UUID, str, datetime]]


def lately(task: ScheduledTask) -> Lately:
    """Look at the newest runs of a task. The caller has checked that the user may see it."""
    columns = ("id", "status", "reason", "trigger", "range_count", "started_at", "finished_at", "created_at")
    newest = TaskRun.objects.filter(task=task).order_by("-id")
    rows = list(newest.values_list(*columns, named=True)[: LOOKED_AT + 1])
    found = rows[:LOOKED_AT]
    took = [
        round((row.finished_at - row.started_at) / timedelta(milliseconds=1))
        for row in found
        if row.status == Status.SUCCEEDED and row.started_at is not None
    ]
    skipped: Counter[str] = Counter()
    for row in found:
        if row.status == Status.SKIPPED:
            skipped[row.reason] += row.range_count or 1
    reruns = [(row.id, row.status, row.created_at) for row in found if row.trigger == Trigger.RETRY]
    return Lately(len(found), len(rows) > LOOKED_AT, run_time(took[:SUCCESSES]), skipped.most_common(), reruns[:RERUNS])


def run_time(took_ms: Sequence[int]) -> RunTime | None:
    """Sum up how long runs took; None where none has succeeded."""
    if not took_ms:
        return None
    ordered = sorted(took_ms)
    return RunTime(
        count=len(ordered),
        median_ms=round(median(ordered)),
        p95_ms=ordered[ceil(0.95 * len(ordered)) - 1] if len(ordered) >= _ENOUGH_FOR_P95 else ordered[-1],
        has_p95=len(ordered) >= _ENOUGH_FOR_P95,
    )
