"""Who an API key speaks for."""

import hashlib

from django.db.models import Q, QuerySet
from django.utils import timezone

from tasks_app.models import ApiKey
from tasks_app.selectors.access import Person

PREFIX = "crn_"
MAX_LENGTH = 200


def api_key_digest(plain: str) -> str:
    """Give what is stored of a key. It is random and long, so one round of SHA-256 is enough."""
    return hashlib.sha256(plain.encode()).hexdigest()


def api_key_lookup(plain: str) -> ApiKey | None:
    """Find the key that is valid now, with its user; None for an unknown, expired or revoked one."""
    if not plain.startswith(PREFIX) or len(plain) > MAX_LENGTH or not plain.isascii():
        return None
    in_time = Q(expires_at=None) | Q(expires_at__gt=timezone.now())
    keys = ApiKey.objects.select_related("user").filter(in_time, revoked_at=None, user__is_active=True)
    return keys.filter(digest=api_key_digest(plain)).first()


def api_keys_of(user: Person) -> QuerySet[ApiKey]:
    """The user's own keys, the newest first; nobody sees anybody else's."""
    return ApiKey.objects.filter(user_id=user.pk or 0).order_by("-id")
