"""Lets people own much: files, and a collection of records of which half are gone."""

from django.contrib.auth.models import User
from django.db import connection, transaction

from tasks_app.models import StoredFile, SyncedCollection, SyncedRecord, db_now

NAME = "Things"
_AT_ONCE = 5_000
_COPIES = (
    "INSERT INTO tasks_app_syncedrecord (collection_id, key, data, digest, first_seen_at, changed_at, gone_at)"
    " SELECT %s, md5(n::text), jsonb_build_object('id', n, 'name', 'Thing ' || n), md5(n::text), now(), now(),"
    " CASE WHEN mod(n, 2) = 0 THEN now() END FROM generate_series(%s, %s) AS n"
)


def fill(owner: User, files: int, records: int) -> SyncedCollection:
    """Let there be so many files and records of this owner."""
    _files(owner, files)
    collection, _ = SyncedCollection.objects.get_or_create(owner=owner, name=NAME, defaults={"synced_at": db_now()})
    there = SyncedRecord.objects.filter(collection=collection).count()
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(_COPIES, [collection.pk, there + 1, records])
    SyncedCollection.objects.filter(pk=collection.pk).update(record_count=records // 2)
    return collection


def _files(owner: User, wanted: int) -> None:
    there = StoredFile.objects.filter(owner=owner).count()
    for start in range(there, wanted, _AT_ONCE):
        numbers = range(start, min(start + _AT_ONCE, wanted))
        made = (
            StoredFile(
                owner=owner, name=f"runs-{n}.csv", path=f"bench/{owner.pk}/{n}", content_type="text/csv", size=1000
            )
            for n in numbers
        )
        StoredFile.objects.bulk_create(made)
