"""Which run a worker's child takes next: by queue, then priority, then age, decided by the database."""

from collections.abc import Sequence
from datetime import timedelta
from random import Random
from uuid import UUID

from django.db import DataError, IntegrityError, transaction
from django.db.models import Exists, QuerySet

from tasks_app.models import Queue, TaskRun, db_now
from tasks_app.selectors.eligible import eligible_runs
from tasks_app.services import lifecycle

_LOOK = 5
_LOWER_FIRST = 0.1


def queue_order(queues: Sequence[Queue], *, busy_in_background: int, children: int, rng: Random) -> list[str]:
    """Give the queues in the order to try them.

    Lower rank first, but about 1 claim in 10 looks at the lower queues first, so that they are never starved.
    Background queues are left out while they hold all but one of the worker's children.
    """
    ranked = sorted(queues, key=lambda queue: (queue.rank, queue.name))
    if children > 1 and busy_in_background >= children - 1:
        ranked = [queue for queue in ranked if not queue.is_background]
    if rng.random() < _LOWER_FIRST:
        ranked.reverse()
    return [queue.name for queue in ranked if queue.paused_at is None]


def eligible(queue: str) -> QuerySet[TaskRun]:
    """Give the runs of a queue that may be claimed now, in the order of their turn; none while it is paused."""
    paused = Queue.objects.filter(name=queue, paused_at__isnull=False)
    return eligible_runs(queue).filter(~Exists(paused)).order_by("-priority", "id")


def claim_next(*, queues: Sequence[str], worker: str, lease_seconds: float) -> TaskRun | None:
    """Claim the next eligible run of the first queue that has one; None when there is none."""
    for queue in queues:
        run = _claim_from(queue, worker=worker, lease_seconds=lease_seconds)
        if run is not None:
            return run
    return None


def has_eligible(queues: Sequence[str]) -> str | None:
    """Give the first of the queues in which a run could be claimed now."""
    return next((queue for queue in queues if eligible(queue).exists()), None)


def _claim_from(queue: str, *, worker: str, lease_seconds: float) -> TaskRun | None:
    if not eligible(queue).exists():  # on SQLite a look needs no write lock
        return None
    passed_over: list[UUID] = []
    for _ in range(_LOOK):
        with transaction.atomic():
            row = _lock_next(queue, passed_over)
            if row is None:
                return None
            if (run := _try(row, worker=worker, lease_seconds=lease_seconds)) is not None:
                return run
            passed_over.append(row.id)
    return None


def _lock_next(queue: str, passed_over: list[UUID]) -> TaskRun | None:
    """Lock one row and no more: what is locked here, the other children would skip."""
    skips = transaction.get_connection().features.has_select_for_update_skip_locked
    rows = eligible(queue).exclude(id__in=passed_over) if passed_over else eligible(queue)
    return rows.select_for_update(skip_locked=skips, of=("self",)).first()


def _try(row: TaskRun, *, worker: str, lease_seconds: float) -> TaskRun | None:
    """Claim one run; None for a serial one whose task got another in this moment, and for a row beyond repair."""
    now = db_now()
    try:
        with transaction.atomic():
            return lifecycle.claim(row, worker=worker, lease_until=now + timedelta(seconds=lease_seconds), now=now)
    except (IntegrityError, DataError):
        return None
