"""Pages of long lists: bounded as on the pages for people, and saying how far they have looked."""

import uuid
from collections.abc import Callable
from typing import Any, Generic, Protocol

from pydantic import Field

from tasks_app.api.call import Call
from tasks_app.api.paging import Cursor, M, Page, T, by_cursor, link
from tasks_app.api.parameters import CursorQuery
from tasks_app.api.shape import Instant
from tasks_app.models.ids import made_at
from tasks_app.selectors.walk import Found

_ORDER = ("-id",)


class WalkedPage(Page[T], Generic[T]):
    """Where no index leads to what was asked for, so many rows are searched for one page and no more."""

    is_complete: bool = Field(
        description="False: the search has stopped short, and `next` (on the way back: `previous`) goes on from there."
    )
    searched_to: Instant | None = Field(description="Then: when the oldest row was made that was searched.")


class Find(Protocol[M]):
    """Finds the rows that match, older than one of them or newer."""

    def __call__(self, *, before: uuid.UUID | None = None, after: uuid.UUID | None = None) -> Found[M]: ...


def walked_by_cursor(call: Call, query: CursorQuery, find: Find[M], build: Callable[[M], T]) -> dict[str, Any]:
    """Read one page: the fields of a WalkedPage. One that is not full because the search has stopped short leads on."""
    top = find()
    cursor = Cursor.read(query.cursor, _ORDER, top.rows.model) if query.cursor else None
    found = top if cursor is None or top.floor is None else _from(find, cursor)
    page = by_cursor(call, found.rows, query, build, counted=top.rows)
    page["count_is_exact"] = page["count_is_exact"] and top.floor is None
    floor = found.floor if page["next"] is None else None
    ceiling = found.ceiling if page["previous"] is None else None
    if floor is not None:
        page["next"] = link(call, cursor=Cursor((floor,)).written(_ORDER))
    if ceiling is not None:
        page["previous"] = link(call, cursor=Cursor((ceiling,), is_backwards=True).written(_ORDER))
    return {**page, "is_complete": not (floor or ceiling), "searched_to": made_at(floor) if floor else None}


def _from(find: Find[M], cursor: Cursor) -> Found[M]:
    [at] = cursor.values
    return find(after=at) if cursor.is_backwards else find(before=at)
