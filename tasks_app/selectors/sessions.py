"""Sessions in browsers: whose they are, and from where they were last used.

Rows of sessions do not say whose they are. So the key of a session begins with a mark of its person, and theirs lie
side by side in the index. The mark tells nothing and opens nothing; thirty random characters follow it.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.contrib.auth import HASH_SESSION_KEY, SESSION_KEY
from django.contrib.auth.models import User
from django.contrib.sessions.backends.db import SessionStore
from django.contrib.sessions.models import Session
from django.db.models import QuerySet
from django.utils import timezone
from django.utils.crypto import constant_time_compare, salted_hmac
from django.utils.dateparse import parse_datetime

DEVICE = "carillon.device"
MOST = 100
_DIGITS = 10
_MARKS = 10**_DIGITS - 1  # one less than there are numbers: each has a next one of as many digits
_HANDLE = 32


@dataclass(frozen=True)
class SignedIn:
    """One session, as its person sees it. `handle` names it in addresses; its key is a secret."""

    handle: str
    agent: str
    address: str
    began_at: datetime | None
    seen_at: datetime | None
    is_this: bool


def session_mark(user_id: object) -> str:
    """Give what the keys of a person's sessions begin with: digits, whose order is the same in every collation."""
    number = int(salted_hmac("carillon.session.mark", str(user_id), algorithm="sha256").hexdigest()[:16], 16)
    return f"{number % _MARKS:0{_DIGITS}d}"


def session_handle(session_key: str) -> str:
    """Give the name of a session, from which nobody gets its key."""
    return salted_hmac("carillon.session.handle", session_key, algorithm="sha256").hexdigest()[:_HANDLE]


def sessions_of(user: User, *, this: str | None) -> list[SignedIn]:
    """Give the user's own sessions that still hold, of many the newest: this one first, then the last used."""
    found = [_signed_in(key, data, this) for key, data in _held(user, this)]
    return sorted(found, key=lambda one: (one.is_this, str(one.seen_at or "")), reverse=True)


def has_more_sessions(user: User) -> bool:
    """Whether there are more than `sessions_of` gives."""
    return bool(_living(user).order_by("-expire_date")[MOST : MOST + 1])


def session_key_of(user: User, handle: str, *, this: str | None) -> str | None:
    """Find the key of one of the user's own sessions by its name."""
    return next((key for key, _ in _held(user, this) if constant_time_compare(session_handle(key), handle)), None)


def _held(user: User, this: str | None) -> list[tuple[str, dict[str, Any]]]:
    store = SessionStore()
    rows = list(_living(user).order_by("-expire_date")[:MOST])
    if this and all(row.session_key != this for row in rows):  # an older one, or from before keys had marks
        rows += Session.objects.filter(expire_date__gt=timezone.now(), session_key=this)
    read = [(row.session_key, store.decode(row.session_data)) for row in rows]
    return [(key, data) for key, data in read if _holds(user, data)]


def _living(user: User) -> QuerySet[Session]:
    mark = session_mark(user.pk)
    after = f"{int(mark) + 1:0{_DIGITS}d}"
    return Session.objects.filter(expire_date__gt=timezone.now(), session_key__gte=mark, session_key__lt=after)


def _holds(user: User, data: dict[str, Any]) -> bool:
    """Whether it is the person's, and of the password that they have now."""
    if data.get(SESSION_KEY) != str(user.pk):
        return False
    hashes = [user.get_session_auth_hash(), *user.get_session_auth_fallback_hash()]
    return any(constant_time_compare(str(data.get(HASH_SESSION_KEY, "")), one) for one in hashes)


def _signed_in(key: str, data: dict[str, Any], this: str | None) -> SignedIn:
    device = data.get(DEVICE) or {}
    return SignedIn(
        handle=session_handle(key),
        agent=str(device.get("agent", "")),
        address=str(device.get("address", "")),
        began_at=parse_datetime(str(device.get("began", ""))),
        seen_at=parse_datetime(str(device.get("seen", ""))),
        is_this=key == this,
    )
