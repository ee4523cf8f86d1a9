"""What a session remembers of the browser that it is used in, and ending one."""

import logging
from datetime import timedelta
from typing import Any

from django.contrib.auth import SESSION_KEY
from django.contrib.auth.models import User
from django.contrib.sessions.backends.base import SessionBase
from django.contrib.sessions.backends.db import SessionStore
from django.contrib.sessions.models import Session
from django.db import Error, transaction
from django.http import HttpRequest
from django.utils import timezone
from django.utils.dateparse import parse_datetime

from tasks_app.errors import NotFound
from tasks_app.selectors.sessions import DEVICE, session_key_of
from tasks_app.services import audit

logger = logging.getLogger(__name__)

_SEEN_EVERY = timedelta(minutes=5)
_AGENT_MOST, _ADDRESS_MOST = 200, 45


def session_begin(request: HttpRequest | None, **_: Any) -> None:
    """Note where it begins, and give it a key by which its person's sessions are found (Django's `user_logged_in`)."""
    session: SessionBase | None = getattr(request, "session", None)
    if request is not None and session is not None:
        session[DEVICE] = {**_device(request), "began": timezone.now().isoformat()}
        session.cycle_key()


def session_seen(request: HttpRequest) -> None:
    """Note that it was used, at most every few minutes; it ends no later for that."""
    session = request.session
    if SESSION_KEY not in session:
        return
    device = session.get(DEVICE) or {}
    seen_at = parse_datetime(str(device.get("seen", "")))
    if seen_at is not None and timezone.now() - seen_at < _SEEN_EVERY:
        return
    changes = _device(request)
    if session.modified:  # it is written as a whole in a moment
        session[DEVICE] = {**device, **changes}
    elif session.session_key:
        try:
            _write(session.session_key, changes)
        except Error as fault:  # what was asked for has been done, and is answered
            logger.warning("the use of a session could not be noted: %s", fault)


def session_end(*, user: User, handle: str, this: str | None) -> None:
    """End one of the user's own sessions. Raises NotFound."""
    key = session_key_of(user, handle, this=this)
    if key is None:
        raise NotFound("There is no such sign-in.")
    with transaction.atomic():
        if Session.objects.filter(session_key=key).delete()[0]:
            audit.note("session.end", user, owner_id=user.pk)


def _device(request: HttpRequest) -> dict[str, str]:
    agent = "".join(sign for sign in request.META.get("HTTP_USER_AGENT", "") if sign.isprintable())
    return {
        "agent": agent[:_AGENT_MOST],
        "address": str(request.META.get("REMOTE_ADDR", ""))[:_ADDRESS_MOST],
        "seen": timezone.now().isoformat(),
    }


@transaction.atomic
def _write(key: str, changes: dict[str, str]) -> None:
    """Change this and no more, also not its end: read anew, for another request may have written since."""
    rows, store = Session.objects.filter(session_key=key), SessionStore()
    row = rows.select_for_update().first()
    if row is not None:
        data = store.decode(row.session_data)
        data[DEVICE] = {**(data.get(DEVICE) or {}), **changes}
        rows.update(session_data=store.encode(data))
