"""Many rows in one statement: inserted, or updated each with values of its own.

What `bulk_create` and `bulk_update` do, several times faster: values that all rows share are sent once, and there is no
CASE for each row.
"""

from collections.abc import Iterator, Sequence
from typing import Any

from django.db import connection, models

_CHUNK = 500


def insert_rows(rows: Sequence[models.Model]) -> set[Any]:
    """Insert rows of one model, passing over those that a constraint refuses; gives the keys of the others."""
    keys: set[Any] = set()
    for chunk in _chunks(rows):
        keys |= _insert(chunk)
    for row in rows:
        if row.pk in keys:
            row._state.adding, row._state.db = False, connection.alias
    return keys


def update_rows(rows: Sequence[models.Model], names: Sequence[str]) -> None:
    """Write these fields of saved rows of one model."""
    for chunk in _chunks(rows):
        meta = type(chunk[0])._meta
        fields: list[Any] = [meta.pk, *(meta.get_field(name) for name in names)]
        places = [_column(field, place) for place, field in enumerate(fields, start=1)]
        changes = ", ".join(f'"{field.column}" = {place}' for field, place in zip(fields[1:], places[1:], strict=True))
        sql = (
            f'UPDATE "{meta.db_table}" SET {changes} FROM (VALUES {_values(len(fields), len(chunk))}) AS v'
            f' WHERE "{meta.db_table}"."{fields[0].column}" = {places[0]}'
        )
        params = [field.get_db_prep_save(getattr(row, field.attname), connection) for row in chunk for field in fields]
        with connection.cursor() as cursor:
            cursor.execute(sql, params)


def _insert(rows: Sequence[models.Model]) -> set[Any]:
    meta = type(rows[0])._meta
    fields: list[Any] = [field for field in meta.concrete_fields if not isinstance(field, models.AutoField)]
    same, varying, own = [], [], []
    for field in fields:
        values = _of_each(field, rows)
        if all(value == values[0] for value in values):
            same.append((field, field.get_db_prep_save(values[0], connection)))
        else:
            varying.append(field)
            own.append([field.get_db_prep_save(value, connection) for value in values])
    if not own:  # one row: its key will do
        field, value = same.pop()
        varying, own = [field], [[value]]
    columns = ", ".join(f'"{field.column}"' for field in [*(field for field, _ in same), *varying])
    chosen = [f"%s{_cast(field)}" for field, _ in same]
    chosen += [_column(field, place) for place, field in enumerate(varying, start=1)]
    assert meta.pk is not None
    sql = (
        f'INSERT INTO "{meta.db_table}" ({columns}) SELECT {", ".join(chosen)}'
        f" FROM (VALUES {_values(len(varying), len(rows))}) AS v WHERE TRUE"
        f' ON CONFLICT DO NOTHING RETURNING "{meta.pk.column}"'
    )
    params = [value for _, value in same] + [value for row in zip(*own, strict=True) for value in row]
    with connection.cursor() as cursor:
        cursor.execute(sql, params)
        return {meta.pk.to_python(key) for (key,) in cursor.fetchall()}


def _of_each(field: Any, rows: Sequence[models.Model]) -> list[Any]:
    if getattr(field, "auto_now_add", False):
        now = field.pre_save(rows[0], True)
        for row in rows:
            setattr(row, field.attname, now)
    return [row.__dict__[field.attname] for row in rows]


def _column(field: Any, place: int) -> str:
    return f"v.column{place}{_cast(field)}"


def _cast(field: Any) -> str:
    """PostgreSQL can't tell the type of what may be NULL in each row. Without its length: a cast to one would cut."""
    return f"::{field.db_type(connection).split('(')[0]}" if connection.vendor == "postgresql" else ""


def _values(width: int, height: int) -> str:
    return ", ".join(["(" + ", ".join(["%s"] * width) + ")"] * height)


def _chunks(rows: Sequence[models.Model]) -> Iterator[Sequence[models.Model]]:
    return (rows[start : start + _CHUNK] for start in range(0, len(rows), _CHUNK))
