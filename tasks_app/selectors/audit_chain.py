"""The chain of the audit log: how digests are made, and whether those that are stored still hold.

An entry bears a mark from its beginning, which only the platform can make; when it is sealed, a digest of itself and
of the digest before it takes the place of the mark. Two leases hold the ends: `audit-head` the newest position and its
digest, `audit-anchor` those of the newest entry that the retention has removed. Both are signed.
"""

import hmac
import json
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta

from django.conf import settings
from django.utils import timezone
from django.utils.crypto import salted_hmac

from tasks_app.models import AuditEntry, Lease
from tasks_app.recurrence.moments import to_text
from tasks_app.selectors.health import Fault, Finding, find

HEAD, ANCHOR = "audit-head", "audit-anchor"
START = "0" * 64
STEP = 1_000
UNSEALED_FOR = timedelta(minutes=10)
_SALT = "tasks_app.audit"
_FIELDS = (
    *("actor", "user_id", "address", "request_id", "action", "outcome", "object_type", "object_id", "object_name"),
    *("owner_id", "before", "after", "note"),
)


@dataclass(frozen=True)
class Place:
    """A place in the chain."""

    position: int = 0
    digest: str = START


class Broken(Exception):
    """The chain does not hold; the message says where, and what is wrong there."""


def mark_of(entry: AuditEntry) -> str:
    """Give the mark of a new entry."""
    return _signed("new", entry, settings.SECRET_KEY)


def has_mark(entry: AuditEntry) -> bool:
    """Say whether the platform has made this entry, and nobody has touched it since."""
    return any(hmac.compare_digest(_signed("new", entry, key), entry.digest) for key in _keys())


def digest_of(entry: AuditEntry, position: int, before: str) -> str:
    """Give the digest that seals an entry."""
    return _signed(f"{position}\n{before}", entry, settings.SECRET_KEY)


def written(name: str, place: Place) -> str:
    """Give an end of the chain as its lease holds it."""
    return f"{place.position}:{place.digest}:{_mac(_end(name, place), settings.SECRET_KEY)}"


def read(name: str, text: str) -> Place:
    """Read an end of the chain; raises Broken for one that the platform has not written."""
    try:
        position, digest, signature = text.split(":")
        place = Place(int(position), digest)
    except ValueError:
        raise Broken(f"{name} cannot be read") from None
    if not any(hmac.compare_digest(_mac(_end(name, place), key), signature) for key in _keys()):
        raise Broken(f"{name} at position {place.position} was not signed by this platform with this SECRET_KEY")
    return place


def verify() -> Place:
    """Walk the whole chain; gives its newest place, or raises Broken for the first position that does not hold."""
    while True:
        ends = dict(Lease.objects.filter(name__in=(HEAD, ANCHOR)).values_list("name", "holder"))
        try:
            return _walk(ends)
        except Broken:
            anchor = Lease.objects.filter(name=ANCHOR).values_list("holder", flat=True).first()
            if anchor == ends.get(ANCHOR):  # otherwise the retention was at it in between
                raise


def _walk(ends: dict[str, str]) -> Place:
    place = read(ANCHOR, ends[ANCHOR]) if ANCHOR in ends else Place()
    if HEAD not in ends:
        if AuditEntry.objects.exclude(position=None).exists():
            raise Broken("there are sealed entries, but nothing says which is the newest")
        return place
    head = read(HEAD, ends[HEAD])
    for entry in _sealed(place.position, head.position):
        place = _next(place, entry)
    if place.position != head.position:
        raise Broken(f"position {place.position + 1} is missing, and all up to {head.position}")
    if place.digest != head.digest:
        raise Broken(f"position {head.position} is not the entry that was sealed last")
    return place


def beginning() -> Place:
    """Give the place behind which the entries that are kept begin."""
    holder = Lease.objects.filter(name=ANCHOR).values_list("holder", flat=True).first()
    return Place() if holder is None else read(ANCHOR, holder)


def digest_at(position: int) -> str:
    """Give the stored digest of a position; "" where there is none."""
    return AuditEntry.objects.filter(position=position).values_list("digest", flat=True).first() or ""


def audit_log() -> Finding:
    """Say for `doctor` whether the chain holds and upkeep seals what is new."""
    return find("audit log", _audit_log)


def _audit_log() -> tuple[bool, str] | Fault:
    try:
        place = verify()
    except Broken as error:
        return False, f"the audit log was changed behind the platform's back: {error}"
    late = AuditEntry.objects.filter(position=None, at__lt=timezone.now() - UNSEALED_FOR).order_by("id")[:STEP]
    waiting = list(late)
    foreign = [entry for entry in waiting if not has_mark(entry)]
    if foreign:
        return False, f"{len(foreign)} entries were not written by this platform, the first is {foreign[0].id}"
    if waiting:
        return False, f"{len(waiting)} entries wait to be sealed since {to_text(waiting[0].at)}; is upkeep running?"
    return True, f"{place.position:,} entries sealed, the chain holds"


def _next(place: Place, entry: AuditEntry) -> Place:
    position = place.position + 1
    if entry.position != position:
        raise Broken(f"position {position} is missing")
    text = f"{position}\n{place.digest}"
    if not any(hmac.compare_digest(_signed(text, entry, key), entry.digest) for key in _keys()):
        raise Broken(
            f"position {position} ({entry.actor} {entry.action}, {to_text(entry.at)}) does not match its digest"
        )
    return Place(position, entry.digest)


def _sealed(after: int, until: int) -> Iterator[AuditEntry]:
    while True:
        rows = AuditEntry.objects.filter(position__gt=after, position__lte=until).order_by("position")
        found = list(rows[:STEP])
        yield from found
        if len(found) < STEP:
            return
        after = found[-1].position or until


def _signed(text: str, entry: AuditEntry, key: str) -> str:
    values = {name: getattr(entry, name) for name in _FIELDS}
    content = json.dumps({"id": str(entry.id), "at": to_text(entry.at), **values}, sort_keys=True)
    return _mac(f"{text}\n{content}", key)


def _end(name: str, place: Place) -> str:
    return f"{name}\n{place.position}\n{place.digest}"


def _mac(text: str, key: str) -> str:
    return salted_hmac(_SALT, text, key, algorithm="sha256").hexdigest()


def _keys() -> tuple[str, ...]:
    """Entries are sealed with the key in force; those sealed with an earlier one hold while it is a fallback."""
    return (settings.SECRET_KEY, *map(str, settings.SECRET_KEY_FALLBACKS))
