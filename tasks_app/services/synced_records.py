"""The records of a collection: stored in bulk, compared by digest, each difference noted.

What is stored of a fetch that did not end stays valid. What disappeared is judged by `missing_mark` alone, which is for
complete fetches.
"""

import json
import uuid
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import islice
from typing import Any, TypeVar

from django.db.models import Count, F
from django.utils import timezone

from tasks_app.models import SyncedChange, SyncedCollection, SyncedRecord
from tasks_app.services.synced_sql import insert_changes, upsert_records
from tasks_app.services.syncing import fenced

CHUNK = 500
_T = TypeVar("_T")
_Kind = SyncedChange.Kind
_Known = tuple[int, str, datetime | None]


@dataclass(frozen=True, slots=True)
class Item:
    """One record as a service gave it: its canonical JSON, and the digest of that."""

    key: str
    text: str
    digest: str

    @property
    def row(self) -> str:
        """The record as it is handed to the database."""
        return f'{{"key":{json.dumps(self.key)},"digest":"{self.digest}","data":{self.text}}}'


def items_store(*, collection: SyncedCollection, run_id: str, items: Sequence[Item], seen: set[int]) -> None:
    """Store what is new or different, note each difference, and add the records' ids to `seen`.

    Of several items with one key the last counts. One short transaction for at most 500 items with a difference.
    """
    for chunk in chunks(items, CHUNK):
        latest = {item.key: item for item in chunk}
        known = _known(collection, latest)
        seen.update(pk for pk, _, _ in known.values())
        wanted = [item for item in latest.values() if not _is_same(item, known.get(item.key))]
        if wanted:
            seen.update(_store(collection, uuid.UUID(run_id), wanted, known))


def missing_mark(*, collection: SyncedCollection, run_id: str, seen: set[int], check_stop: Callable[[], None]) -> int:
    """Mark as gone what a complete fetch has not seen, and give how many those are."""
    present = SyncedRecord.objects.filter(collection=collection, gone_at=None).values_list("pk", flat=True)
    missing = [pk for pk in present.iterator(chunk_size=5_000) if pk not in seen]
    for chunk in chunks(missing, CHUNK):
        check_stop()
        _mark(collection, uuid.UUID(run_id), chunk)
    return len(missing)


def run_counts(*, run_id: str, seen: set[int]) -> dict[str, int]:
    """Count what a run has changed, over all of its attempts, and which of the records it saw it left alone."""
    changes = SyncedChange.objects.filter(run_id=run_id)
    counts = dict(changes.order_by().values_list("kind").annotate(Count("record", distinct=True)))
    touched = set(changes.exclude(kind=_Kind.GONE).order_by().values_list("record_id", flat=True))
    return {**{kind: counts.get(kind, 0) for kind in _Kind.values}, "unchanged": len(seen - touched)}


def difference(before: dict[str, Any], after: dict[str, Any]) -> tuple[dict[str, Any], dict[str, Any]]:
    """Give the fields that differ, as they were and as they are; a field that one side lacks is missing there."""
    names = [name for name in {**before, **after} if _text(before, name) != _text(after, name)]
    old = {name: before[name] for name in names if name in before}
    return old, {name: after[name] for name in names if name in after}


def chunks(values: Iterable[_T], size: int) -> Iterator[list[_T]]:
    """Cut into lists of at most `size`."""
    iterator = iter(values)
    while chunk := list(islice(iterator, size)):
        yield chunk


def _known(collection: SyncedCollection, keys: Iterable[str]) -> dict[str, _Known]:
    rows = SyncedRecord.objects.filter(collection=collection, key__in=list(keys))
    return {key: (pk, digest, gone) for key, pk, digest, gone in rows.values_list("key", "pk", "digest", "gone_at")}


def _is_same(item: Item, known: _Known | None) -> bool:
    return known is not None and known[1] == item.digest and known[2] is None


def _store(
    collection: SyncedCollection, run_id: uuid.UUID, items: Sequence[Item], known: dict[str, _Known]
) -> list[int]:
    old = {item.key: known[item.key] for item in items if item.key in known}
    with fenced(collection) as mine:
        before = dict(SyncedRecord.objects.filter(pk__in=[pk for pk, _, _ in old.values()]).values_list("key", "data"))
        now = timezone.now()
        pks = upsert_records(collection.pk, [item.row for item in items], now)
        changes = [_change(pks[item.key], item, old.get(item.key), before.get(item.key)) for item in items]
        insert_changes(collection.pk, run_id, changes, now)
        added = sum(change["kind"] in (_Kind.NEW, _Kind.BACK) for change in changes)
        mine.update(record_count=F("record_count") + added)
    return list(pks.values())


def _change(pk: int, item: Item, known: _Known | None, data: dict[str, Any] | None) -> dict[str, Any]:
    """Say what is different; `data` is what there was, unless somebody has removed it meanwhile."""
    if known is None or data is None:
        return {"id": pk, "kind": _Kind.NEW, "before": {}, "after": {}}
    before, after = difference(data, json.loads(item.text))
    return {"id": pk, "kind": _Kind.CHANGED if known[2] is None else _Kind.BACK, "before": before, "after": after}


def _text(fields: dict[str, Any], name: str) -> str | None:
    """Compare as JSON does: in Python true equals 1."""
    return json.dumps(fields[name], sort_keys=True) if name in fields else None


def _mark(collection: SyncedCollection, run_id: uuid.UUID, pks: Sequence[int]) -> None:
    now = timezone.now()
    with fenced(collection) as mine:
        SyncedRecord.objects.filter(pk__in=pks).update(gone_at=now)
        changes = [{"id": pk, "kind": _Kind.GONE, "before": {}, "after": {}} for pk in pks]
        insert_changes(collection.pk, run_id, changes, now)
        mine.update(record_count=F("record_count") - len(pks))
