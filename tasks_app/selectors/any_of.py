"""Rows that have one of many ids, which are one parameter of a query and not one each."""

import json
from collections.abc import Iterable
from functools import cached_property
from typing import Any
from uuid import UUID

from django.db.models import BooleanField, F, Func, Q, Value
from django.db.models.sql.compiler import SQLCompiler


class Ids(frozenset[UUID]):
    """Ids that many queries of one request ask for: they are written down once."""

    @cached_property
    def array(self) -> str:
        """The ids as an array of PostgreSQL."""
        return f"{{{','.join(map(str, self))}}}"

    @cached_property
    def json(self) -> str:
        """The ids as SQLite keeps them, in JSON."""
        return json.dumps([one.hex for one in self])


class _AnyOf(Func):
    template = "(%(expressions)s::uuid[]))"
    arg_joiner = " = ANY("
    output_field = BooleanField()

    def __init__(self, field: str, ids: Ids) -> None:
        super().__init__(F(field), Value(ids.array))
        self.ids = ids

    def as_sqlite(self, compiler: SQLCompiler, connection: Any, **more: Any) -> tuple[str, Any]:
        """Read them from a table that the JSON is."""
        column, _ = compiler.compile(self.source_expressions[0])
        return f"({column} IN (SELECT value FROM json_each(%s)))", (self.ids.json,)  # noqa: S608  # a column's name


def any_of(field: str, ids: Iterable[UUID]) -> Q:
    """Rows in which a column is one of the ids."""
    return Q(_AnyOf(field, ids if isinstance(ids, Ids) else Ids(ids)))
