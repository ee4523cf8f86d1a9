"""The tokens of a sign-in without a browser (JWT, HS256), and for whom one of them holds now."""

import hashlib
import hmac
from datetime import datetime
from functools import lru_cache
from typing import Any
from uuid import UUID

from django.conf import settings
from django.contrib.auth.models import AbstractBaseUser
from django.core.exceptions import ObjectDoesNotExist
from django.db.models import QuerySet
from django.utils import timezone

from tasks_app.models import TokenSignIn
from tasks_app.selectors.access import Person
from tasks_app.selectors.second_factor import lacks_second_factor

ACCESS, REFRESH = "access", "refresh"
MAX_LENGTH = 2000
ISSUER = "carillon"


def token_write(*, kind: str, sign_in: TokenSignIn, ends_at: datetime) -> str:
    """Write a token of a sign-in: its kind, whose it is, and what it is bound to."""
    claims = {
        "typ": kind,
        "sub": str(sign_in.user_id),
        "sid": str(sign_in.id),
        "epoch": sign_in.epoch,
        "key": password_mark(sign_in.user),
        "iat": timezone.now(),
        "exp": ends_at,
    }
    if kind == REFRESH:
        claims["jti"] = str(sign_in.refresh_id)
    text: str = _backend(settings.TOKEN_KEY).encode(claims)
    return text


def token_read(text: str, *, kind: str) -> dict[str, Any] | None:
    """Give the claims of a token that we have signed, of this kind, and that has not ended; None for any other."""
    from rest_framework_simplejwt.exceptions import TokenBackendError  # noqa: PLC0415  # see _backend

    if len(text) > MAX_LENGTH or not text.isascii():
        return None
    try:
        claims: dict[str, Any] = _backend(settings.TOKEN_KEY).decode(text)
        UUID(claims["sid"])
    except (TokenBackendError, KeyError, ValueError, TypeError, AttributeError):
        return None
    return claims if claims.get("typ") == kind else None


def access_lookup(text: str) -> TokenSignIn | None:
    """Find the sign-in for which this access token holds now, with its user; None for an unknown or ended one."""
    claims = token_read(text, kind=ACCESS)
    return sign_in_of(claims) if claims else None


def sign_in_of(claims: dict[str, Any]) -> TokenSignIn | None:
    """Find the sign-in that these claims speak of, if it goes on.

    It ends with a revocation, with its time, with its person's account, with a new password by whatever door, and when
    the person signs out everywhere, or must have a second factor and has none.
    """
    open_ones = TokenSignIn.objects.select_related("user", "user__profile").filter(
        id=claims["sid"], revoked_at=None, expires_at__gt=timezone.now(), user__is_active=True
    )
    found = open_ones.first()
    if found is None or not _is_of_now(found, claims) or lacks_second_factor(found.user):
        return None
    return found


def token_sign_ins_of(user: Person) -> QuerySet[TokenSignIn]:
    """The user's own sign-ins by tokens that go on, the newest first; nobody sees anybody else's."""
    now = timezone.now()
    return TokenSignIn.objects.filter(user_id=user.pk or 0, revoked_at=None, expires_at__gt=now).order_by("-id")


def epoch_of(user: AbstractBaseUser) -> int:
    """Give the epoch in which the user's sign-ins by tokens hold."""
    try:
        epoch: int = user.profile.token_epoch  # type: ignore[attr-defined]  # the reverse side of a one-to-one
    except ObjectDoesNotExist:
        return 0
    return epoch


def password_mark(user: AbstractBaseUser) -> str:
    """Give a mark of the stored password, from which nothing can be learnt; another password has another."""
    key = settings.TOKEN_KEY.encode()
    return hmac.new(key, user.password.encode(), hashlib.sha256).hexdigest()[:16]


def _is_of_now(found: TokenSignIn, claims: dict[str, Any]) -> bool:
    is_same = hmac.compare_digest(str(claims.get("key")).encode(), password_mark(found.user).encode())
    return is_same and claims.get("epoch") == found.epoch == epoch_of(found.user)


@lru_cache(2)
def _backend(key: str) -> Any:
    # Only web processes read tokens; workers import this file and shall not load a web framework for it.
    from rest_framework_simplejwt.backends import TokenBackend  # noqa: PLC0415

    return TokenBackend("HS256", signing_key=key, issuer=ISSUER)
