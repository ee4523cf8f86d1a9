"""Making, finding and revoking API keys."""

import secrets
from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.contrib.auth.models import AbstractBaseUser
from django.db import transaction
from django.db.models import Q, QuerySet
from django.utils import timezone

from tasks_app.errors import Forbidden, Invalid
from tasks_app.models import ApiKey
from tasks_app.selectors.api_keys import PREFIX, api_key_digest, api_key_lookup
from tasks_app.services import audit
from tasks_app.services.audit_values import values_of
from tasks_app.services.validation import Problems, check_choice, check_line

_SHOWN = 12
_USED_EVERY = timedelta(minutes=1)


@transaction.atomic
def api_key_create(
    *, user: AbstractBaseUser, name: str, scope: str, expires_at: datetime | None = None, by: ApiKey | None = None
) -> tuple[ApiKey, str]:
    """Make a key and give it with its plain text, which is never seen again.

    `by` is the key that makes it, if one does: what ends makes nothing that lasts longer, and what is revoked takes
    along what it made. Raises Invalid, and Forbidden when `by` was revoked meanwhile.
    """
    if by is not None and not _locked([by.id]):
        raise Forbidden("This key has just been revoked.")
    problems = Problems()
    ends_at = by.expires_at if by is not None else None
    if ends_at is not None and (expires_at or ends_at) > ends_at:
        problems.add("expires_at", "too_late", "Must not end later than the key that makes it.")
    expires_at = expires_at or ends_at
    name = check_line(problems, "name", name, most=100)
    check_choice(problems, "scope", scope, ApiKey.Scope.values)
    if expires_at is not None and expires_at <= timezone.now():
        problems.add("expires_at", "in_past", "This lies in the past.")
    if problems:
        raise Invalid("The key was not made; see the fields.", fields=problems.fields)
    plain = PREFIX + secrets.token_urlsafe(32)
    key = ApiKey(
        user_id=user.pk,
        name=name,
        scope=scope,
        prefix=plain[:_SHOWN],
        digest=api_key_digest(plain),
        expires_at=expires_at,
        made_with=by,
    )
    key.save(force_insert=True)
    audit.note("api_key.create", key, after=values_of(key, ("name", "scope", "prefix", "expires_at")))
    return key, plain


@transaction.atomic
def api_key_revoke(*, key: ApiKey) -> None:
    """Make the key worthless from now on, and the keys that were made with it: whoever found it may have made them."""
    keys = _locked([key.id])
    while keys:
        ids = [one.id for one in keys]
        ApiKey.objects.filter(id__in=ids).update(revoked_at=timezone.now())
        for one in keys:
            audit.note("api_key.revoke", one, before={"prefix": one.prefix, "scope": one.scope})
        keys = _locked(ApiKey.objects.filter(made_with__in=ids).values("id"))


def _locked(ids: Iterable[UUID] | QuerySet[Any, Any]) -> list[ApiKey]:
    """Give those of the keys that are not revoked, and let nobody revoke them meanwhile."""
    return list(ApiKey.objects.select_for_update().filter(id__in=ids, revoked_at=None).order_by("id"))


def api_key_find(plain: str) -> ApiKey | None:
    """Give the valid key with this plain text and note that it was used (at most once a minute); None otherwise."""
    key = api_key_lookup(plain)
    if key is not None:
        now = timezone.now()
        seldom = Q(last_used_at=None) | Q(last_used_at__lt=now - _USED_EVERY)
        ApiKey.objects.filter(seldom, id=key.id).update(last_used_at=now)
    return key
