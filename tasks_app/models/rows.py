"""Many rows in one statement: inserted, or updated each with values of its own.

What `bulk_create` and `bulk_update` do, several times faster: values that all rows share are sent once, those that
differ in one JSON document, and there is no CASE for each row. So a statement's text is the same for any rows.
"""

import json
from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import datetime
from functools import cache
from typing import Any
from uuid import UUID

from django.db import connection, models, transaction

_CHUNK, _CHUNK_ALIKE = 500, 1000
Addition = Callable[[str], tuple[str, list[Any]]]
_AS_THEY_ARE = (models.UUIDField, models.IntegerField, models.DateTimeField)


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


def insert_alike(model: models.Model, and_then: Addition | None = None, /, **columns: Sequence[Any]) -> None:
    """Insert rows that are like this one but for these fields, of which each row has its own value.

    Raises IntegrityError. For thousands of rows, without an object for each. `and_then` makes of each statement one
    that does more, and gives the values of what it adds.
    """
    meta = type(model)._meta
    varying: list[Any] = [meta.get_field(name) for name in columns]
    same = [
        (field, field.get_db_prep_save(field.pre_save(model, True), connection))
        for field in stored_fields(meta)
        if field not in varying
    ]
    count = len(next(iter(columns.values())))
    for start in range(0, count, _CHUNK_ALIKE):
        parts = [values[start : start + _CHUNK_ALIKE] for values in columns.values()]
        sql, values = _insertion(meta, same, varying, zip(*parts, strict=True))
        if and_then is not None:
            sql, more = and_then(sql)
            values += more
        with connection.cursor() as cursor:
            cursor.execute(sql, values)


def update_rows(rows: Sequence[models.Model], names: Sequence[str]) -> None:
    """Write these fields of saved rows of one model."""
    for chunk in _chunks(rows):
        meta = type(chunk[0])._meta
        fields: list[Any] = [meta.pk, *(meta.get_field(name) for name in names)]
        changes = ", ".join(f'"{field.column}" = v.column{place}' for place, field in enumerate(fields[1:], start=2))
        sql = (
            f'UPDATE "{meta.db_table}" SET {changes} FROM {values_of(fields)}'  # noqa: S608  # our own names only
            f' WHERE "{meta.db_table}"."{fields[0].column}" = v.column1'
        )
        each = ([getattr(row, field.attname) for field in fields] for row in chunk)
        with connection.cursor() as cursor:
            cursor.execute(sql, [document_of(fields, each)])


def values_of(fields: Sequence[Any]) -> str:
    """Give a table `v` with a column for each field, `column1` and so on, read from one `document_of` them."""
    return f"{table_of(fields)} AS v"


def table_of(fields: Sequence[Any]) -> str:
    """Give the same table without its name."""
    places = list(enumerate(fields, start=1))
    if connection.vendor != "postgresql":
        columns = ", ".join(f"json_extract(value, '$.column{place}') AS column{place}" for place, _ in places)
        return f"(SELECT {columns} FROM json_each(%s))"  # noqa: S608  # our own names only
    chosen = ", ".join(f"column{place}{'::jsonb' * _is_json(field)} AS column{place}" for place, field in places)
    typed = ", ".join(f"column{place} {'text' if _is_json(field) else _type(field)}" for place, field in places)
    return f"(SELECT {chosen} FROM json_to_recordset(%s::json) AS r({typed}))"  # noqa: S608  # our own names only


def document_of(fields: Sequence[Any], rows: Iterable[Sequence[Any]]) -> str:
    """Give the rows of the table `v`, each with its values in the order of the fields."""
    prepared = [(f"column{place}", _preparation(field)) for place, field in enumerate(fields, start=1)]
    document = [{name: prepare(value) for (name, prepare), value in zip(prepared, row, strict=True)} for row in rows]
    # `str` for what PostgreSQL's driver takes as it is: instants and ids. Not escaped to ASCII: half a surrogate pair
    # is to be refused, as it would be by itself; escaped, SQLite would store it and never read it again.
    return json.dumps(document, default=str, ensure_ascii=False)


def _preparation(field: Any) -> Callable[[Any], Any]:
    if _is_json(field):
        return lambda value: None if value is None else _encoded(value, field.encoder)
    own = transaction.get_connection()  # `connection` finds this thread's anew for each of its attributes
    if own.vendor == "postgresql" and isinstance(field, _AS_THEY_ARE):
        return lambda value: value if _is_plain(value) else field.get_db_prep_save(value, own)
    return lambda value: field.get_db_prep_save(value, own)


def _encoded(value: Any, encoder: type[json.JSONEncoder] | None) -> str:
    """Write JSON; the field's own encoder, which takes longer, is asked where it is needed only."""
    try:
        return json.dumps(value)
    except TypeError:
        return json.dumps(value, cls=encoder)


def _is_plain(value: Any) -> bool:
    """Tell of an id, number or instant, which stands in a document as it is."""
    kind = type(value)
    return kind is UUID or kind is int or (kind is datetime and value.tzinfo is not None)


def _is_json(field: Any) -> bool:
    return isinstance(field, models.JSONField)


def _insert(rows: Sequence[models.Model], *, ignore_conflicts: bool) -> set[Any]:
    meta = type(rows[0])._meta
    same, varying, own = [], [], []
    for field in stored_fields(meta):
        values = _of_each(field, rows)
        if _are_same(values) and not field.primary_key:
            same.append((field, field.get_db_prep_save(values[0], connection)))
        else:
            varying.append(field)
            own.append(values)
    if not own:  # one row with a key of the database: any of its columns will do
        field, _ = same.pop()
        varying, own = [field], [_of_each(field, rows)]
    sql, values = _insertion(meta, same, varying, zip(*own, strict=True))
    sql += f'{" ON CONFLICT DO NOTHING" if ignore_conflicts else ""} RETURNING "{meta.pk.column}"'
    with connection.cursor() as cursor:
        cursor.execute(sql, values)
        return {meta.pk.to_python(key) for (key,) in cursor.fetchall()}


def _insertion(
    meta: Any, same: Sequence[tuple[Any, Any]], varying: Sequence[Any], rows: Iterable[Sequence[Any]]
) -> tuple[str, list[Any]]:
    """Give the statement that inserts rows from the values that they share and those of each, and what it is given."""
    columns = ", ".join(f'"{field.column}"' for field in [*(field for field, _ in same), *varying])
    chosen = [f"%s{_cast(field)}" for field, _ in same]
    chosen += [f"v.column{place}" for place in range(1, len(varying) + 1)]
    sql = f'INSERT INTO "{meta.db_table}" ({columns}) SELECT {", ".join(chosen)} FROM {values_of(varying)} WHERE TRUE'  # noqa: S608  # our own names only
    return sql, [*(value for _, value in same), document_of(varying, rows)]


def stored_fields(meta: Any) -> list[Any]:
    """Give the fields that a new row is written with; a number that the database gives is not one of them."""
    return [field for field in meta.concrete_fields if not isinstance(field, models.AutoField)]


def _are_same(values: Sequence[Any]) -> bool:
    """Tell whether the values are stored alike; mostly they are one object, which is told without a look at each."""
    return len({*map(id, values)}) == 1 or all(_is_same(value, values[0]) for value in values)


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


def _cast(field: Any) -> str:
    """PostgreSQL can't tell the type of what may be NULL."""
    return f"::{_type(field)}" if connection.vendor == "postgresql" else ""


@cache
def _type(field: Any) -> str:
    """Give the field's type without its length: a cast to one would cut."""
    return str(field.db_type(connection)).split("(")[0]


def _chunks(rows: Sequence[models.Model]) -> Iterator[Sequence[models.Model]]:
    return (rows[start : start + _CHUNK] for start in range(0, len(rows), _CHUNK))
