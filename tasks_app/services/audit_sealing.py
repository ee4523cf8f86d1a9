"""Sealing the audit log, and letting its oldest entries go; in small steps, by one upkeep at a time.

The lease of the head is the lock: whoever holds its row gives out positions. Entries that were written later but are
committed earlier come first; positions tell the order of sealing, and have no gap.
"""

import logging
import time
from datetime import timedelta
from itertools import takewhile
from uuid import UUID

from django.conf import settings
from django.db import connection, transaction
from django.db.models import QuerySet

from tasks_app.models import AuditEntry, Lease, db_now
from tasks_app.selectors import audit_chain
from tasks_app.selectors.audit_chain import ANCHOR, HEAD, Broken, Place

logger = logging.getLogger(__name__)

STEP = 200
SECONDS = 0.5


def audit_seal(actor: str) -> int:
    """Seal what has come in; gives the number of entries. Foreign entries are passed over: `doctor` tells of them."""
    until, count, after = time.monotonic() + SECONDS, 0, None
    while time.monotonic() < until:
        done, after = _seal_some(after)
        count += done
        if after is None:
            break
    return count


def audit_prune(actor: str) -> int:
    """Remove some of the entries that are older than the retention, oldest first; gives their number."""
    before = db_now() - timedelta(days=settings.AUDIT_RETENTION_DAYS)
    first = _entries().filter(position__gt=0).order_by("position").first()
    if first is None or first.at >= before:
        return 0
    with transaction.atomic():
        if (head := _locked()) is None:
            return 0
        oldest = _entries().filter(position__lte=head.position).order_by("position")[:STEP]
        gone = list(takewhile(lambda entry: entry.at < before, oldest))
        if not gone:
            return 0
        last = gone[-1]
        assert last.position is not None
        _keep(ANCHOR, Place(last.position, last.digest))
        return _entries().filter(position__lte=last.position).delete()[0]


@transaction.atomic
def audit_reseal() -> int:
    """Seal everything anew with the key in force, after a change of it; gives the number of entries.

    The key before must be among SECRET_KEY_FALLBACKS. Raises Broken, and changes nothing, where the chain is broken.
    """
    Lease.objects.select_for_update().filter(name=HEAD).first()
    audit_chain.verify()
    place, count = audit_chain.beginning(), 0
    if place.position:
        _keep(ANCHOR, place)
    while batch := list(_entries().filter(position__gt=place.position).order_by("position")[:STEP]):
        for entry in batch:
            assert entry.position is not None
            entry.digest = audit_chain.digest_of(entry, entry.position, place.digest)
            place = Place(entry.position, entry.digest)
        _entries().bulk_update(batch, ["digest"])
        count += len(batch)
    new = list(filter(audit_chain.has_mark, _entries().filter(position=None)))
    for entry in new:
        entry.digest = audit_chain.mark_of(entry)
    _entries().bulk_update(new, ["digest"], batch_size=STEP)
    _keep(HEAD, place)
    logger.info("audit log sealed anew up to %d:%s", place.position, place.digest)
    return count


def _seal_some(after: UUID | None) -> tuple[int, UUID | None]:
    """Seal up to STEP entries behind `after`; gives their number, and behind which entry to go on, if at all."""
    rows = _entries().filter(position=None).order_by("id")
    rows = rows if after is None else rows.filter(id__gt=after)
    if not rows.exists():
        return 0, None
    with transaction.atomic():
        head = _locked()
        if head is None:
            return 0, None
        new = list(rows[:STEP])
        sealed = []
        for entry in filter(audit_chain.has_mark, new):
            entry.position = head.position + 1
            entry.digest = audit_chain.digest_of(entry, entry.position, head.digest)
            head = Place(entry.position, entry.digest)
            sealed.append(entry)
        if sealed:
            _entries().bulk_update(sealed, ["position", "digest"])
            _keep(HEAD, head)
            # What a log server keeps elsewhere, nobody can take back here.
            logger.info("audit log sealed up to %d:%s", head.position, head.digest)
    return len(sealed), new[-1].id if len(new) == STEP else None


def _locked() -> Place | None:
    """Hold the head and give it; None where another upkeep holds it."""
    first = audit_chain.written(HEAD, Place())
    Lease.objects.get_or_create(name=HEAD, defaults={"holder": first, "expires_at": db_now()})
    rows = Lease.objects.select_for_update(skip_locked=connection.features.has_select_for_update_skip_locked)
    lease = rows.filter(name=HEAD).first()
    if lease is None:
        return None
    try:
        return audit_chain.read(HEAD, lease.holder)
    except Broken as error:
        logger.error("nothing is sealed: %s", error)
        return None


def _keep(name: str, place: Place) -> None:
    values = {"holder": audit_chain.written(name, place), "expires_at": db_now()}
    Lease.objects.update_or_create(name=name, defaults=values)


def _entries() -> "QuerySet[AuditEntry]":
    """The rows themselves; the model's own manager changes none."""
    return QuerySet(AuditEntry)
