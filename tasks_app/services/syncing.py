"""Collections of synced records: each is taken by one attempt at a time, whose token every write must hold."""

import uuid
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

from django.db import transaction
from django.db.models import QuerySet
from django.utils import timezone

from tasks_app.models import SyncedChange, SyncedCollection, SyncedRecord, TaskRun
from tasks_app.services import audit
from tasks_app.states import Status

_BATCH = 2_000


class CollectionBusy(Exception):
    """Another run fills the collection now."""


class CollectionLost(Exception):
    """The right to write to the collection has gone: it was deleted, or another attempt has taken over."""


@dataclass(frozen=True)
class Source:
    """What a complete fetch was made from, and what the service said of the version of each page."""

    url: str
    digest: str
    validators: Sequence[dict[str, str]] = ()


def collection_take(*, owner_id: int, name: str, run_id: str) -> SyncedCollection:
    """Give the collection, made on first use, with the right to write to it; raise `CollectionBusy`.

    A run that is not running any more has lost that right, however it ended; the next attempt of a run takes it over.
    """
    with transaction.atomic():
        SyncedCollection.objects.get_or_create(owner_id=owner_id, name=name)
        collection = SyncedCollection.objects.select_for_update().get(owner_id=owner_id, name=name)
        holder = collection.sync_run_id
        if holder and str(holder) != run_id and TaskRun.objects.filter(id=holder, status=Status.RUNNING).exists():
            raise CollectionBusy(f"Another run fills the collection {name!r} now.")
        collection.sync_run_id, collection.sync_token = uuid.UUID(run_id), uuid.uuid4()
        collection.save(update_fields=["sync_run_id", "sync_token"])
    return collection


def collection_open(*, collection: SyncedCollection) -> None:
    """Begin to change it: from here to the end of a complete fetch, nothing is known of the service's version."""
    with fenced(collection) as mine:
        mine.update(validators=[])


def collection_finish(*, collection: SyncedCollection, task_id: str | None, source: Source) -> None:
    """Note that a fetch was complete, and give the collection back."""
    present = _present(collection)  # by whoever holds the token, so before the lock: counting a million takes a second
    with fenced(collection) as mine:
        mine.update(
            task_id=task_id,
            url=source.url,
            source=source.digest,
            validators=list(source.validators),
            record_count=present,
            synced_at=timezone.now(),
            sync_run_id=None,
            sync_token=None,
        )


def collection_confirm(*, collection: SyncedCollection) -> None:
    """Note that the service says nothing has changed, and give the collection back."""
    with fenced(collection) as mine:
        mine.update(synced_at=timezone.now(), sync_run_id=None, sync_token=None)


def known_validators(collection: SyncedCollection, digest: str) -> list[dict[str, str]]:
    """Give what is known of the service's version, if the records still are what that version held."""
    is_whole = collection.source == digest and collection.record_count == _present(collection)
    return list(collection.validators) if is_whole else []


def collection_delete(*, collection: SyncedCollection) -> None:
    """Delete a collection with its records and their history; a run that fills it now ends at its next write.

    In small transactions: broken off in between it has fewer records, and can be deleted again.
    """
    SyncedCollection.objects.filter(pk=collection.pk).update(sync_token=None, source="", validators=[])
    _drop(SyncedChange.objects.filter(collection=collection))
    _drop(SyncedRecord.objects.filter(collection=collection))
    with transaction.atomic():
        audit.note("collection.delete", collection, before={"url": collection.url, "records": collection.record_count})
        collection.delete()


@contextmanager
def fenced(collection: SyncedCollection) -> "Iterator[QuerySet[SyncedCollection]]":
    """A transaction that holds the collection's row; raises `CollectionLost` once somebody else has taken it."""
    mine = SyncedCollection.objects.filter(pk=collection.pk, sync_token=collection.sync_token)
    with transaction.atomic():
        if collection.sync_token is None or not list(mine.select_for_update().values_list("pk")):
            raise CollectionLost(f"The collection {collection.name!r} was deleted, or is filled by another run now.")
        yield mine


def _present(collection: SyncedCollection) -> int:
    return SyncedRecord.objects.filter(collection=collection, gone_at=None).count()


def _drop(rows: "QuerySet[SyncedChange] | QuerySet[SyncedRecord]") -> None:
    while pks := list(rows.order_by("pk").values_list("pk", flat=True)[:_BATCH]):
        # Nothing refers to these rows any more, so there is nothing to look up first.
        rows.filter(pk__in=pks)._raw_delete(rows.db)
