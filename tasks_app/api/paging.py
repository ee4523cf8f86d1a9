"""Pages of lists. Long lists go by keyset, whose cost does not grow with the depth; short ones by page number."""

import base64
import binascii
import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Generic, TypeVar

import pydantic
from django.core.exceptions import ValidationError
from django.db.models import Field, Model, Q, QuerySet

from tasks_app.api.call import Call
from tasks_app.api.parameters import CursorQuery, PageQuery
from tasks_app.api.shape import Out
from tasks_app.errors import FieldError, Invalid
from tasks_app.selectors.ordering import Column, column_name, field_of

M = TypeVar("M", bound=Model)
T = TypeVar("T", bound=Out)
COUNTED = 1001
DEEPEST_ROW = 10_000


class Page(Out, Generic[T]):
    """A list: one page of it, the way to the next and the previous, and its length as far as it was counted."""

    results: list[T]
    next: str | None = pydantic.Field(description="Address of the next page.")
    previous: str | None = pydantic.Field(description="Address of the previous page.")
    count: int = pydantic.Field(description="How many there are in all, counted to 1,001 at most.")
    count_is_exact: bool


@dataclass(frozen=True)
class Cursor:
    """A place in an ordered list, and the direction in which to read on."""

    values: tuple[Any, ...]
    is_backwards: bool = False

    def written(self, order: Sequence[str]) -> str:
        """Give it as text; it holds the order, because it means nothing in another."""
        values = [value if value is None or isinstance(value, str) else _text(value) for value in self.values]
        document = json.dumps([*order, self.is_backwards, *values], separators=(",", ":"))
        return base64.urlsafe_b64encode(document.encode()).decode().rstrip("=")

    @classmethod
    def read(cls, text: str, order: Sequence[str], model: type[Model]) -> "Cursor":
        """Read what `written` has written; raises Invalid for anything else."""
        try:
            document = json.loads(base64.urlsafe_b64decode(text + "=" * (-len(text) % 4)))
            head, backwards, values = document[: len(order)], document[len(order)], document[len(order) + 1 :]
            if head != list(order) or not isinstance(backwards, bool) or len(values) != len(order):
                raise ValueError(text)
            names = [column_name(name) for name in order]
            found = tuple(_value(field_of(model, name), value) for name, value in zip(names, values, strict=True))
        except (ValueError, TypeError, KeyError, IndexError, RecursionError, binascii.Error, ValidationError):
            message = "Not a cursor of this list in this order; take it from next or previous."
            raise Invalid(message, fields={"cursor": [FieldError("invalid", message)]}) from None
        return cls(found, backwards)


def by_cursor(  # noqa: PLR0913  # what a page is read from
    call: Call,
    rows: QuerySet[M],
    query: CursorQuery,
    build: Callable[[M], T],
    *,
    order: Sequence[str] = ("-id",),
    counted: QuerySet[M] | None = None,
) -> dict[str, Any]:
    """Read one page by keyset: the fields of a Page. The last column of `order` must be unique."""
    return page_by_cursor(call, rows, query, lambda found: [build(row) for row in found], order=order, counted=counted)


def page_by_cursor(  # noqa: PLR0913  # what a page is read from
    call: Call,
    rows: QuerySet[M],
    query: CursorQuery,
    build: Callable[[list[M]], list[T]],
    *,
    order: Sequence[str] = ("-id",),
    counted: QuerySet[M] | None = None,
) -> dict[str, Any]:
    """Read one page whose rows are built together, because something is read for all of them at once.

    `counted` are the rows of the whole list, where `rows` are a part of it.
    """
    cursor = Cursor.read(query.cursor, order, rows.model) if query.cursor else None
    is_backwards = cursor is not None and cursor.is_backwards
    columns = [Column.of(name, rows.model) for name in order]
    wanted = rows.filter(_behind(columns, cursor)) if cursor else rows
    ordered = wanted.order_by(*(column.sorted(is_backwards=is_backwards) for column in columns))
    found = list(ordered[: query.page_size + 1])
    has_more, found = len(found) > query.page_size, found[: query.page_size]
    if is_backwards:
        found.reverse()
    leads_on = bool(found) and (is_backwards or has_more)
    leads_back = bool(found) and (has_more if is_backwards else cursor is not None)
    return {
        "results": build(found),
        "next": link(call, cursor=_at(found[-1], columns).written(order)) if leads_on else None,
        "previous": link(call, cursor=_at(found[0], columns, True).written(order)) if leads_back else None,
        **_counted(rows if counted is None else counted, len(found) if cursor is None and not has_more else None),
    }


def by_number(
    call: Call, rows: QuerySet[M] | Sequence[Any], query: PageQuery, build: Callable[[Any], T]
) -> dict[str, Any]:
    """Read one page by its number: the fields of a Page. Deeper than 10,000 rows only a cursor leads."""
    start, end = (query.page - 1) * query.page_size, query.page * query.page_size
    if end > DEEPEST_ROW and query.page > 1:
        message = f"Pages reach {DEEPEST_ROW} rows deep; go on by cursor, or narrow the list."
        raise Invalid(message, fields={"page": [FieldError("out_of_range", message)]})
    found = list(rows[start : end + 1])
    has_more, found = len(found) > query.page_size, found[: query.page_size]
    return {
        "results": [build(row) for row in found],
        "next": link(call, page=query.page + 1) if has_more else None,
        "previous": link(call, page=query.page - 1) if query.page > 1 else None,
        **_counted(rows, start + len(found) if not has_more and (found or query.page == 1) else None),
    }


def _counted(rows: QuerySet[Any] | Sequence[Any], known: int | None) -> dict[str, Any]:
    if known is None:
        known = rows.order_by()[:COUNTED].count() if isinstance(rows, QuerySet) else len(rows)
    return {"count": min(known, COUNTED), "count_is_exact": known < COUNTED}


def _behind(columns: list[Column], cursor: Cursor) -> Q:
    condition, before = Q(pk__in=[]), Q()
    for column, value in zip(columns, cursor.values, strict=True):
        condition |= before & column.behind(value, is_backwards=cursor.is_backwards)
        before &= column.at(value)
    return condition


def _at(row: Model, columns: list[Column], is_backwards: bool = False) -> Cursor:
    return Cursor(tuple(getattr(row, column.name) for column in columns), is_backwards)


def _text(value: Any) -> str:
    return str(value.isoformat() if hasattr(value, "isoformat") else value)


def _value(field: "Field[Any, Any]", value: Any) -> Any:
    if value is None and not field.null:
        raise ValueError(field.name)
    if value is not None and (not isinstance(value, str) or "\0" in value):
        raise TypeError(field.name)
    found = field.to_python(value)
    if isinstance(found, datetime) and found.tzinfo is None:
        raise ValueError(field.name)
    return found


def link(call: Call, **changes: object) -> str:
    """Give this request's address with some parameters changed, and without those that are None."""
    parameters = call.request.query_params.copy()
    for name, value in changes.items():
        parameters.pop(name, None)
        if value is not None:
            parameters[name] = str(value)
    path = call.request._request.path
    return call.request._request.build_absolute_uri(f"{path}?{parameters.urlencode()}")
