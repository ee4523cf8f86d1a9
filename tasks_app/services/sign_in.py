"""Proving who one is: the password, then the code, each counted before it is looked at.

Wrong ones count for the account's name, whether there is such a user or not, and for the network address. A browser in
which the person has signed in before counts for itself, so that strangers who guess at a name do not keep its owner
out. While Redis is away nothing can be counted, and nobody is let in.
"""

import hashlib
import hmac
import ipaddress
import secrets
import unicodedata
from collections.abc import Iterator
from contextlib import contextmanager

from django.conf import settings
from django.contrib.auth import authenticate
from django.contrib.auth.models import AbstractBaseUser, User
from django.core import signing

from tasks_app.errors import CarillonError
from tasks_app.services import audit
from tasks_app.services.limiter import Limit, LimiterAway, TooMany
from tasks_app.services.second_factor import code_use

DEVICE_SECONDS = 180 * 86_400
_DEVICE_SALT = "sign-in.device"
_AWAY = "Nobody can sign in for the moment, because wrong tries cannot be counted. Who is signed in stays signed in."


class SignInRefused(CarillonError):
    """The name and the password, or the code, are not right."""

    code = "invalid_credentials"


class CodeNeeded(CarillonError):
    """The password is right, and the code of the authenticator app is needed beside it."""

    code = "second_factor_required"


def password_check(*, username: str, password: str, address: str, device: str = "") -> User:
    """Give the user with this name and password. Raises SignInRefused, TooMany or LimiterAway.

    A person with a second factor is not signed in by that: see `code_check`, which counts for itself, so that knowing
    the password gives no further codes.
    """
    who = _known(device, username) or account_key(username)
    with _counted(_limit("sign-in"), who, address):
        user = authenticate(None, username=username.replace("\0", "\ufffd"), password=password)
        if not isinstance(user, User):
            raise SignInRefused("No user has this name and this password. Small and capital letters differ.")
    return user


def code_check(*, user: AbstractBaseUser, code: str, address: str) -> None:
    """Use up a code of the app, or a recovery code. Raises SignInRefused, TooMany or LimiterAway."""
    with _counted(_limit("sign-in-code"), user.pk, address):
        if not code_use(user=user, code=code):
            _note_wrong("sign_in.code", user)
            raise SignInRefused("This code is not right, or has been used already.", code="invalid_code")


def _note_wrong(action: str, user: AbstractBaseUser) -> None:
    actor = f"user:{user.get_username()}"
    told = {"actor": actor, "user_id": user.pk, "owner_id": user.pk, "outcome": audit.REFUSED}
    audit.note_later(action, user, is_bounded=True, **told)


def proof_check(*, user: AbstractBaseUser, password: str, address: str) -> None:
    """Ask a signed-in person for their password before something grave. Raises as `password_check` does."""
    with _counted(_limit("sign-in-proof"), user.pk, address):
        if not user.check_password(password):
            _note_wrong("sign_in.proof", user)
            raise SignInRefused("This is not your password.", code="wrong_password")


def account_forget(*, user: AbstractBaseUser) -> None:
    """Count this account's wrong tries from nothing again."""
    _limit("sign-in").forget(account_key(user.get_username()))


def account_key(username: str) -> str:
    """Give the name under which an account is counted: the same for every way of writing it, and not to be read."""
    folded = unicodedata.normalize("NFKC", username).casefold().strip()
    return hmac.new(settings.SECRET_KEY.encode(), folded.encode("utf-8", "replace"), hashlib.sha256).hexdigest()[:32]


def address_key(address: str) -> str:
    """Give the name under which a network address is counted: of IPv6 its /64, which is one customer's."""
    try:
        found = ipaddress.ip_address(address.partition("%")[0])
    except ValueError:
        return address[:45]
    if isinstance(found, ipaddress.IPv6Address):
        found = found.ipv4_mapped or found
    return str(found) if found.version == 4 else str(ipaddress.ip_network((found, 64), strict=False))  # noqa: PLR2004


def device_token(*, user: AbstractBaseUser) -> str:
    """Give what a browser keeps, to be known again as one in which this person has signed in."""
    own = {"who": account_key(user.get_username()), "id": secrets.token_urlsafe(12)}
    return signing.dumps(own, salt=_DEVICE_SALT)


def _known(device: str, username: str) -> str:
    """Give the name under which a known browser is counted; "" for any other, and for another account."""
    try:
        own = signing.loads(device, salt=_DEVICE_SALT, max_age=DEVICE_SECONDS) if device else {}
    except signing.BadSignature:
        return ""
    return f"device-{own['id']}" if own and own["who"] == account_key(username) else ""


@contextmanager
def _counted(limit: Limit, who: object, address: str) -> Iterator[None]:
    """Count a try before it is made. A right one makes the wrong ones before it forgotten, but not the address's."""
    window = settings.SIGN_IN.window_seconds
    by_address = Limit("sign-in-from", settings.SIGN_IN.tries_per_address, window, fails_closed=True)
    place = address_key(address)
    _take(by_address, place, "Too many wrong tries from your network address.")
    _take(limit, who, "Too many wrong tries.")
    yield
    by_address.give_back(place)
    limit.forget(who)


def _take(limit: Limit, who: object, message: str) -> None:
    try:
        limit.take(who, message)
    except TooMany as refusal:
        again = f"{message} Try again in {_in_words(refusal.retry_after)}."
        raise TooMany(again, retry_after=refusal.retry_after) from None
    except LimiterAway:
        raise LimiterAway(_AWAY) from None


def _in_words(seconds: int) -> str:
    minute = 60
    if seconds < 2 * minute:
        return f"{seconds} second{'' if seconds == 1 else 's'}"
    return f"{-(-seconds // minute)} minutes"


def _limit(name: str) -> Limit:
    return Limit(name, settings.SIGN_IN.tries, settings.SIGN_IN.window_seconds, fails_closed=True)
