"""`sync_external_service`: keep the records of another service's list, and note what is new, changed and gone."""

import hashlib
import re
from collections.abc import Mapping
from typing import Annotated, Any

from pydantic import Field, StringConstraints

from tasks_app.errors import Invalid, Permanent, RetryLater
from tasks_app.handlers import Payload, RunContext, handler
from tasks_app.kinds.http_headers import check_header
from tasks_app.kinds.json_path import Path
from tasks_app.kinds.private import check_reach
from tasks_app.kinds.references import CredentialName, check_credential
from tasks_app.kinds.sync_attempt import Sync
from tasks_app.kinds.sync_fetching import RETRY
from tasks_app.kinds.sync_paging import OnePage, Paging
from tasks_app.services import syncing

BUSY_SECONDS = 60
_SECRET = re.compile(r"authorization|cookie|key|token|secret|password|session|signature", re.IGNORECASE)


class SyncExternalService(Payload):
    """Where the list is, how to read it, and where to keep it."""

    url: str = Field(
        title="URL",
        description="A public http:// or https:// address that answers JSON.",
        json_schema_extra={"format": "uri"},
    )
    collection: Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=100)] = Field(
        description="The name under which the records are kept; made on first use."
    )
    key: Path = Field(description="Where each item has its key, such as id: text or a number.")
    items_path: Path | None = Field(
        None,
        title="List",
        description="Where the list stands in the answer, such as data.items; else it is the answer.",
    )
    fields: list[Annotated[str, StringConstraints(min_length=1, max_length=200)]] = Field(
        [], max_length=100, description="Which fields of an item to keep; all by default."
    )
    credential: CredentialName | None = Field(
        None, description="The name of the credential that opens the service; none for one that is open to all."
    )
    headers: dict[str, str] = Field(
        {}, max_length=20, description="Headers that hold no secret, such as Accept-Language."
    )
    pagination: Paging = Field(
        OnePage(), discriminator="style", description="How the service cuts the list into pages."
    )
    remove_missing: bool = Field(
        False, title="Mark what disappears", description="Mark records as gone that a complete fetch does not hold."
    )
    allow_empty: bool = Field(
        False, title="An empty list counts", description="Let an empty list mark every record as gone."
    )
    timeout_seconds: int = Field(30, ge=1, le=300, title="Time limit", description="Seconds for each page.")

    def check(self) -> None:
        """Refuse a URL that the platform would not call, and headers that are not the caller's to set."""
        check_reach("url", self.url)
        if not self.collection.isprintable():
            raise Invalid.at("collection", "bad_character", "A name holds printable characters only.")
        for name, value in self.headers.items():
            fault = _header_fault(name, value)
            if fault is not None:
                raise Invalid.at(f"headers.{name[:80]}", "header_not_allowed", fault)

    def check_owner(self, owner: Any) -> None:
        """The address must be for the owner, and the credential the owner's, and may go to this host."""
        check_reach("url", self.url, owner=owner)
        if self.credential is not None:
            check_credential(owner, self.credential, "credential", url=self.url)

    def check_editor(self, editor: Any, before: Mapping[str, Any]) -> None:
        """See that nobody writes into another collection of the owner's than the one of this task."""
        if self.collection != before.get("collection"):
            text = "It writes into a collection of its task's owner, so only the owner says into which."
            raise Invalid.at("collection", "not_allowed", text)
        self.check_owner(editor)

    @property
    def digest(self) -> str:
        """The same for payloads that ask the same of the service and keep the same of it."""
        return hashlib.sha256(self.model_dump_json().encode()).hexdigest()


def _header_fault(name: str, value: str) -> str | None:
    if name.lower() == "range" or name.lower().startswith("if-"):
        return "This header is set by the platform."
    if _SECRET.search(name):
        return "This looks like a secret: keep it in a credential."
    return check_header(name, value)


@handler("sync_external_service", payload=SyncExternalService, title="Sync from a service", timeout=3600, retry=RETRY)
def sync_external_service(ctx: RunContext, payload: SyncExternalService) -> dict[str, Any]:
    """Reads a list of another service, keeps its items as records, and notes what is new, changed and gone."""
    ctx.check_stop()
    if ctx.owner_id is None:
        raise Permanent("Records are kept for somebody: this needs an owner.")
    try:
        collection = syncing.collection_take(owner_id=ctx.owner_id, name=payload.collection, run_id=ctx.run_id)
    except syncing.CollectionBusy as busy:
        raise RetryLater(BUSY_SECONDS, str(busy)) from None
    try:
        return Sync(ctx, payload, collection).run()
    except syncing.CollectionLost as lost:
        raise Permanent(str(lost)) from None
