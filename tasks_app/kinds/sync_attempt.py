"""One attempt at filling a collection: fetch, store, judge what has gone, and only then note the service's version."""

import hashlib
import time
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import httpx

from tasks_app.errors import Permanent
from tasks_app.handlers import RunContext
from tasks_app.kinds.json_path import WHOLE
from tasks_app.kinds.references import credential_for
from tasks_app.kinds.sync_fetching import MOST_VERSIONS, FetchFailed, Page, Reader
from tasks_app.kinds.sync_items import Unreadable, read_items
from tasks_app.models import Credential, SyncedCollection
from tasks_app.selectors.access import owner_reaches_private
from tasks_app.services import synced_records, syncing
from tasks_app.services.credentials import TokenUnavailable, forget_token, headers_for

if TYPE_CHECKING:
    from tasks_app.kinds.sync_external_service import SyncExternalService

MOST_RECORDS = 1_000_000
_NAP_SECONDS = 0.2
_COUNTS = ("new", "changed", "unchanged", "gone", "back", "repeated")


class Access:
    """The headers of the payload, and those of its credential."""

    def __init__(self, ctx: RunContext, payload: "SyncExternalService") -> None:
        self._headers = payload.headers
        self._credential = credential_for(ctx.owner_id, payload.credential) if payload.credential else None

    @property
    def version(self) -> str:
        """Another credential, or another secret in it, may open another list at the same address."""
        return f"{self._credential.pk} {self._credential.version}" if self._credential is not None else ""

    def headers(self, url: str) -> httpx.Headers:
        """Give them for one request; a token that ends is fetched anew."""
        headers = httpx.Headers(self._headers)
        if self._credential is not None:
            try:
                headers.update(headers_for(self._credential, url))
            except TokenUnavailable as error:
                raise FetchFailed(str(error)) from None
        return headers

    def renew(self) -> bool:
        """Forget a token that was refused before its time."""
        if self._credential is None or self._credential.kind != Credential.Kind.OAUTH2:
            return False
        forget_token(self._credential)
        return True


class Sync:
    """One attempt at filling a collection."""

    def __init__(self, ctx: RunContext, payload: "SyncExternalService", collection: SyncedCollection) -> None:
        self.ctx = ctx
        self.payload = payload
        self.collection = collection
        self.seen: set[int] = set()
        self.read = 0
        self.pages = 0
        access = Access(ctx, payload)
        self.digest = hashlib.sha256(f"{payload.digest} {access.version}".encode()).hexdigest()
        self.reader = Reader(
            url=payload.url,
            paging=payload.pagination,
            items_path=payload.items_path or WHOLE,
            access=access,
            timeout_seconds=payload.timeout_seconds,
            pause=self._pause,
            allow_private=owner_reaches_private(ctx.owner_id),
        )

    def run(self) -> dict[str, Any]:
        """Fetch, store, judge what has gone, and only then note the service's version."""
        known = syncing.known_validators(self.collection, self.digest)
        if self.reader.is_unchanged(known):
            return self._confirmed()
        self.ctx.check_stop()
        syncing.collection_open(collection=self.collection)
        versions = []
        for page in self.reader.pages():
            versions.append(self._store(page))
            del page  # before the next one comes
        self._mark_missing()
        source = syncing.Source(self.payload.url, self.digest, _complete(versions))
        syncing.collection_finish(collection=self.collection, task_id=self.ctx.task_id, source=source)
        return self._result()

    def _store(self, page: Page) -> dict[str, str] | None:
        """Store a page in pieces, each in a short transaction of its own."""
        items = read_items(page.items, key=self.payload.key, fields=self.payload.fields)
        try:
            for chunk in synced_records.chunks(items, synced_records.CHUNK):
                self.read += len(chunk)
                if self.read > MOST_RECORDS:
                    raise Permanent(f"The list has more than {MOST_RECORDS} records.")
                synced_records.items_store(
                    collection=self.collection, run_id=self.ctx.run_id, items=chunk, seen=self.seen
                )
                self.ctx.check_stop()
                self.ctx.progress(self.read, None, f"{self.read} records, page {page.number}")
        except Unreadable as error:
            raise Permanent(f"Page {page.number}, {error}") from None
        self.pages = page.number
        self.ctx.check_stop()
        return page.version

    def _pause(self, seconds: float) -> None:
        self.ctx.log(f"The service asks to wait for {seconds:g} s")
        until = time.monotonic() + seconds
        while (left := until - time.monotonic()) > 0:
            self.ctx.check_stop()
            time.sleep(min(_NAP_SECONDS, left))

    def _mark_missing(self) -> None:
        if not self.payload.remove_missing:
            return
        if not self.reader.is_certain:
            self.ctx.log(
                f"There is no page {self.pages + 1}, behind a full one: it may be the end, or a fault of the service. "
                "No record is marked as gone",
                "warning",
            )
            return
        if not self.seen and not self.payload.allow_empty:
            if self.collection.record_count:
                self.ctx.log("The list is empty: no record is marked as gone, because “allow_empty” is off", "warning")
            return
        synced_records.missing_mark(
            collection=self.collection, run_id=self.ctx.run_id, seen=self.seen, check_stop=self.ctx.check_stop
        )

    def _confirmed(self) -> dict[str, Any]:
        syncing.collection_confirm(collection=self.collection)
        self.ctx.log("The service says that nothing has changed")
        # An attempt before this one may have done it all, but for saying so.
        counts = synced_records.run_counts(run_id=self.ctx.run_id, seen=set())
        present = self.collection.record_count
        unchanged = max(0, present - counts["new"] - counts["changed"] - counts["back"])
        return self._counted(present, {**counts, "unchanged": unchanged}, True)

    def _result(self) -> dict[str, Any]:
        repeated = self.read - len(self.seen)
        if repeated:
            self.ctx.log(f"{repeated} items repeat the key of another: the last of each counts", "warning")
        counts = synced_records.run_counts(run_id=self.ctx.run_id, seen=self.seen)
        self.ctx.progress(self.read, self.read, f"{self.read} records, {self.pages} pages")
        return self._counted(len(self.seen), {**counts, "repeated": repeated}, False)

    def _counted(self, records: int, counts: dict[str, int], is_unchanged: bool) -> dict[str, Any]:
        found = {word: counts.get(word, 0) for word in _COUNTS}
        summary = f"{records} records: " + ", ".join(f"{found[word]} {word}" for word in _COUNTS[:5])
        self.ctx.log(summary)
        return {
            "summary": summary,
            "collection": self.collection.name,
            "collection_id": str(self.collection.pk),
            "records": records,
            "pages": self.pages,
            **found,
            "not_modified": is_unchanged,
        }


def _complete(versions: Sequence[dict[str, str] | None]) -> list[dict[str, str]]:
    """What is known of the version of every page is of use; of some of them, it is not."""
    known = [version for version in versions if version is not None]
    return known if len(known) == len(versions) <= MOST_VERSIONS else []
