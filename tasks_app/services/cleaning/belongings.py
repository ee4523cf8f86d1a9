"""What people's tasks have gathered: files and synced records."""

import logging
from collections.abc import Iterator
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db.models import QuerySet

from tasks_app.models import StoredFile, SyncedChange, SyncedCollection, SyncedRecord
from tasks_app.models.ids import first_id_at
from tasks_app.services.cleaning.pace import PAGE_ROWS, Pace, delete_pages, pages
from tasks_app.services.cleaning.whose import Whose
from tasks_app.services.files import file_delete
from tasks_app.states import OPEN

logger = logging.getLogger(__name__)

_FILES_AT_ONCE = 20


def clean_files(
    whose: Whose,
    *,
    purpose: str,
    before: datetime | None = None,
    expired_at: datetime | None = None,
    dry_run: bool = False,
) -> Iterator[int]:
    """Delete files made before an instant, or whose time was over at one: the stored object, then the row.

    A file whose run has not ended stays. One that storage does not give up is left for the next time, and logged.
    """
    if before is None and expired_at is None:
        raise ValueError("a choice of files needs a bound")
    files = whose.of(StoredFile.objects.filter(purpose=purpose).exclude(run__status__in=OPEN))
    if before is not None:
        files = files.filter(id__lt=first_id_at(before), created_at__lt=before)
    if expired_at is not None:
        files = files.filter(expires_at__lte=expired_at)
    for page in pages(files):
        if dry_run:
            yield len(page)
            continue
        for at in range(0, len(page), _FILES_AT_ONCE):
            yield _delete_files(files.filter(id__in=page[at : at + _FILES_AT_ONCE]))


def clean_gone_records(whose: Whose, *, before: datetime, dry_run: bool = False) -> Iterator[int]:
    """Delete the records that disappeared from their service before an instant, with what is known of their changes."""
    pace = Pace()
    for collection_id in _collections(whose):
        gone = SyncedRecord.objects.filter(collection_id=collection_id, gone_at__lt=before)
        for keys in pages(gone, "key"):
            ids = list(gone.filter(key__in=keys).values_list("id", flat=True))
            yield from delete_pages(SyncedRecord, iter([ids]), pace, dry_run=dry_run, gone_at__lt=before)


def clean_changes(whose: Whose, *, before: datetime, dry_run: bool = False) -> Iterator[int]:
    """Delete what is known of changes before an instant; the records stay."""
    pace = Pace()
    for collection_id in _collections(whose):
        changes = SyncedChange.objects.filter(collection_id=collection_id)
        yield from delete_pages(SyncedChange, _oldest(changes, before), pace, dry_run=dry_run, at__lt=before)


def _oldest(changes: QuerySet[SyncedChange], before: datetime) -> Iterator[list[Any]]:
    """Give the ids of the changes before an instant; ids grow with time, so the first younger one ends the search."""
    after = 0
    while True:
        rows = list(changes.filter(id__gt=after).order_by("id").values_list("id", "at")[:PAGE_ROWS])
        old = [change_id for change_id, at in rows if at < before]
        if old:
            yield old
        if len(old) < PAGE_ROWS:
            return
        after = rows[-1][0]


def _collections(whose: Whose) -> Iterator[UUID]:
    for page in pages(whose.of(SyncedCollection.objects.all())):
        yield from page


def _delete_files(files: QuerySet[StoredFile]) -> int:
    count = 0
    for file in files:
        try:
            file_delete(file)
        except Exception:  # storage may be anybody's
            logger.exception("the file %s cannot be deleted now", file.id)
        else:
            count += 1
    return count
