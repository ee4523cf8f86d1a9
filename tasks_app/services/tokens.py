"""Signing in without a browser: an access token for minutes, and a refresh token that is used once."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import uuid4

from django.conf import settings
from django.contrib.auth.models import User
from django.db import transaction
from django.db.models import QuerySet
from django.utils import timezone

from tasks_app.errors import CarillonError, Forbidden
from tasks_app.models import TokenSignIn
from tasks_app.selectors.second_factor import has_second_factor, lacks_second_factor
from tasks_app.selectors.tokens import ACCESS, REFRESH, access_lookup, epoch_of, sign_in_of, token_read, token_write
from tasks_app.services import audit
from tasks_app.services.sign_in import CodeNeeded, code_check, password_check

_USED_EVERY = timedelta(minutes=1)


class TokenRefused(CarillonError):
    """The token holds no more, or never did."""

    code = "invalid_token"


@dataclass(frozen=True)
class TokenPair:
    """What a client keeps."""

    access: str
    refresh: str
    expires_in: int


def token_sign_in(*, username: str, password: str, code: str, address: str) -> TokenPair:
    """Sign in by name, password and, for people with a second factor, its code.

    Raises SignInRefused, CodeNeeded, TooMany and LimiterAway; Forbidden for those who must set up a second factor.
    """
    user = password_check(username=username, password=password, address=address)
    if has_second_factor(user):
        if not code.strip():
            raise CodeNeeded("Send the code of the authenticator app, or a recovery code, as `code` too.")
        code_check(user=user, code=code, address=address)
    elif lacks_second_factor(user):
        raise Forbidden("Sign in on the pages and set up a second factor first.", code="second_factor_setup_required")
    return sign_in_begin(user=user, address=address)


@transaction.atomic
def sign_in_begin(*, user: User, address: str) -> TokenPair:
    """Begin a sign-in of somebody who has proved who they are."""
    sign_in = TokenSignIn(
        user=user, refresh_id=uuid4(), epoch=epoch_of(user), address=address[:45], expires_at=_refresh_end()
    )
    sign_in.save(force_insert=True)
    audit.note("token.sign_in", user, actor=f"user:{user.get_username()}", user_id=user.pk)
    return _pair(sign_in)


def token_refresh(*, refresh: str, address: str) -> TokenPair:
    """Give new tokens for a refresh token. One that was used before has been stolen: that ends the sign-in."""
    claims = token_read(refresh, kind=REFRESH)
    sign_in = sign_in_of(claims) if claims else None
    if claims is None or sign_in is None:
        raise TokenRefused("This refresh token is not valid any more. Sign in again.")
    used, sign_in.refresh_id, sign_in.expires_at = str(claims.get("jti")), uuid4(), _refresh_end()
    unused = TokenSignIn.objects.filter(id=sign_in.id, refresh_id=used, revoked_at=None)
    now = {"refresh_id": sign_in.refresh_id, "expires_at": sign_in.expires_at, "last_used_at": timezone.now()}
    if not _renewed(sign_in, unused, **now, address=address[:45]):
        token_sign_in_end(sign_in=sign_in, note="a refresh token was used twice")
        message = "This refresh token was used before, so somebody else may have it. The sign-in has ended."
        raise TokenRefused(message, code="token_reused")
    return _pair(sign_in)


def token_revoke(*, token: str) -> None:
    """End the sign-in of this access or refresh token; nothing happens for one that holds no more."""
    claims = token_read(token, kind=REFRESH) or token_read(token, kind=ACCESS)
    sign_in = sign_in_of(claims) if claims else None
    if sign_in is not None:
        token_sign_in_end(sign_in=sign_in)


@transaction.atomic
def token_sign_in_end(*, sign_in: TokenSignIn, note: str = "") -> None:
    """End a sign-in: all of its tokens are worthless from now on."""
    if TokenSignIn.objects.filter(id=sign_in.id, revoked_at=None).update(revoked_at=timezone.now()):
        user = sign_in.user
        audit.note("token.revoke", user, actor=f"user:{user.get_username()}", user_id=user.pk, note=note)


def token_find(access: str) -> TokenSignIn | None:
    """Give the sign-in of a valid access token and note that it was used (at most once a minute); None otherwise."""
    sign_in = access_lookup(access)
    if sign_in is not None and sign_in.last_used_at < timezone.now() - _USED_EVERY:
        seldom = TokenSignIn.objects.filter(id=sign_in.id, last_used_at=sign_in.last_used_at)
        seldom.update(last_used_at=timezone.now())
    return sign_in


@transaction.atomic
def _renewed(sign_in: TokenSignIn, unused: QuerySet[TokenSignIn], **now: Any) -> bool:
    """Say whether the refresh token was unused, and use it up.

    The audit log is told where it comes from another address: as with a session, that a sign-in goes on is no news.
    """
    if not unused.update(**now):
        return False
    user = sign_in.user
    if now["address"] != sign_in.address:
        audit.note("token.refresh", user, actor=f"user:{user.get_username()}", user_id=user.pk)
    return True


def _pair(sign_in: TokenSignIn) -> TokenPair:
    seconds = settings.SIGN_IN.access_seconds
    access = token_write(kind=ACCESS, sign_in=sign_in, ends_at=timezone.now() + timedelta(seconds=seconds))
    return TokenPair(access, token_write(kind=REFRESH, sign_in=sign_in, ends_at=sign_in.expires_at), seconds)


def _refresh_end() -> datetime:
    return timezone.now() + timedelta(days=settings.SIGN_IN.refresh_days)
