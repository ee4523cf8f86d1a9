"""Sending what an `http_request` says, with the owner's credential and signature."""

import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import replace

import httpx
from django.utils import timezone

from tasks_app.errors import Permanent
from tasks_app.handlers import RunContext
from tasks_app.handlers.masking import is_secret_name
from tasks_app.kinds.http_payload import HttpRequest
from tasks_app.kinds.references import credential_for
from tasks_app.models import Credential
from tasks_app.selectors.access import owner_reaches_private
from tasks_app.services.credentials import TokenUnavailable, forget_token, headers_for, signature_for
from tasks_app.services.outbound import Answer, Call, Misdirected, NotSent, Refused, Unclear, send

# Of a longer answer nothing is extracted.
EXTRACT_BYTES = 1024 * 1024
_UNAUTHORISED = 401
_MASK = "•••"
_SHORTEST_SECRET = 8
_SCHEME = re.compile(r"(?:basic|bearer|token) ", re.IGNORECASE)


class RequestFailed(Exception):
    """No answer, or one that says to come back later; tried again by the retry policy."""


class AnswerLost(Exception):
    """The request went out and no answer came back: what became of it is unknown."""


def sent(ctx: RunContext, payload: HttpRequest, own_headers: Mapping[str, str]) -> Answer:
    """Send and give the answer, whatever its status; raise Permanent, RequestFailed or AnswerLost.

    A token that the service takes no more is fetched anew, once: the answer 401 says that nothing was done.
    """
    credential = credential_for(ctx.owner_id, payload.credential) if payload.credential else None
    key = credential_for(ctx.owner_id, payload.signing) if payload.signing else None
    answer = _exchange(ctx, payload, own_headers, credential, key)
    is_refused = answer.status == _UNAUTHORISED and _UNAUTHORISED not in payload.expected_status
    if credential is None or credential.kind != Credential.Kind.OAUTH2 or not is_refused:
        return answer
    ctx.log("The service took the access token no more; asking for a new one")
    forget_token(credential)
    # What is left of the time limit is for the second request.
    left = max(1.0, payload.timeout_seconds - answer.elapsed_ms / 1000)
    return _exchange(ctx, payload.model_copy(update={"timeout_seconds": left}), own_headers, credential, key)


def _exchange(
    ctx: RunContext,
    payload: HttpRequest,
    own_headers: Mapping[str, str],
    credential: Credential | None,
    key: Credential | None,
) -> Answer:
    body, content_headers = payload.content
    secrets = _authorisation(payload, credential)
    headers = httpx.Headers({**content_headers, **own_headers})
    headers.update(payload.headers)
    headers.update(secrets)
    if key is not None:
        at = timezone.now()
        headers.update(signature_for(key, method=payload.method, url=payload.target, body=body, at=at))
    call = Call(
        method=payload.method,
        url=payload.target,
        headers=headers,
        body=body,
        timeout_seconds=payload.timeout_seconds,
        max_bytes=EXTRACT_BYTES if payload.extract else payload.keep_bytes,
        follow_redirects=payload.follow_redirects,
    )
    typed = [value for name, value in payload.headers.items() if is_secret_name(name)]
    return _without([*secrets.values(), *typed], answered(call, payload.place, owner_id=ctx.owner_id))


def _authorisation(payload: HttpRequest, credential: Credential | None) -> dict[str, str]:
    try:
        return headers_for(credential, payload.target) if credential else {}
    except TokenUnavailable as error:
        raise RequestFailed(str(error)) from error


def answered(call: Call, place: str, *, owner_id: int | None) -> Answer:
    """Send a call; what can go wrong is raised as what it means for a run. `place` names the receiver in words.

    `owner_id`: on whose behalf, which decides whether it may lead inside the network.
    """
    try:
        return send(call, allow_private=owner_reaches_private(owner_id))
    except Refused as error:
        raise Permanent(f"ssrf_blocked: {error}") from None
    except Misdirected as error:
        raise Permanent(str(error)) from None
    except NotSent as error:
        raise RequestFailed(f"No connection to {place}: {error}") from error
    except Unclear as error:
        raise AnswerLost(f"No answer from {place}: {error}") from error


def _without(secrets: Iterable[str], answer: Answer) -> Answer:
    """Black out secrets in an answer that repeats them, as those for debugging do; the history would keep them."""
    words = {word for value in secrets if len(word := _SCHEME.sub("", value)) >= _SHORTEST_SECRET}
    body, headers = answer.body, answer.headers.multi_items()
    for word in sorted(words, key=len, reverse=True):
        for written in {word, json.dumps(word)[1:-1]}:
            body = body.replace(written.encode(), _MASK.encode())
        headers = [(name, value.replace(word, _MASK)) for name, value in headers]
    return replace(answer, body=body, headers=httpx.Headers(headers, encoding="utf-8"))
