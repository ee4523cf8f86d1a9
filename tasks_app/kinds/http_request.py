"""`http_request`: call a URL and keep what it answers."""

from typing import Any

from tasks_app.errors import Permanent, RetryLater
from tasks_app.handlers import RunContext, handler
from tasks_app.kinds.http_answer import finished, is_wanted, kept, retry_after_seconds, summary
from tasks_app.kinds.http_payload import HttpRequest
from tasks_app.kinds.http_sending import AnswerLost, RequestFailed, sent
from tasks_app.kinds.remembered import remembered
from tasks_app.retry import RetryPolicy
from tasks_app.services.outbound import Answer

_RETRY = RetryPolicy()
_SERVER_ERROR = 500
_FIRST_REFUSAL = 400
# Request timeout, too early, too many requests.
_COME_BACK = (408, 425, 429)
# A gateway's answer: the service behind it may still have done it.
_GATEWAY_LOST = (502, 504)


@handler("http_request", payload=HttpRequest, title="HTTP request", timeout=600, retry=_RETRY, sensitive=True)
def http_request(ctx: RunContext, payload: HttpRequest) -> Any:
    """Calls a URL, checks the status of the answer and keeps the answer in the result."""
    ctx.check_stop()
    if not payload.needs_guard:
        answer = _told(ctx, payload, sent(ctx, payload, {}))
        failure = _failure(payload, answer)
        if failure is not None:
            raise failure
        return finished(kept(answer, payload.extract), payload.extract)
    with ctx.effect("request", idempotent=payload.repeatable) as effect:
        if effect.done:
            if effect.result is None:
                return remembered(None)
            ctx.log("Sent by an earlier attempt already; this is its answer")
            return finished(effect.result, payload.extract)
        try:
            answer = _told(ctx, payload, sent(ctx, payload, {"Idempotency-Key": effect.id}))
        except (Permanent, RequestFailed):
            # No connection: the receiver has not done it.
            effect.not_done()
            raise
        failure = _failure(payload, answer)
        if failure is not None:
            if not _is_unclear(payload, answer.status):
                effect.not_done()
            raise failure
        result = kept(answer, payload.extract)
        effect.confirm(result)
    return finished(result, payload.extract)


def _told(ctx: RunContext, payload: HttpRequest, answer: Answer) -> Answer:
    ctx.log(f"{_words(payload, answer)} in {answer.elapsed_ms} ms")
    return answer


def _failure(payload: HttpRequest, answer: Answer) -> Exception | None:
    """Say how the run fails by an answer, or nothing for a good one."""
    status, words = answer.status, _words(payload, answer)
    if status not in payload.retry_status and is_wanted(status, payload.expected_status):
        return None
    if not _is_tried_again(payload, status):
        return Permanent(words)
    seconds = retry_after_seconds(answer.headers)
    if _is_unclear(payload, status) and (seconds is None or not payload.repeatable):
        return AnswerLost(words)
    if seconds is not None:
        return RetryLater(min(seconds, _RETRY.cap_seconds), words)
    return RequestFailed(words)


def _is_tried_again(payload: HttpRequest, status: int) -> bool:
    if payload.retry_status:
        return status in payload.retry_status
    return status in _COME_BACK or status >= _SERVER_ERROR


def _is_unclear(payload: HttpRequest, status: int) -> bool:
    """Say whether the receiver may have done what it was asked, in spite of an unwanted answer."""
    return payload.needs_guard and (status in _GATEWAY_LOST or status < _FIRST_REFUSAL)


def _words(payload: HttpRequest, answer: Answer) -> str:
    return f"{payload.method} {payload.place} answered {summary(answer)}"
