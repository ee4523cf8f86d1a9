"""`http_request`: call a URL and keep what it answers."""

import json
from collections.abc import Mapping
from typing import Annotated, Any, Literal

import httpx
from django.conf import settings
from pydantic import Field

from tasks_app.errors import Invalid, Permanent, RetryLater
from tasks_app.handlers import Payload, RunContext, handler
from tasks_app.kinds.http_answer import is_wanted, kept, retry_after_seconds, summary
from tasks_app.kinds.http_headers import check_header
from tasks_app.retry import RetryPolicy
from tasks_app.services.outbound import (
    Answer,
    Call,
    Misdirected,
    NotAllowed,
    NotSent,
    Refused,
    Unclear,
    check_url,
    send,
)

_RETRY = RetryPolicy()
_MAX_HEADERS = 50
_UNSAFE_TO_REPEAT = ("POST", "PATCH")
_SERVER_ERROR = 500
_TOO_MANY = 429
# A gateway's answer: the service behind it may still have done it.
_GATEWAY_LOST = (502, 504)

Method = Literal["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"]


class RequestFailed(Exception):
    """No answer, or one that says to come back later; tried again by the retry policy."""


class AnswerLost(Exception):
    """The request went out and no answer came back: what became of it is unknown."""


class HttpRequest(Payload):
    """What to call, and which answer counts as success."""

    method: Method = Field("GET", description="The HTTP method.")
    url: str = Field(
        title="URL", description="A public http:// or https:// address.", json_schema_extra={"format": "uri"}
    )
    headers: dict[str, str] = Field({}, max_length=_MAX_HEADERS, description="Header names and values.")
    body: str = Field(
        "", max_length=50_000, description="Sent as it stands; text/plain unless a header says otherwise."
    )
    json_body: dict[str, Any] | list[Any] | None = Field(
        None, alias="json", title="JSON body", description="Sent as JSON, instead of a body of text."
    )
    expected_status: list[Annotated[int, Field(ge=100, le=599)]] = Field(
        [], max_length=20, description="The statuses that count as success; any 2xx by default."
    )
    timeout_seconds: int = Field(30, ge=1, le=300, title="Time limit", description="Seconds for the whole request.")
    follow_redirects: bool = Field(False, description="Follow up to 3 redirects.")
    keep_bytes: int = Field(16_384, ge=0, le=32_768, title="Keep", description="How much of the answer's body to keep.")
    repeatable: bool = Field(
        False,
        title="Safe to repeat",
        description="The receiver obeys Idempotency-Key: a POST or PATCH of unclear outcome may be sent again.",
    )

    def check(self) -> None:
        """Refuse a URL that the platform would not call, and headers that are not the caller's to set."""
        try:
            check_url(self.url, allow_private=settings.ALLOW_PRIVATE_ADDRESSES)
        except NotAllowed as error:
            raise Invalid.at("url", "url_not_allowed", str(error)) from None
        if self.body and self.json_body is not None:
            raise Invalid.at("json", "contradiction", "Give either body or json.")
        for name, value in self.headers.items():
            fault = check_header(name, value)
            if fault is not None:
                raise Invalid.at(f"headers.{name[:80]}", "header_not_allowed", fault)

    @property
    def content(self) -> tuple[bytes | None, dict[str, str]]:
        """The body as it goes out, with the header that says what it is."""
        if self.json_body is not None:
            return json.dumps(self.json_body, ensure_ascii=False).encode(), {"Content-Type": "application/json"}
        if self.body:
            return self.body.encode(), {"Content-Type": "text/plain; charset=utf-8"}
        return None, {}

    @property
    def needs_guard(self) -> bool:
        """Sending it a second time could do the thing a second time."""
        return self.method in _UNSAFE_TO_REPEAT


@handler("http_request", payload=HttpRequest, title="HTTP request", timeout=600, retry=_RETRY, sensitive=True)
def http_request(ctx: RunContext, payload: HttpRequest) -> Any:
    """Calls a URL, checks the status of the answer and keeps the answer in the result."""
    ctx.check_stop()
    if not payload.needs_guard:
        return kept(_wanted(ctx, payload, _sent(payload, {})))
    with ctx.effect("request", idempotent=payload.repeatable) as effect:
        if effect.done:
            ctx.log("Sent by an earlier attempt already; this is its answer")
            return effect.result
        try:
            answer = _wanted(ctx, payload, _sent(payload, {"Idempotency-Key": effect.id}))
        except (Permanent, RetryLater, RequestFailed):
            # No connection, or an answer that says no: the receiver has not done it.
            effect.not_done()
            raise
        result = kept(answer)
        effect.confirm(result)
    return result


def _sent(payload: HttpRequest, own_headers: Mapping[str, str]) -> Answer:
    body, content_headers = payload.content
    headers = httpx.Headers({**content_headers, **own_headers})
    headers.update(payload.headers)
    call = Call(
        method=payload.method,
        url=payload.url,
        headers=headers,
        body=body,
        timeout_seconds=payload.timeout_seconds,
        max_bytes=payload.keep_bytes,
        follow_redirects=payload.follow_redirects,
    )
    try:
        return send(call, allow_private=settings.ALLOW_PRIVATE_ADDRESSES)
    except Refused as error:
        raise Permanent(f"ssrf_blocked: {error}") from None
    except Misdirected as error:
        raise Permanent(str(error)) from None
    except NotSent as error:
        raise RequestFailed(f"No connection to {_place(payload)}: {error}") from error
    except Unclear as error:
        raise AnswerLost(f"No answer from {_place(payload)}: {error}") from error


def _wanted(ctx: RunContext, payload: HttpRequest, answer: Answer) -> Answer:
    """Pass a good answer on; say for any other whether trying again can help."""
    words = f"{payload.method} {_place(payload)} answered {summary(answer)}"
    ctx.log(f"{words} in {answer.elapsed_ms} ms")
    if is_wanted(answer.status, payload.expected_status):
        return answer
    if answer.status != _TOO_MANY and answer.status < _SERVER_ERROR:
        raise Permanent(words)
    if payload.needs_guard and answer.status in _GATEWAY_LOST:
        raise AnswerLost(words)
    seconds = retry_after_seconds(answer.headers)
    if seconds is not None:
        raise RetryLater(min(seconds, _RETRY.cap_seconds), words)
    raise RequestFailed(words)


def _place(payload: HttpRequest) -> str:
    """The URL without its query, which may hold a key."""
    return payload.url.partition("?")[0].partition("#")[0]
