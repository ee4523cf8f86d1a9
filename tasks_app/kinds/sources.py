"""Where reports get their rows: `@report_source` declares a source, in an app's `task_handlers.py` like a handler."""

import difflib
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, TypeVar

from django.contrib.auth.models import AbstractBaseUser
from django.db import connections
from django.db.models import Model, QuerySet
from pydantic import BaseModel

from tasks_app.handlers.payload import Payload
from tasks_app.handlers.spec import BadHandler

PAGE_ROWS = 2000


@dataclass(frozen=True, kw_only=True)
class Scope:
    """For whom and for when a report is made: `at` is the planned instant, or the moment of a run without one."""

    user: AbstractBaseUser
    at: datetime


@dataclass(frozen=True)
class Column:
    """One column: its name in the file and, where it differs, the lookup or annotation that it comes from."""

    name: str
    lookup: str = ""
    convert: Callable[[Any], Any] = field(default=lambda value: value)

    @property
    def source(self) -> str:
        """What to ask the rows for."""
        return self.lookup or self.name


Rows = QuerySet[Any] | Sequence[Mapping[str, Any]]
Query = Callable[[Scope, Any], Rows]
Q = TypeVar("Q", bound=Query)


@dataclass(frozen=True, kw_only=True)
class ReportSource:
    """A named query with the columns it can give and the filters it understands."""

    name: str
    title: str
    columns: tuple[Column, ...]
    filters: type[BaseModel]
    query: Query = field(repr=False)

    @property
    def column_names(self) -> list[str]:
        """The columns in their usual order."""
        return [column.name for column in self.columns]

    def pick(self, names: Sequence[str]) -> list[Column]:
        """Give the columns of those names, in that order; all without names."""
        by_name = {column.name: column for column in self.columns}
        return [by_name[name] for name in names] if names else list(self.columns)


_sources: dict[str, ReportSource] = {}


class UnknownSource(KeyError):
    """No report source has this name."""


def report_source(
    name: str, *, title: str, columns: Sequence[Column | str], filters: type[BaseModel] = Payload
) -> Callable[[Q], Q]:
    """Declare `query(scope, filters)` as a source of reports.

    It gives a queryset, which is streamed in the order of its primary key, or a list of mappings for what is small. It
    must keep to what `scope.user` may see. A column is the name of a field or annotation, or a `Column`.
    """

    def register(query: Q) -> Q:
        if name in _sources:
            raise BadHandler(f"report source {name!r} is declared twice")
        full = tuple(Column(column) if isinstance(column, str) else column for column in columns)
        _sources[name] = ReportSource(name=name, title=title, columns=full, filters=filters, query=query)
        return query

    return register


def source_get(name: str) -> ReportSource:
    """Give the source of that name; raise `UnknownSource`."""
    if name not in _sources:
        near = difflib.get_close_matches(name, _sources, n=1)
        hint = f"did you mean {near[0]!r}?" if near else f"there are: {', '.join(sorted(_sources))}."
        raise UnknownSource(f"There is no report source {name[:80]!r}; {hint}")
    return _sources[name]


def source_all() -> list[ReportSource]:
    """Give every source, by name."""
    return sorted(_sources.values(), key=lambda source: source.name)


def count_rows(rows: Rows) -> int:
    """Say how many rows there are, before they are read."""
    return rows.count() if isinstance(rows, QuerySet) else len(rows)


def stream_rows(rows: Rows, columns: Sequence[Column]) -> Iterator[list[Any]]:
    """Give the values of the columns row by row, holding one page of them in memory."""
    if isinstance(rows, QuerySet):
        for row in _stream_query(rows.order_by("pk"), ["pk", *(column.source for column in columns)]):
            yield [column.convert(value) for column, value in zip(columns, row[1:], strict=True)]
    else:
        for entry in rows:
            yield [column.convert(entry[column.source]) for column in columns]


def _stream_query(query: QuerySet[Model], lookups: list[str]) -> Iterator[tuple[Any, ...]]:
    if connections[query.db].vendor == "postgresql":
        # A server-side cursor: one snapshot, and one plan for the whole.
        return query.values_list(*lookups).iterator(chunk_size=PAGE_ROWS)
    return _stream_pages(query, lookups)


def _stream_pages(query: QuerySet[Model], lookups: list[str]) -> Iterator[tuple[Any, ...]]:
    """SQLite refuses a write on a connection whose open SELECT began before another's write; so none stays open."""
    after: Any = None
    while True:
        page = query if after is None else query.filter(pk__gt=after)
        rows = list(page.values_list(*lookups)[:PAGE_ROWS])
        yield from rows
        if len(rows) < PAGE_ROWS:
            return
        after = rows[-1][0]
