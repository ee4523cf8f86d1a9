"""Counts by the database of the first so many rows: the ORM does not group a slice."""

from typing import Any

from django.core.exceptions import EmptyResultSet
from django.db import connection


def grouped(chosen: Any, wanted: str, *, by: str) -> list[tuple[Any, ...]]:
    """Group what a query chooses, its slice and order included; the last column is how many rows each group has.

    `wanted` and `by` are words of SQL about the names of the chosen columns: ours, never anybody's input.
    """
    try:
        sql, values = chosen.query.sql_with_params()
    except EmptyResultSet:  # of somebody who may see nothing
        return []
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT {wanted}, COUNT(*) FROM ({sql}) AS run GROUP BY {by}", values)  # noqa: S608  # our own names only
        rows: list[tuple[Any, ...]] = cursor.fetchall()
    return rows
