"""Where reports get their rows: `@report_source` declares a source, in an app's `task_handlers.py` like a handler."""

import difflib
from collections.abc import Callable, Generator, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, closing, contextmanager, nullcontext
from dataclasses import dataclass, field
from datetime import datetime
from itertools import islice
from typing import Any, TypeVar, cast

from django.contrib.auth.models import AbstractBaseUser
from django.db import connections, transaction
from django.db.models import Model, QuerySet
from pydantic import BaseModel

from tasks_app.handlers.payload import Payload
from tasks_app.handlers.spec import BadHandler

PAGE_ROWS = 2000

Convert = Callable[[Any], Any]
Row = Sequence[Any]


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
    convert: Convert | None = None

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
    staff_only: bool = False

    @property
    def column_names(self) -> list[str]:
        """The columns in their usual order."""
        return [column.name for column in self.columns]

    @property
    def filter_names(self) -> list[str]:
        """The filters as people write them."""
        return [info.alias or name for name, info in self.filters.model_fields.items()]

    def pick(self, names: Sequence[str]) -> list[Column]:
        """Give the columns of those names, in that order; all without names."""
        by_name = {column.name: column for column in self.columns}
        return [by_name[name] for name in names] if names else list(self.columns)


_sources: dict[str, ReportSource] = {}


class UnknownSource(KeyError):
    """No report source has this name."""


def report_source(
    name: str,
    *,
    title: str,
    columns: Sequence[Column | str],
    filters: type[BaseModel] = Payload,
    staff_only: bool = False,
) -> Callable[[Q], Q]:
    """Declare `query(scope, filters)` as a source of reports.

    It gives a queryset, which is streamed in the order of its primary key, or a list of mappings for what is small. It
    must keep to what `scope.user` may see. A column is the name of a field or annotation, or a `Column`. What is
    `staff_only` is refused to everybody else, when a task is saved and again before each run.
    """

    def register(query: Q) -> Q:
        if name in _sources:
            raise BadHandler(f"report source {name!r} is declared twice")
        full = tuple(Column(column) if isinstance(column, str) else column for column in columns)
        _sources[name] = ReportSource(
            name=name, title=title, columns=full, filters=filters, query=query, staff_only=staff_only
        )
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


@contextmanager
def stream_pages(rows: Rows, columns: Sequence[Column]) -> Iterator[Iterator[list[Row]]]:
    """Give the values of the columns a page of rows at a time, and never hold more than one page in memory.

    Leaving the block closes what is open, however far the reader came.
    """
    converts = [(place, column.convert) for place, column in enumerate(columns) if column.convert is not None]
    with _one_snapshot(rows), closing(_raw_pages(rows, columns)) as raw:
        yield (_converted(page, converts) for page in raw) if converts else raw


def _one_snapshot(rows: Rows) -> AbstractContextManager[None]:
    """Hold the transaction that a server-side cursor needs to give rows as they come.

    Outside of one, the server would first store the whole answer aside. SQLite reads page by page instead.
    """
    if isinstance(rows, QuerySet) and connections[rows.db].vendor == "postgresql":
        return transaction.atomic(using=rows.db)
    return nullcontext()


def _converted(page: list[Row], converts: Sequence[tuple[int, Convert]]) -> list[Row]:
    """Convert by column, which costs a third of converting by row."""
    values: list[Sequence[Any]] = list(zip(*page, strict=True))
    for place, convert in converts:
        values[place] = [convert(value) for value in values[place]]
    return list(zip(*values, strict=True))


def _raw_pages(rows: Rows, columns: Sequence[Column]) -> Generator[list[Row]]:
    names = [column.source for column in columns]
    if not isinstance(rows, QuerySet):
        for start in range(0, len(rows), PAGE_ROWS):
            yield [tuple(entry[name] for name in names) for entry in rows[start : start + PAGE_ROWS]]
    elif connections[rows.db].vendor == "postgresql":
        yield from _cursor_pages(rows.order_by("pk"), names)
    else:
        yield from _keyset_pages(rows.order_by("pk"), names)


def _cursor_pages(query: QuerySet[Model], lookups: list[str]) -> Generator[list[Row]]:
    """A server-side cursor: one snapshot, and one plan for the whole."""
    rows = cast(Generator[Row], query.values_list(*lookups).iterator(chunk_size=PAGE_ROWS))
    with closing(rows) as found:
        while page := list(islice(found, PAGE_ROWS)):
            yield page


def _keyset_pages(query: QuerySet[Model], lookups: list[str]) -> Generator[list[Row]]:
    """SQLite refuses a write on a connection whose open SELECT began before another's write; so none stays open."""
    after: Any = None
    pk = query.model._meta.pk.name
    asked = lookups if pk in lookups else [*lookups, pk]
    place = asked.index(pk)
    while True:
        page = query if after is None else query.filter(pk__gt=after)
        rows = list(page.values_list(*asked)[:PAGE_ROWS])
        if rows:
            yield rows if asked is lookups else [row[:-1] for row in rows]
        if len(rows) < PAGE_ROWS:
            return
        after = rows[-1][place]
