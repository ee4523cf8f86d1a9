"""Rows that have one of many ids: for PostgreSQL one array, where each id would be a placeholder of its own."""

from functools import lru_cache
from uuid import UUID

from django.db import connection
from django.db.models import BooleanField, F, Func, Q, Value


class _AnyOf(Func):
    template = "(%(expressions)s::uuid[]))"
    arg_joiner = " = ANY("
    output_field = BooleanField()


def any_of(field: str, ids: frozenset[UUID]) -> Q:
    """Rows in which a column is one of the ids."""
    if connection.vendor != "postgresql":
        return Q(**{f"{field}__in": sorted(ids)})
    return Q(_AnyOf(F(field), Value(_array(ids))))


@lru_cache(maxsize=64)
def _array(ids: frozenset[UUID]) -> str:
    return f"{{{','.join(map(str, ids))}}}"
