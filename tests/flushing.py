"""Puts the database back after a test that commits: only what the test has written goes.

Django's flush empties every table and makes all content types, permissions and roles anew, which costs more than most
tests.
"""

from collections.abc import Callable

from django.db import connection, transaction
from django.test import TransactionTestCase

_flush = TransactionTestCase._fixture_teardown  # type: ignore[attr-defined]
_Rows = dict[str, list[tuple[object, ...]]]


class Kept:
    """The rows that a new database has, which outlive every test."""

    def __init__(self) -> None:
        self._tables = sorted(connection.introspection.django_table_names(only_existing=True, include_views=False))
        self._rows = self._read(self._filled(self._tables))

    def put_back(self, case: TransactionTestCase) -> None:
        """Empty the tables that were empty; where a test has touched the others, flush everything as Django does."""
        connection.close_if_unusable_or_obsolete()
        if self._read([*self._rows]) != self._rows:
            _flush(case)
            self._rows = self._read(self._filled(self._tables))
            return
        self._empty(self._filled([table for table in self._tables if table not in self._rows]))

    def _filled(self, tables: list[str]) -> list[str]:
        asked = " UNION ALL ".join(f"SELECT '{name}' WHERE EXISTS (SELECT 1 FROM \"{name}\")" for name in tables)
        return [str(name) for (name,) in _fetch(asked)]

    def _read(self, tables: list[str]) -> _Rows:
        return {name: _fetch(f'SELECT * FROM "{name}" ORDER BY 1') for name in tables}

    def _empty(self, tables: list[str]) -> None:
        with connection.constraint_checks_disabled(), transaction.atomic(), connection.cursor() as cursor:
            if connection.vendor == "postgresql":  # no check of a key, and no trigger
                cursor.execute("SET LOCAL session_replication_role = replica")
            for name in tables:
                cursor.execute(f'DELETE FROM "{name}"')


def _fetch(sql: str) -> list[tuple[object, ...]]:
    with connection.cursor() as cursor:
        cursor.execute(sql)
        return list(cursor.fetchall())


def method_of(kept: Kept) -> Callable[[TransactionTestCase], None]:
    """Give it as Django calls it: as a method of the test."""

    def put_back(self: TransactionTestCase) -> None:
        kept.put_back(self)

    return put_back
