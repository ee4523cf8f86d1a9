"""OAuth2 access tokens by the client credentials grant (RFC 6749, 4.4): fetched when needed, kept sealed meanwhile."""

import json
import re
from base64 import b64encode
from datetime import timedelta
from typing import Any
from urllib.parse import quote_plus, urlencode

from django.utils import timezone

from tasks_app.handlers.secrecy import known
from tasks_app.models import Credential
from tasks_app.selectors.access import owner_reaches_private
from tasks_app.services.credentials.hosts import CredentialRefused
from tasks_app.services.credentials.vault import put_away, take_out
from tasks_app.services.outbound import Answer, Call, NotSent, OutboundError, Refused, Unclear, send

_TIMEOUT_SECONDS = 30
_MAX_BYTES = 65_536
_USUAL_SECONDS = 300
_MAX_SECONDS = 30 * 86_400
_MARGIN = timedelta(minutes=1)
_CODE = re.compile(r"[a-z_]{1,60}")
_TOKEN = re.compile(r"[\x21-\x7e]{1,10000}")
_OK, _TOO_MANY, _SERVER_ERROR = 200, 429, 500


class TokenUnavailable(Exception):
    """The token service gives none at the moment; worth another try."""


def token_for(credential: Credential) -> str:
    """Give an access token: the kept one until a minute before it ends, otherwise a new one."""
    until = credential.token_until
    if credential.sealed_token and until is not None and until > timezone.now():
        return take_out(credential, credential.sealed_token)
    token, seconds = _read(credential, _ask(credential))
    known.learn(token)
    _keep(credential, token, seconds)
    return token


def forget_token(credential: Credential) -> None:
    """Drop the token that this credential was used with, so that the next use fetches another; no other one."""
    mine = Credential.objects.filter(pk=credential.pk, sealed_token=credential.sealed_token)
    mine.update(sealed_token="", token_until=None)
    credential.sealed_token, credential.token_until = "", None


def _keep(credential: Credential, token: str, seconds: float) -> None:
    """Note the token, unless the credential has been edited while it was fetched."""
    credential.sealed_token = put_away(credential, token)
    credential.token_until = timezone.now() + timedelta(seconds=seconds) - _MARGIN
    same = Credential.objects.filter(pk=credential.pk, version=credential.version)
    same.update(sealed_token=credential.sealed_token, token_until=credential.token_until)


def _ask(credential: Credential) -> Answer:
    try:
        answer = send(_request(credential), allow_private=owner_reaches_private(credential.owner_id))
    except Refused as error:
        raise CredentialRefused(f"The token URL is not called: {error}") from None
    except (NotSent, Unclear, OutboundError) as error:
        raise TokenUnavailable(f"No answer from the token service: {error}") from None
    if answer.status == _TOO_MANY or answer.status >= _SERVER_ERROR:
        raise TokenUnavailable(f"The token service answered {answer.status}.")
    return answer


def _request(credential: Credential) -> Call:
    details = credential.details
    client, secret = details["client_id"], take_out(credential, credential.sealed)
    form = {"grant_type": "client_credentials"}
    headers = {"Content-Type": "application/x-www-form-urlencoded", "Accept": "application/json"}
    if details.get("scope"):
        form["scope"] = details["scope"]
    if details.get("client_auth") == "body":
        form |= {"client_id": client, "client_secret": secret}
    else:  # RFC 6749, 2.3.1: each is form-encoded before they are joined
        pair = f"{quote_plus(client)}:{quote_plus(secret)}"
        known.learn(pair)
        headers["Authorization"] = f"Basic {b64encode(pair.encode()).decode('ascii')}"
    return Call(
        method="POST",
        url=details["token_url"],
        headers=headers,
        body=urlencode(form).encode(),
        timeout_seconds=_TIMEOUT_SECONDS,
        max_bytes=_MAX_BYTES,
    )


def _read(credential: Credential, answer: Answer) -> tuple[str, float]:
    """Read the answer; nothing of it is repeated in an error but the RFC's own code, since it may hold secrets."""
    fields = _fields(answer)
    if answer.status != _OK:
        code = fields.get("error")
        why = f": {code}" if isinstance(code, str) and _CODE.fullmatch(code) else ""
        raise CredentialRefused(f"The token service answered {answer.status}{why}.")
    token, kind = fields.get("access_token"), fields.get("token_type", "bearer")
    if not isinstance(kind, str) or kind.lower() != "bearer":
        raise CredentialRefused("The token service gave no bearer token.")
    if not isinstance(token, str) or not _TOKEN.fullmatch(token):
        raise CredentialRefused("The token service gave nothing that can be used as a token.")
    return token, _seconds(fields.get("expires_in"))


def _fields(answer: Answer) -> dict[str, Any]:
    try:
        found = json.loads(answer.body)
    except (ValueError, RecursionError):
        found = None
    return found if isinstance(found, dict) else {}


def _seconds(value: object) -> float:
    try:
        seconds = float(value) if isinstance(value, int | float | str) else _USUAL_SECONDS
    except (ValueError, OverflowError):
        return _USUAL_SECONDS
    return min(max(seconds, 0.0), _MAX_SECONDS) if seconds == seconds else _USUAL_SECONDS  # noqa: PLR0124  # NaN
