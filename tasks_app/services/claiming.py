"""Which run a worker's child takes next: by queue, then priority, then age, decided by the database."""

import time
from collections.abc import Callable, Iterable, Sequence
from datetime import timedelta
from functools import lru_cache
from random import Random
from typing import Any
from uuid import UUID

from django.db import DataError, IntegrityError, OperationalError, connection, transaction
from django.db.models import Exists, QuerySet

from tasks_app.models import Queue, TaskRun, db_now
from tasks_app.models.planned import planned_cursor, written_out
from tasks_app.selectors.eligible import eligible_runs
from tasks_app.services import group_moves, lifecycle
from tasks_app.services.doubts import Claimer, in_doubt, is_rolled_back
from tasks_app.states import Reason, Status

_LOOK = 5
_FEWEST = 2
_LOWER_FIRST = 0.1
# What is asked of a run that is claimed, and not what its claim or its end writes.
_NEEDED = (
    *("id", "task_id", "owner_id", "type", "payload", "status", "reason", "version", "scheduled_for", "queue"),
    *("max_retries", "soft_timeout_seconds", "timeout_seconds", "is_serial", "claim_no", "failures", "crashes"),
    *("log_lines", "rerun_of_id", "root_run_id", "batch_id"),
)


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
        run = _claim_from(queue, Claimer(worker, lease_seconds))
        if run is not None:
            return run
    return None


def claim_group(*, queue: str, claimer: Claimer, most: Callable[[str], int], like: str | None = None) -> list[TaskRun]:
    """Claim the next eligible run of a queue, or, when it is a short one, the short ones behind it together with it.

    `most` says how many runs of a type go into one group; 1 is a type whose runs go alone. `like` is a guess at the
    first one's type, which saves a look when it is right.
    """
    head = like or _type_of_first(queue)
    if head is None:
        return []
    if (count := most(head)) > 1 and (runs := _claim_many(queue, count, most, claimer)):
        return runs
    run = _claim_from(queue, claimer)
    return [] if run is None else [run]


def has_eligible(queues: Sequence[str]) -> str | None:
    """Give the first of the queues in which a run could be claimed now.

    Asked after every claim, mostly of empty queues: one plain look at the index says so for all of them.
    """
    if not TaskRun.objects.filter(status=Status.QUEUED, queue__in=queues).exists():
        return None
    return next((queue for queue in queues if _type_of_first(queue) is not None), None)


def _claim_from(queue: str, claimer: Claimer) -> TaskRun | None:
    can_skip = connection.features.has_select_for_update_skip_locked
    if not can_skip and _type_of_first(queue) is None:  # a look needs no write lock
        return None
    passed_over: list[UUID] = []
    for _ in range(_LOOK):
        row = None
        try:
            with in_doubt(claimer) as doubt, transaction.atomic():
                row = _lock_next(queue, passed_over)
                if row is None:
                    return None
                asked_at, now = time.monotonic(), db_now()
                until = now + timedelta(seconds=claimer.lease_seconds)
                doubt.note([row], until, asked_at)
                return lifecycle.claim(row, worker=claimer.worker, lease_until=until, now=now)
        except (IntegrityError, DataError):  # a serial one whose task got another in this moment; a row beyond repair
            assert row is not None
            passed_over.append(row.id)
        except OperationalError as error:
            if not is_rolled_back(error):
                raise
    return None


def _claim_many(queue: str, count: int, most: Callable[[str], int], claimer: Claimer) -> list[TaskRun]:
    """Claim the first runs of the queue up to one that must go alone; none when fewer than two can go together."""
    skips = connection.features.has_select_for_update_skip_locked
    sql, params = _first_rows(queue, count, skips)
    try:
        with in_doubt(claimer) as doubt, transaction.atomic():
            runs = _together(_read(sql, params), most)
            if len(runs) < _FEWEST:
                return []
            asked_at, now = time.monotonic(), db_now()
            until = now + timedelta(seconds=claimer.lease_seconds)
            doubt.note(runs, until, asked_at)
            return group_moves.claim_all(runs, worker=claimer.worker, lease_until=until, now=now)
    except (IntegrityError, DataError):  # a serial task got a run in this moment: one by one, that one is seen
        return []
    except OperationalError as error:  # two groups have runs of the same serial tasks in another order
        if not is_rolled_back(error):
            raise
        return []


def _together(rows: list[TaskRun], most: Callable[[str], int]) -> list[TaskRun]:
    """Give the first rows that may go into one group; of a task whose runs exclude each other, one."""
    seen: set[UUID | None] = set()
    runs: list[TaskRun] = []
    for row in rows[: most(rows[0].type) if rows else 0]:
        if most(row.type) <= 1 or row.crashes or row.rerun_of_id or row.reason == Reason.RESCUED:
            break
        if row.is_serial and row.task_id in seen:
            break
        seen.add(row.task_id)
        runs.append(row)
    return runs


def _read(sql: str, params: Sequence[Any] | None) -> list[TaskRun]:
    """Give the runs that the statement finds; what else their rows hold is read when it is asked for."""
    with planned_cursor() as cursor:
        cursor.execute(sql, params)
        rows = cursor.fetchall()
    names = frozenset(_NEEDED)
    return [TaskRun.from_db(connection.alias, names, values) for values in _converted(rows)]


def _converted(rows: list[Any]) -> Iterable[Sequence[Any]]:
    compiler = TaskRun.objects.all().query.get_compiler(connection=connection)
    columns = [field.cached_col for field in TaskRun._meta.concrete_fields if field.attname in _NEEDED]
    converters = compiler.get_converters(columns)
    return compiler.apply_converters(rows, converters) if converters else rows


@lru_cache(maxsize=512)  # to put the query together takes longer than to run it
def _first_rows(queue: str, count: int, skips: bool) -> tuple[str, Sequence[Any] | None]:
    with transaction.atomic():  # only inside one may it be put together
        rows = eligible(queue).only(*_NEEDED).select_for_update(skip_locked=skips, of=("self",))[:count]
        return written_out(*rows.query.sql_with_params())


def _type_of_first(queue: str) -> str | None:
    sql, params = _first_type(queue)
    with planned_cursor() as cursor:
        cursor.execute(sql, params)
        row = cursor.fetchone()
    return None if row is None else str(row[0])


@lru_cache(maxsize=512)
def _first_type(queue: str) -> tuple[str, Sequence[Any] | None]:
    return written_out(*eligible(queue).values_list("type")[:1].query.sql_with_params())


def _lock_next(queue: str, passed_over: list[UUID]) -> TaskRun | None:
    """Lock one row and no more: what is locked here, the other children would skip."""
    skips = connection.features.has_select_for_update_skip_locked
    if not passed_over:
        return next(iter(_read(*_first_rows(queue, 1, skips))), None)
    rows = eligible(queue).exclude(id__in=passed_over)
    return rows.select_for_update(skip_locked=skips, of=("self",)).first()
