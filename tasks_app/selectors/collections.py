"""Reading collections of synced records, and what changed in them."""

import uuid
from dataclasses import dataclass
from typing import Any

from django.db.models import Count, QuerySet

from tasks_app.errors import NotFound
from tasks_app.models import SyncedChange, SyncedCollection, SyncedRecord, TaskRun
from tasks_app.selectors.access import Person, sees_all

STATES = ("present", "gone", "all")
WALK = 20_000
"""So many records are looked at for one page, where no index leads to what is asked for."""
KINDS = tuple(SyncedChange.Kind.values)


def visible_collections(user: Person) -> QuerySet[SyncedCollection]:
    """The collections that the user may see: their own, and for staff everybody's; by name."""
    rows = SyncedCollection.objects.select_related("owner", "task").order_by("name", "id")
    if sees_all(user):
        return rows
    return rows.filter(owner_id=user.pk) if user.is_authenticated and user.is_active else rows.none()


def collection_get(user: Person, collection_id: uuid.UUID) -> SyncedCollection:
    """Give a collection that the user may see; raises NotFound."""
    found = visible_collections(user).filter(id=collection_id).first()
    if found is None:
        raise NotFound("There is no such collection.")
    return found


def collection_of_run(user: Person, run: TaskRun) -> SyncedCollection | None:
    """Give the collection that a run has filled, as far as its result tells and the user may see it."""
    found = run.result.get("collection_id") if isinstance(run.result, dict) else None
    try:
        return visible_collections(user).filter(id=uuid.UUID(found)).first() if found else None
    except (ValueError, TypeError, AttributeError):
        return None


def collections_of_task(user: Person, task_id: uuid.UUID) -> QuerySet[SyncedCollection]:
    """The collections that a task was the last to fill."""
    return visible_collections(user).filter(task_id=task_id)


@dataclass(frozen=True, kw_only=True)
class RecordFilters:
    """What the records are narrowed to; the state is one of `STATES`."""

    state: str = "present"
    search: str = ""
    key: str = ""

    @property
    def is_led(self) -> bool:
        """An index leads to what matches; a part of a key, and what is gone, have to be looked for."""
        return bool(self.key) or (not self.search and self.state != "gone")


def record_search(collection: SyncedCollection, filters: RecordFilters) -> QuerySet[SyncedRecord]:
    """The records that match, by key."""
    rows = SyncedRecord.objects.filter(collection=collection)
    if filters.state != "all":
        rows = rows.filter(gone_at__isnull=filters.state != "gone")
    if filters.search:
        rows = rows.filter(key__icontains=filters.search)
    return (rows.filter(key=filters.key) if filters.key else rows).order_by("key")


def record_get(collection: SyncedCollection, record_id: int) -> SyncedRecord:
    """Give a record of the collection; raises NotFound."""
    found = SyncedRecord.objects.filter(collection=collection, id=record_id).first()
    if found is None:
        raise NotFound("There is no such record.")
    return found


def record_find(
    collection: SyncedCollection, filters: RecordFilters, *, after: str = "", before: str = ""
) -> tuple[QuerySet[SyncedRecord], SyncedRecord | None]:
    """The records that match behind the key `after`, or those before the other one, and where the search stops short.

    Where no index leads to them it looks at 20,000.
    """
    rows = record_search(collection, filters)
    if filters.is_led:
        return rows, None
    scope = record_search(collection, RecordFilters(state="present" if filters.state == "present" else "all"))
    scope = scope.filter(key__lt=before).order_by("-key") if before else scope.filter(key__gt=after)
    edge = list(scope.only("id", "key")[WALK - 1 : WALK + 1])
    if len(edge) <= 1:
        return rows, None
    return rows.filter(key__gte=edge[0].key) if before else rows.filter(key__lte=edge[0].key), edge[0]


def record_page(
    rows: QuerySet[SyncedRecord], *, after: SyncedRecord | None, size: int
) -> tuple[list[SyncedRecord], int | None]:
    """Give one page, and the record behind which the next one begins, or None at the end."""
    found = list((rows.filter(key__gt=after.key) if after else rows)[: size + 1])
    return found[:size], found[size - 1].id if len(found) > size else None


def change_search(
    collection: SyncedCollection, *, run_id: uuid.UUID | None = None, kind: str = "", record_id: int | None = None
) -> QuerySet[SyncedChange]:
    """What has changed, the newest first."""
    wanted: dict[str, Any] = {"run_id": run_id, "kind": kind, "record_id": record_id}
    rows = SyncedChange.objects.filter(
        collection=collection, **{name: value for name, value in wanted.items() if value}
    )
    return rows.select_related("record").order_by("-id")


def change_page(
    rows: QuerySet[SyncedChange], *, before: int | None, size: int
) -> tuple[list[SyncedChange], int | None]:
    """Give one page, and the change before which the next one begins, or None at the end."""
    found = list((rows.filter(id__lt=before) if before else rows)[: size + 1])
    return found[:size], found[size - 1].id if len(found) > size else None


def counts_of_run(collection: SyncedCollection, run_id: uuid.UUID) -> list[tuple[str, int]]:
    """How many records one run has changed in which way, in the usual order of the ways."""
    rows = SyncedChange.objects.filter(collection=collection, run_id=run_id).order_by()
    counts = dict(rows.values_list("kind").annotate(Count("id")))
    return [(kind, counts[kind]) for kind in KINDS if kind in counts]
