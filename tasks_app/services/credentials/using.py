"""Putting a credential to a request: its headers, or a signature; for its own hosts only."""

import hashlib
import hmac
from base64 import b64encode
from datetime import datetime, timedelta

from django.db.models import Q
from django.utils import timezone

from tasks_app.handlers.secrecy import known
from tasks_app.models import Credential
from tasks_app.services.credentials.hosts import CredentialRefused, check_target
from tasks_app.services.credentials.tokens import token_for
from tasks_app.services.credentials.vault import take_out

Kind = Credential.Kind
AUTHORISING: tuple[str, ...] = (Kind.BEARER.value, Kind.BASIC.value, Kind.HEADER.value, Kind.OAUTH2.value)
SIGNING: tuple[str, ...] = (Kind.SIGNING.value,)
_NOTED_EVERY = timedelta(minutes=1)


def headers_for(credential: Credential, url: str) -> dict[str, str]:
    """Give the headers that authorise a request to exactly this URL.

    Raises CredentialRefused (permanent) for a URL that is not one of the credential's hosts over https, and
    TokenUnavailable (worth a retry). Ask again for every other URL, also for the next page of a list: the HTTP client
    takes these headers along on redirects within one host and port only.
    """
    check_target(credential, url)
    if credential.kind not in AUTHORISING:
        raise CredentialRefused(f"“{credential.name}” is a signing key; it does not authorise a request.")
    _note_use(credential)
    if credential.kind == Kind.OAUTH2:
        return {"Authorization": f"Bearer {token_for(credential)}"}
    secret = take_out(credential, credential.sealed)
    if credential.kind == Kind.HEADER:
        return {credential.details["header"]: secret}
    if credential.kind == Kind.BEARER:
        return {"Authorization": f"Bearer {secret}"}
    pair = f"{credential.details['username']}:{secret}"
    known.learn(pair)
    return {"Authorization": f"Basic {b64encode(pair.encode()).decode('ascii')}"}


def signature_for(credential: Credential, *, method: str, url: str, body: bytes | None, at: datetime) -> dict[str, str]:
    """Sign a body: HMAC-SHA256 with the key over `<timestamp>.<body>`, as X-Carillon-Signature.

    `method` and `url` are not part of what is signed, because proxies rewrite them; the URL must be one of the key's
    hosts nevertheless. Sign every attempt anew: receivers refuse an old timestamp.
    """
    check_target(credential, url)
    if credential.kind not in SIGNING:
        raise CredentialRefused(f"“{credential.name}” is not a signing key.")
    _note_use(credential)
    stamp = str(int(at.timestamp()))
    key = take_out(credential, credential.sealed).encode()
    signature = hmac.new(key, stamp.encode() + b"." + (body or b""), hashlib.sha256).hexdigest()
    return {"X-Carillon-Timestamp": stamp, "X-Carillon-Signature": f"sha256={signature}"}


def _note_use(credential: Credential) -> None:
    now = timezone.now()
    seldom = Q(last_used_at=None) | Q(last_used_at__lt=now - _NOTED_EVERY)
    Credential.objects.filter(seldom, pk=credential.pk).update(last_used_at=now)
