"""The statements of a move: runs are updated and the events that tell of it written, in one where the database can.

An update is text that ends before RETURNING; whether a run may move is in its conditions, which `lifecycle` and
`group_moves` know.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db import connection, transaction

from tasks_app.models import RunEvent, TaskRun
from tasks_app.models.planned import planned_cursor
from tasks_app.models.rows import document_of, values_of

RUNS = TaskRun._meta.db_table
_EVENTS = RunEvent._meta.db_table
ID = [TaskRun._meta.get_field("id")]
_TOLD = "id, version, status, reason, claim_no, error, finished_at"
_COLUMNS = "run_id, version, source, target, reason, actor, claim_no, error, at"


def assigned(changes: Mapping[str, Any]) -> tuple[str, list[Any]]:
    """Give what stands behind SET for these changes of a run, and its values; a move raises the version, too."""
    names, values = _equal(changes)
    return f"{', '.join(names)}, version = version + 1", values


def holding(guard: Mapping[str, Any]) -> tuple[str, list[Any]]:
    """Give the condition that a run's fields have these values."""
    names, values = _equal(guard)
    return " AND ".join(names), values


def move_one(update: str, params: Sequence[Any], *, source: str, actor: str, at: datetime) -> TaskRun | None:
    """Move one run and give it as it stands then; None when the update's conditions do not hold."""
    if connection.vendor == "postgresql":
        sql, told = _with_events(update, _event(source, actor, at), returned=f"{RUNS}.*", wanted="*")
        return next(iter(TaskRun.objects.raw(sql, [*params, *told])), None)
    with transaction.atomic():
        run = next(iter(TaskRun.objects.raw(f"{update} RETURNING *", params)), None)
        if run is not None:
            insert_events([run.id], source=source, actor=actor, at=at)
    return run


def move_ids(update: str, params: Sequence[Any], *, source: str, actor: str, at: datetime | None) -> set[UUID]:
    """Move runs and give the ids of those that were; without an instant, the events happened when the runs finished."""
    if connection.vendor == "postgresql":
        returned = ", ".join(f"{RUNS}.{name}" for name in _TOLD.split(", "))
        sql, told = _with_events(update, _event(source, actor, at), returned=returned, wanted="id")
        with planned_cursor() as cursor:
            cursor.execute(sql, [*params, *told])
            return {row[0] for row in cursor.fetchall()}
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(f"{update} RETURNING {RUNS}.id", params)
        ids = {TaskRun._meta.pk.to_python(row[0]) for row in cursor.fetchall()}
        insert_events([*ids], source=source, actor=actor, at=at)
    return ids


def with_first_events(insert: str, *, actor: str, at: datetime) -> tuple[str, list[Any]]:
    """Give the statement that inserts runs with their first events, for PostgreSQL, and the values of the events."""
    columns, told = _event("", actor, at)
    sql = (
        f"WITH made AS ({insert} RETURNING {_TOLD})"  # noqa: S608  # our own names only
        f" INSERT INTO {_EVENTS} ({_COLUMNS}) SELECT {columns} FROM made"
    )
    return sql, told


def insert_events(ids: Sequence[UUID], *, source: str, actor: str, at: datetime | None) -> None:
    """Write the event of the move that these runs have just made."""
    if not ids:
        return
    columns, told = _event(source, actor, at)
    sql = f"INSERT INTO {_EVENTS} ({_COLUMNS}) SELECT {columns} FROM {RUNS} JOIN {values_of(ID)} ON id = v.column1"  # noqa: S608  # our own names only
    with connection.cursor() as cursor:
        cursor.execute(sql, [*told, document_of(ID, ((id,) for id in ids))])


def _with_events(update: str, event: tuple[str, list[Any]], *, returned: str, wanted: str) -> tuple[str, list[Any]]:
    columns, told = event
    sql = (
        f"WITH moved AS ({update} RETURNING {returned}),"  # noqa: S608  # our own names only
        f" told AS (INSERT INTO {_EVENTS} ({_COLUMNS}) SELECT {columns} FROM moved) SELECT {wanted} FROM moved"
    )
    return sql, told


def _event(source: str, actor: str, at: datetime | None) -> tuple[str, list[Any]]:
    """Give what an event reads from its run's row, in the order of `_COLUMNS`, and the values that it is given."""
    error = "CASE WHEN status IN ('failed', 'scheduled', 'skipped') THEN error ELSE '' END"
    instant = "finished_at" if at is None else "%s"
    columns = f"id, version, '{source}', status, reason, %s, claim_no, {error}, {instant}"
    instants = [] if at is None else [connection.ops.adapt_datetimefield_value(at)]
    return columns, [actor[:200], *instants]


def _equal(values: Mapping[str, Any]) -> tuple[list[str], list[Any]]:
    fields: list[Any] = [TaskRun._meta.get_field(name) for name in values]
    prepared = [field.get_db_prep_save(value, connection) for field, value in zip(fields, values.values(), strict=True)]
    return [f"{field.column} = %s" for field in fields], prepared
