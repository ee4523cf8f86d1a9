"""Running the sync against the tests' own service, and looking at what it has kept."""

from dataclasses import dataclass, field
from typing import Any

from django.contrib.auth.models import User

from tasks_app.handlers.testing import RecordingContext, call_handler
from tasks_app.models import SyncedChange, SyncedCollection, SyncedRecord
from tests.kinds.sync.json_api import JsonApi
from tests.runs import make_run

STYLES: dict[str, dict[str, Any]] = {
    "none": {},
    "link": {"pagination": {"style": "link"}},
    "cursor": {
        "items_path": "data.items",
        "pagination": {"style": "cursor", "cursor_path": "meta.next", "cursor_parameter": "after"},
    },
    "page": {"pagination": {"style": "page", "size_parameter": "size", "size": 10}},
}


def things(count: int, **more: Any) -> list[dict[str, Any]]:
    """Items that differ in what they are called."""
    return [{"id": number, "name": f"Thing {number}", **more} for number in range(count)]


@dataclass
class Kept:
    """Syncs of one person's, into one collection."""

    owner: User
    api: JsonApi
    options: dict[str, Any] = field(default_factory=dict)
    contexts: list[RecordingContext] = field(default_factory=list)

    def payload(self, **more: Any) -> dict[str, Any]:
        style = self.options.get("pagination", {}).get("style", "none")
        return {"url": self.api.url(f"/{style}"), "collection": "Things", "key": "id", **self.options, **more}

    def context(self, **fields: Any) -> RecordingContext:
        """The context of a new run."""
        run = make_run(self.owner, type="sync_external_service")
        self.contexts.append(RecordingContext(run_id=str(run.id), owner_id=self.owner.pk, **fields))
        return self.contexts[-1]

    def sync(self, ctx: RecordingContext | None = None, **more: Any) -> dict[str, int]:
        """Run it, and give the counts that are not zero."""
        result = call_handler("sync_external_service", self.payload(**more), ctx or self.context())
        return {name: count for name, count in result.items() if type(count) is int and count}

    @property
    def collection(self) -> SyncedCollection:
        return SyncedCollection.objects.get(owner=self.owner, name="Things")

    @property
    def data(self) -> dict[str, Any]:
        """The records that are there, by key."""
        return dict(self._records(gone_at=None))

    @property
    def gone(self) -> list[str]:
        return [key for key, _ in self._records(gone_at__isnull=False)]

    def _records(self, **wanted: Any) -> list[tuple[str, Any]]:
        rows = SyncedRecord.objects.filter(collection__name="Things", collection__owner=self.owner, **wanted)
        return list(rows.order_by("id").values_list("key", "data"))

    def changes(self) -> list[tuple[str, str, Any, Any]]:
        """What the last run has changed."""
        rows = SyncedChange.objects.filter(run_id=self.contexts[-1].run_id).order_by("id")
        return list(rows.values_list("kind", "record__key", "before", "after"))

    @property
    def warnings(self) -> list[str]:
        return [message for level, message in self.contexts[-1].logs if level == "warning"]
