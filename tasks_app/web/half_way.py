"""Between password and code: whose password was right in this browser, kept in its session for five minutes."""

import time
from dataclasses import dataclass

from django.contrib.auth.models import User
from django.http import HttpRequest
from django.utils.crypto import constant_time_compare

from tasks_app.selectors.people import person_find

KEPT_SECONDS = 300
_KEY = "half_way"


@dataclass(frozen=True)
class HalfWay:
    """Who it is, and where they want to go."""

    user: User
    then: str


def half_way_begin(request: HttpRequest, user: User, *, then: str) -> None:
    """Remember it under a new session key; nobody is signed in by that."""
    request.session[_KEY] = {
        "user": user.pk,
        "hash": user.get_session_auth_hash(),
        "until": time.time() + KEPT_SECONDS,
        "then": then,
    }
    request.session.set_expiry(KEPT_SECONDS)
    request.session.cycle_key()


def half_way_of(request: HttpRequest) -> HalfWay | None:
    """Give who is half-way; None when nobody is, it is over, or the password has changed meanwhile."""
    kept = request.session.get(_KEY)
    if not kept or kept["until"] < time.time():
        return None
    user = person_find(kept["user"])
    if user is None or not constant_time_compare(kept["hash"], user.get_session_auth_hash()):
        return None
    return HalfWay(user, kept["then"])


def half_way_end(request: HttpRequest) -> None:
    """Forget it; the session may last again as long as any."""
    request.session.pop(_KEY, None)
    request.session.set_expiry(None)
