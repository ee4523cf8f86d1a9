"""The moves of a group of short runs: those of `lifecycle`, each in a statement for all of them.

The runs of a group are claimed together and have not begun: `started_at` stays empty until their outcomes are written,
or until one of them turns out to take long. So whoever finds a dead worker's run knows whether it may have run.
"""

import copy
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cache, partial
from typing import Any
from uuid import UUID

from django.db import connection, transaction

from tasks_app.models import TaskRun, db_now
from tasks_app.models.ids import new_id
from tasks_app.models.rows import document_of, insert_alike, table_of
from tasks_app.services import lifecycle
from tasks_app.services.lifecycle import Claim
from tasks_app.services.locks import BRIEFLY
from tasks_app.services.move_sql import ID, RUNS, assigned, insert_events, move_ids, with_first_events
from tasks_app.states import Reason, Status

_CHUNK, _TOLD = 1000, 100


def _fields(*names: str) -> tuple[Any, ...]:
    return tuple(TaskRun._meta.get_field(name) for name in names)


_CLAIM = _fields("id", "claim_no")
_ENDED = _fields("id", "claim_no", "started_at", "finished_at", "result")


@dataclass(frozen=True)
class Ended:
    """A run of a group whose handler ended well: when it ran, and what it gave."""

    run: TaskRun
    held: Claim
    started_at: datetime
    finished_at: datetime
    result: Any


def claim_all(runs: Sequence[TaskRun], *, worker: str, lease_until: datetime, now: datetime) -> list[TaskRun]:
    """Give locked, queued runs to a worker, within the transaction that locked them.

    Nobody is told before they end, or take long.
    """
    changes: dict[str, Any] = {
        "status": Status.RUNNING.value,
        "reason": "",
        "worker": worker,
        "lease_until": lease_until,
        "started_at": None,
        "progress": None,
        "progress_seq": 0,
        "error": "",
    }
    assignments, values = assigned(changes)
    update = (
        f"WITH v AS {table_of(ID)} UPDATE {RUNS} SET {assignments}, claim_no = claim_no + 1"  # noqa: S608  # our own names only
        f" WHERE {_among_these()} AND {_status('queued')}"
    )
    ids = document_of(ID, ((run.id,) for run in runs))
    moved = move_ids(update, [ids, *values], source=Status.QUEUED, actor=f"worker:{worker}", at=now)
    if len(moved) != len(runs):
        raise RuntimeError(f"{len(runs)} runs were locked, {len(moved)} were queued")
    for run in runs:
        run.__dict__.update(changes, version=run.version + 1, claim_no=run.claim_no + 1)
    return list(runs)


def create_alike(alike: TaskRun, payloads: Sequence[Any], *, actor: str) -> list[UUID]:
    """Insert queued runs that differ by their id and payload only; gives their ids in order.

    Watchers are told of the first 100: a list of thousands is looked at anew, not followed.
    """
    assert alike.queued_at is not None
    ids = [new_id() for _ in payloads]
    with transaction.atomic():
        _insert(alike, ids, payloads, actor=actor, at=alike.queued_at)
        told = []
        for id in ids[:_TOLD]:
            run = copy.copy(alike)
            run.id = id
            told.append((run, alike.queued_at))
        lifecycle.announce_moves(told, source="")
    return ids


def _insert(alike: TaskRun, ids: Sequence[UUID], payloads: Sequence[Any], *, actor: str, at: datetime) -> None:
    if connection.vendor == "postgresql":
        insert_alike(alike, partial(with_first_events, actor=actor, at=at), id=ids, payload=payloads)
        return
    insert_alike(alike, id=ids, payload=payloads)
    for start in range(0, len(ids), _CHUNK):
        insert_events(ids[start : start + _CHUNK], source="", actor=actor, at=at)


def succeed_all(ended: Sequence[Ended]) -> set[UUID]:
    """End the runs well whose claims hold; gives their ids. The others are as they were. Whoever calls this tells.

    Outside a transaction it waits briefly for who holds one of the runs, and raises OperationalError after that.
    """
    rows = [(one.run.id, one.held.claim_no, one.started_at, one.finished_at, one.result) for one in ended]
    changes = "status = 'succeeded', started_at = v.column3, finished_at = v.column4, result = v.column5"
    update, document = _update_claimed(changes, _ENDED, rows)
    if connection.vendor == "postgresql" and not connection.in_atomic_block:
        update = _wait_briefly(update)
    actor = f"worker:{ended[0].held.worker}"
    moved = move_ids(update, [document], source=Status.RUNNING, actor=actor, at=None)
    for one in ended:
        if one.run.id in moved:
            written = {"started_at": one.started_at, "finished_at": one.finished_at, "result": one.result}
            one.run.__dict__.update(written, status=Status.SUCCEEDED.value, lease_until=None)
            one.run.version += 1
    return moved


def hand_back_all(held: Sequence[Claim], *, actor: str) -> set[UUID]:
    """Give back the runs whose claims hold and that nobody has asked to stop, at no cost; gives their ids."""
    if not held:
        return set()
    rows = [(claim.run_id, claim.claim_no) for claim in held]
    now = db_now()
    queued_at = connection.ops.adapt_datetimefield_value(now)
    changes = f"status = 'queued', reason = '{Reason.HANDED_BACK}', worker = '', queued_at = %s"
    update, document = _update_claimed(changes, _CLAIM, rows, only="cancel_requested_at IS NULL")
    return move_ids(update, [document, queued_at], source=Status.RUNNING, actor=actor, at=now)


def _update_claimed(
    changes: str, fields: tuple[Any, ...], rows: Sequence[Sequence[Any]], *, only: str = "TRUE"
) -> tuple[str, str]:
    """Give the statement that moves the runs named by id and claim, in the first two fields, if they run under it.

    The document of the rows, which comes with it, is its first value.
    """
    return _update_of_claimed(changes, fields, only), document_of(fields, rows)


@cache
def _update_of_claimed(changes: str, fields: tuple[Any, ...], only: str) -> str:
    by_key = f"{RUNS}.id = v.column1 AND {RUNS}.claim_no = v.column2"
    conditions = f"{by_key} AND {_among_these()} AND {_status('running')} AND {only}"
    changes += ", lease_until = NULL, version = version + 1"
    return f"WITH v AS {table_of(fields)} UPDATE {RUNS} SET {changes} FROM v WHERE {conditions}"  # noqa: S608  # our own names only


def _wait_briefly(update: str) -> str:
    """Let a statement that is a transaction of its own bound its wait for locked rows itself, on PostgreSQL.

    To say so in a statement before it makes a transaction of both, and twice as much work of an end written alone. What
    is joined is there before the first row is locked.
    """
    bound = f"brief AS MATERIALIZED (SELECT set_config('lock_timeout', {BRIEFLY}, TRUE))"
    return update.replace(" UPDATE ", f", {bound} UPDATE ", 1).replace(" FROM v ", " FROM v, brief ", 1)


def _among_these() -> str:
    """Give the condition that a run's id is in the first column of `v`.

    PostgreSQL expects ten in an array that it cannot look into, and takes the keys. Of a document it expects a hundred,
    and walks the whole table; of an array that it knows as many as are there, and makes another plan for each.
    """
    if connection.vendor == "postgresql":
        return f"{RUNS}.id = ANY(ARRAY(SELECT column1 FROM v))"  # noqa: S608  # our own names only
    return f"{RUNS}.id IN (SELECT column1 FROM v)"  # noqa: S608  # our own names only


def _status(value: str) -> str:
    """Give the condition on the status; no bare column: SQLite would walk all that have it, not the keys."""
    return f"{RUNS}.status || '' = '{value}'"
