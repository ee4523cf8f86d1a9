"""Many rows in one statement: inserted, or updated each with values of its own.

What `bulk_create` and `bulk_update` do, several times faster: values that all rows share are sent once, and there is no
CASE for each row.
"""

from collections.abc import Iterator, Sequence
from enum import Enum
from typing import Any

from django.db import connection, models

_CHUNK, _CHUNK_ALIKE = 500, 1000  # SQLite takes 32,766 values in a statement


def insert_rows(rows: Sequence[models.Model], *, ignore_conflicts: bool = False) -> set[Any]:
    """Insert rows of one model and give their keys.

    Raises IntegrityError for a row that a constraint refuses; `ignore_conflicts` passes over it where it is unique no
    more, as `bulk_create` does.
    """
    keys: set[Any] = set()
    for chunk in _chunks(rows):
        keys |= _insert(chunk, ignore_conflicts=ignore_conflicts)
    for row in rows:
        if row.pk in keys:
            row._state.adding, row._state.db = False, connection.alias
    return keys


def insert_alike(model: models.Model, **columns: Sequence[Any]) -> None:
    """Insert rows that are like this one but for these fields, of which each row has its own value.

    Raises IntegrityError. For thousands of rows, without an object for each.
    """
    meta = type(model)._meta
    varying: list[Any] = [meta.get_field(name) for name in columns]
    same = [
        (field, field.get_db_prep_save(field.pre_save(model, True), connection))
        for field in _stored(meta)
        if field not in varying
    ]
    count = len(next(iter(columns.values())))
    for start in range(0, count, _CHUNK_ALIKE):
        parts = [values[start : start + _CHUNK_ALIKE] for values in columns.values()]
        _write(meta, same, varying, [_prepared(*pair) for pair in zip(varying, parts, strict=True)])


def update_rows(rows: Sequence[models.Model], names: Sequence[str]) -> None:
    """Write these fields of saved rows of one model."""
    for chunk in _chunks(rows):
        meta = type(chunk[0])._meta
        fields: list[Any] = [meta.pk, *(meta.get_field(name) for name in names)]
        places = [_column(field, place) for place, field in enumerate(fields, start=1)]
        changes = ", ".join(f'"{field.column}" = {place}' for field, place in zip(fields[1:], places[1:], strict=True))
        table, params = _table(
            fields, [_prepared(field, [getattr(row, field.attname) for row in chunk]) for field in fields]
        )
        sql = (
            f'UPDATE "{meta.db_table}" SET {changes} FROM {table}'
            f' WHERE "{meta.db_table}"."{fields[0].column}" = {places[0]}'
        )
        with connection.cursor() as cursor:
            cursor.execute(sql, params)


def placeholders(width: int, height: int) -> str:
    """Give what stands behind VALUES for so many rows."""
    return ", ".join(["(" + ", ".join(["%s"] * width) + ")"] * height)


def _insert(rows: Sequence[models.Model], *, ignore_conflicts: bool) -> set[Any]:
    meta = type(rows[0])._meta
    same, varying, own = [], [], []
    for field in _stored(meta):
        values = _of_each(field, rows)
        if all(_is_same(value, values[0]) for value in values):
            same.append((field, field.get_db_prep_save(values[0], connection)))
        else:
            varying.append(field)
            own.append(_prepared(field, values))
    if not own:  # one row: any of its columns will do
        field, value = same.pop()
        varying, own = [field], [[value]]
    return _write(meta, same, varying, own, ignore_conflicts=ignore_conflicts)


def _write(
    meta: Any,
    same: Sequence[tuple[Any, Any]],
    varying: Sequence[Any],
    own: Sequence[Sequence[Any]],
    *,
    ignore_conflicts: bool = False,
) -> set[Any]:
    """Insert rows from the values that they share, and from a list of its own for each other column."""
    columns = ", ".join(f'"{field.column}"' for field in [*(field for field, _ in same), *varying])
    chosen = [f"%s{_cast(field)}" for field, _ in same]
    chosen += [_column(field, place) for place, field in enumerate(varying, start=1)]
    table, params = _table(varying, own)
    sql = (
        f'INSERT INTO "{meta.db_table}" ({columns}) SELECT {", ".join(chosen)} FROM {table} WHERE TRUE'
        f' {"ON CONFLICT DO NOTHING" if ignore_conflicts else ""} RETURNING "{meta.pk.column}"'
    )
    with connection.cursor() as cursor:
        cursor.execute(sql, [value for _, value in same] + params)
        return {meta.pk.to_python(key) for (key,) in cursor.fetchall()}


def _table(fields: Sequence[Any], columns: Sequence[Sequence[Any]]) -> tuple[str, list[Any]]:
    """Give these columns of values as a table `v` of a statement, and its parameters.

    On PostgreSQL an array for each column: to find a place for each value in a long text takes longer than all else.
    """
    if connection.vendor != "postgresql":
        params = [value for row in zip(*columns, strict=True) for value in row]
        return f"(VALUES {placeholders(len(columns), len(columns[0]))}) AS v", params
    names = ", ".join(f"column{place}" for place in range(1, len(columns) + 1))
    arrays = ", ".join(f"%s{_cast(field)}[]" for field in fields)
    return f"unnest({arrays}) AS v({names})", [list(values) for values in columns]


def _stored(meta: Any) -> list[Any]:
    return [field for field in meta.concrete_fields if not isinstance(field, models.AutoField)]


def _prepared(field: Any, values: Sequence[Any]) -> list[Any]:
    found = [field.get_db_prep_save(value, connection) for value in values]
    return [value.value if isinstance(value, Enum) else value for value in found]  # psycopg's arrays are of one type


def _is_same(value: Any, first: Any) -> bool:
    """Tell whether two values are stored alike; equal is not enough inside JSON, where 1, 1.0 and true are three."""
    if value is first:
        return True
    return value == first and type(value) is type(first) and not (value and isinstance(value, (dict, list)))


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


def _chunks(rows: Sequence[models.Model]) -> Iterator[Sequence[models.Model]]:
    return (rows[start : start + _CHUNK] for start in range(0, len(rows), _CHUNK))
