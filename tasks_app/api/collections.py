"""Collections of synced records."""

import uuid
from functools import partial
from typing import Annotated, Any

from pydantic import Field

from tasks_app.api.call import Call
from tasks_app.api.endpoint import Endpoint, operation
from tasks_app.api.paging import Cursor, Page, by_cursor, by_number, link
from tasks_app.api.parameters import CursorQuery, Identifier, PageQuery, Word, one_of
from tasks_app.api.shape import Instant, Out
from tasks_app.models import SyncedChange, SyncedCollection, SyncedRecord
from tasks_app.selectors.access import require_change
from tasks_app.selectors.collections import (
    KINDS,
    STATES,
    RecordFilters,
    change_search,
    collection_get,
    record_find,
    visible_collections,
)
from tasks_app.services.syncing import collection_delete

_BY_KEY = ("key",)


class Collection(Out):
    """The records that are kept of one service's list."""

    id: str
    name: str
    owner: str
    url: str = Field(description="What the last complete fetch was made from.")
    task: str | None = Field(description="The task that filled it last.")
    record_count: int = Field(description="Records that are not gone.")
    synced_at: Instant | None = Field(description="When the last fetch was complete.")
    created_at: Instant


class CollectionPage(Page[Collection]):
    """Collections, by name."""


class Record(Out):
    """One record, as it was last seen."""

    key: str
    data: dict[str, Any]
    first_seen_at: Instant
    changed_at: Instant
    gone_at: Instant | None


class RecordPage(Page[Record]):
    """Records, by key. A part of a key, and what is gone, are looked for among 20,000 records for one page."""

    is_complete: bool = Field(
        description="False: the search has stopped short, and `next` (on the way back: `previous`) goes on from there."
    )


class RecordQuery(CursorQuery):
    """What the records are narrowed to."""

    state: Annotated[str, *one_of(*STATES)] = "present"
    search: Word = Field("", description="A part of the key.")
    key: Word = Field("", description="The whole key.")

    def filters(self) -> RecordFilters:
        """Give them as the selectors take them."""
        return RecordFilters(state=self.state, search=self.search, key=self.key)


class Change(Out):
    """What a run found different about a record; `before` and `after` hold only the fields that differ."""

    key: str
    kind: str = Field(description="new, changed, gone or back.")
    run: str
    before: dict[str, Any]
    after: dict[str, Any]
    at: Instant


class ChangePage(Page[Change]):
    """Changes, the newest first."""


class ChangeQuery(CursorQuery):
    """What the changes are narrowed to."""

    run: Identifier | None = None
    kind: Annotated[str, *one_of(*KINDS)] = ""


class CollectionList(Endpoint):
    """All collections that the caller may see."""

    @operation("collection_list")
    def get(self, call: Call, query: PageQuery) -> CollectionPage:
        """List collections, by name."""
        return CollectionPage(**by_number(call, visible_collections(call.user), query, _collection))


class CollectionObject(Endpoint):
    """One collection."""

    @operation("collection_get")
    def get(self, call: Call, collection_id: uuid.UUID) -> Collection:
        """Give a collection."""
        return _collection(collection_get(call.user, collection_id))

    @operation("collection_delete", status=204)
    def delete(self, call: Call, collection_id: uuid.UUID) -> None:
        """Delete a collection with its records and their history; a task that fills it makes it anew."""
        collection = collection_get(call.user, collection_id)
        require_change(call.user, collection.owner_id)
        collection_delete(collection=collection)


class CollectionRecords(Endpoint):
    """The records of a collection."""

    @operation("collection_records")
    def get(self, call: Call, query: RecordQuery, collection_id: uuid.UUID) -> RecordPage:
        """List the records, by key."""
        collection = collection_get(call.user, collection_id)
        return RecordPage(**_records(call, query, partial(record_find, collection, query.filters())))


class CollectionChanges(Endpoint):
    """What has changed in a collection."""

    @operation("collection_changes")
    def get(self, call: Call, query: ChangeQuery, collection_id: uuid.UUID) -> ChangePage:
        """List the changes, the newest first."""
        collection = collection_get(call.user, collection_id)
        rows = change_search(collection, run_id=query.run, kind=query.kind)
        return ChangePage(**by_cursor(call, rows, query, _change))


def _records(call: Call, query: RecordQuery, find: Any) -> dict[str, Any]:
    """Read one page: the fields of a RecordPage. One that is not full because the search stopped short leads on."""
    whole, end = find()
    cursor = Cursor.read(query.cursor, _BY_KEY, SyncedRecord) if query.cursor else Cursor(("",))
    way = "before" if cursor.is_backwards else "after"
    rows, last = find(**{way: cursor.values[0]}) if query.cursor else (whole, end)
    page = by_cursor(call, rows, query, _record, order=_BY_KEY, counted=whole)
    leads = "previous" if cursor.is_backwards else "next"
    is_complete = last is None or page[leads] is not None
    if not is_complete:
        page[leads] = link(call, cursor=Cursor((last.key,), cursor.is_backwards).written(_BY_KEY))
    page["count_is_exact"] = page["count_is_exact"] and end is None
    return {**page, "is_complete": is_complete}


def _collection(row: SyncedCollection) -> Collection:
    return Collection(
        id=str(row.id),
        name=row.name,
        owner=row.owner.get_username(),
        url=row.url,
        task=str(row.task_id) if row.task_id else None,
        record_count=row.record_count,
        synced_at=row.synced_at,
        created_at=row.created_at,
    )


def _record(row: SyncedRecord) -> Record:
    same = ("key", "data", "first_seen_at", "changed_at", "gone_at")
    return Record(**{name: getattr(row, name) for name in same})


def _change(row: SyncedChange) -> Change:
    same = ("kind", "before", "after", "at")
    return Change(key=row.record.key, run=str(row.run_id), **{name: getattr(row, name) for name in same})
