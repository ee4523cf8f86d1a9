"""The moves of a group of short runs: those of `lifecycle`, each in a statement for all of them.

The runs of a group are claimed together and have not begun: `started_at` stays empty until their outcomes are written,
or until one of them turns out to take long. So whoever finds a dead worker's run knows whether it may have run.
"""

import copy
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db import connection, transaction

from tasks_app.models import RunEvent, TaskRun, db_now
from tasks_app.models.ids import new_id
from tasks_app.services import lifecycle
from tasks_app.services.lifecycle import Claim
from tasks_app.states import Reason, Status

_CHUNK, _TOLD = 1000, 100
_RUNS, _EVENTS = TaskRun._meta.db_table, RunEvent._meta.db_table


@dataclass(frozen=True)
class Ended:
    """A run of a group whose handler ended well: when it ran, and what it gave."""

    run: TaskRun
    held: Claim
    started_at: datetime
    finished_at: datetime
    result: Any


def claim_all(runs: Sequence[TaskRun], *, worker: str, lease_until: datetime, now: datetime) -> list[TaskRun]:
    """Give locked, queued runs to a worker; nobody is told before they end, or take long."""
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
    ids = [run.id for run in runs]
    (prepare_id,) = _prepares("id")
    values = [prepare(value) for prepare, value in zip(_prepares(*changes), changes.values(), strict=True)]
    sql = (
        f"UPDATE {_RUNS} SET {', '.join(f'{name} = %s' for name in changes)}, version = version + 1,"
        f" claim_no = claim_no + 1 WHERE status = 'queued' AND id IN ({', '.join(['%s'] * len(ids))})"
    )
    with transaction.atomic():
        with connection.cursor() as cursor:
            cursor.execute(sql, [*values, *map(prepare_id, ids)])
            if cursor.rowcount != len(runs):
                raise RuntimeError(f"{len(runs)} runs were locked, {cursor.rowcount} were queued")
        for run in runs:
            run.__dict__.update(changes, version=run.version + 1, claim_no=run.claim_no + 1)
        _insert_events(ids, Status.QUEUED, f"worker:{worker}", at=now)
    return list(runs)


def create_alike(model: TaskRun, payloads: Sequence[Any], *, actor: str) -> list[UUID]:
    """Insert queued runs that differ from `model` by their id and payload only; gives their ids in order."""
    ids = [new_id() for _ in payloads]
    with transaction.atomic():
        for start in range(0, len(ids), _CHUNK):
            end = start + _CHUNK
            _insert_alike(model, ids[start:end], payloads[start:end])
            _insert_events(ids[start:end], None, actor, at=model.queued_at)
        told = []
        for id in ids[:_TOLD]:
            run = copy.copy(model)
            run.id = id
            told.append(run)
        lifecycle.announce_moves(told, source="")
    return ids


def _insert_alike(model: TaskRun, ids: Sequence[UUID], payloads: Sequence[Any]) -> None:
    prepare_id, prepare_payload = _prepares("id", "payload")
    fields = [field for field in TaskRun._meta.concrete_fields if field.name not in ("id", "payload")]
    same = [field.get_db_prep_save(field.pre_save(model, True), connection) for field in fields]
    columns = ", ".join(["id", "payload", *(f'"{field.column}"' for field in fields)])
    rows = ", ".join(["(%s, %s)"] * len(ids))
    sql = (
        f"INSERT INTO {_RUNS} ({columns}) SELECT v.column1, v.column2, {', '.join(['%s'] * len(same))}"
        f" FROM (VALUES {rows}) AS v"
    )
    varying = [
        value for id, payload in zip(ids, payloads, strict=True) for value in (prepare_id(id), prepare_payload(payload))
    ]
    with connection.cursor() as cursor:
        cursor.execute(sql, [*same, *varying])


def succeed_all(ended: Sequence[Ended]) -> set[UUID]:
    """End the runs well whose claims hold, and tell of it; gives their ids. The others are as they were."""
    prepare_id, prepare_result = _prepares("id", "result")
    instant = connection.ops.adapt_datetimefield_value
    rows = [
        (prepare_id(one.run.id), one.held.claim_no, instant(one.started_at), instant(one.finished_at), result)
        for one, result in ((one, prepare_result(one.result)) for one in ended)
    ]
    cast = "::jsonb" if connection.vendor == "postgresql" else ""
    changes = f"status = 'succeeded', started_at = v.column3, finished_at = v.column4, result = v.column5{cast}"
    with transaction.atomic():
        moved = _update_claimed(changes, rows)
        by_worker = {one.held.worker for one in ended}
        _insert_events([*moved], Status.RUNNING, f"worker:{by_worker.pop()}", at=None)
        for one in ended:
            if one.run.id in moved:
                written = {"started_at": one.started_at, "finished_at": one.finished_at, "result": one.result}
                one.run.__dict__.update(written, status=Status.SUCCEEDED.value, lease_until=None)
                one.run.version += 1
        lifecycle.announce_moves([one.run for one in ended if one.run.id in moved], source=Status.RUNNING)
    return moved


def hand_back_all(held: Sequence[Claim], *, actor: str) -> set[UUID]:
    """Give back the runs whose claims hold and that nobody has asked to stop, at no cost; gives their ids."""
    if not held:
        return set()
    (prepare_id,) = _prepares("id")
    rows = [(prepare_id(claim.run_id), claim.claim_no) for claim in held]
    now = db_now()
    changes = f"status = 'queued', reason = '{Reason.HANDED_BACK}', worker = '', queued_at = %s"
    with transaction.atomic():
        moved = _update_claimed(
            changes, rows, connection.ops.adapt_datetimefield_value(now), only="cancel_requested_at IS NULL"
        )
        _insert_events([*moved], Status.RUNNING, actor, at=now)
    return moved


def _update_claimed(changes: str, rows: Sequence[tuple[Any, ...]], *first: Any, only: str = "TRUE") -> set[UUID]:
    """Update the runs that are named by id and claim, in the first two columns, while they run under that claim."""
    values = ", ".join(["(" + ", ".join(["%s"] * len(rows[0])) + ")"] * len(rows))
    guard = f"{_RUNS}.id = v.column1 AND {_RUNS}.claim_no = v.column2 AND {_RUNS}.status = 'running' AND {only}"
    sql = (
        f"UPDATE {_RUNS} SET {changes}, lease_until = NULL, version = version + 1"
        f" FROM (VALUES {values}) AS v WHERE {guard} RETURNING {_RUNS}.id"
    )
    with connection.cursor() as cursor:
        cursor.execute(sql, [*first, *(value for row in rows for value in row)])
        return {TaskRun._meta.pk.to_python(row[0]) for row in cursor.fetchall()}


def _insert_events(ids: Sequence[UUID], source: Status | None, actor: str, *, at: datetime | None) -> None:
    """Write the event of the move that these runs have just made; without an instant, it is the run's own end."""
    if not ids:
        return
    (prepare_id,) = _prepares("id")
    when = "finished_at" if at is None else "%s"
    sql = (
        f"INSERT INTO {_EVENTS} (run_id, version, source, target, reason, actor, claim_no, error, at)"
        f" SELECT id, version, '{source or ''}', status, reason, %s, claim_no, '', {when}"
        f" FROM {_RUNS} WHERE id IN ({', '.join(['%s'] * len(ids))})"
    )
    instants = [] if at is None else [connection.ops.adapt_datetimefield_value(at)]
    with connection.cursor() as cursor:
        cursor.execute(sql, [actor[:200], *instants, *(prepare_id(id) for id in ids)])


def _prepares(*names: str) -> list[Any]:
    """Give, for each field of a run, what makes a value fit for the database at hand."""

    def prepare(name: str) -> Any:
        field: Any = TaskRun._meta.get_field(name)
        return lambda value: field.get_db_prep_save(value, connection)

    return [prepare(name) for name in names]
