"""Rows by the hundred thousand: COPY on PostgreSQL, and on SQLite what inserts a few thousand."""

import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from itertools import chain
from typing import Any, NamedTuple

from django.db import connection, models

from tasks_app.models.rows import insert_alike, stored_fields

_NULL = r"\N"
_ESCAPED = str.maketrans({"\\": r"\\", "\t": r"\t", "\n": r"\n", "\r": r"\r"})
_PLAIN = (models.UUIDField, models.DateTimeField, models.IntegerField, models.BooleanField)
_LINES = 2_000


class Kind(NamedTuple):
    """Rows that are like one of them but for these fields, of which each row has its own value."""

    like: models.Model
    columns: Mapping[str, Sequence[Any]]


def pour_rows(kinds: Iterable[Kind]) -> None:
    """Insert rows of one model, whose kinds all differ in the same fields. Raises IntegrityError, and inserts none."""
    if connection.vendor != "postgresql":
        for kind in kinds:
            insert_alike(kind.like, **kind.columns)
        return
    kinds = iter(kinds)
    if (first := next(kinds, None)) is None:
        return
    meta = type(first.like)._meta
    own: list[Any] = [meta.get_field(name) for name in first.columns]
    same = [field for field in stored_fields(meta) if field not in own]
    columns = ", ".join(f'"{field.column}"' for field in (*own, *same))
    statement = f'COPY "{meta.db_table}" ({columns}) FROM STDIN'
    with connection.wrap_database_errors, connection.cursor() as cursor, cursor.copy(statement) as copy:
        for kind in chain([first], kinds):
            for text in _lines(kind, own, same):
                copy.write(text)


def _lines(kind: Kind, own: Sequence[Any], same: Sequence[Any]) -> Iterator[str]:
    """Give the lines of COPY's text format, many at a time."""
    shared = "".join(f"\t{_writer(field)(field.pre_save(kind.like, True))}" for field in same) + "\n"
    columns = [map(_writer(field), kind.columns[field.name]) for field in own]
    lines = ["\t".join(values) + shared for values in zip(*columns, strict=True)]
    return ("".join(lines[start : start + _LINES]) for start in range(0, len(lines), _LINES))


def _writer(field: Any) -> Callable[[Any], str]:
    """Give how a value of the field is written in COPY's text format."""
    target = field.target_field if field.is_relation else field
    if isinstance(target, models.JSONField):
        return lambda value: _NULL if value is None else _escaped(json.dumps(value, cls=target.encoder))
    if isinstance(target, _PLAIN):
        return lambda value: _NULL if value is None else str(value)
    return lambda value: _NULL if value is None else _escaped(value)


def _escaped(text: str) -> str:
    return text.translate(_ESCAPED)
