"""What a handler reads out of an HTTP answer, and what of it fits into a run's result."""

import json
from collections.abc import Sequence
from datetime import UTC
from email.utils import parsedate_to_datetime
from http import HTTPStatus
from typing import Any

import httpx
from django.utils import timezone

from tasks_app.handlers.plain import NotPlain, to_plain
from tasks_app.services.outbound import Answer

RESULT_BYTES = 60_000
_KEPT_HEADERS = ("content-type", "content-length", "date", "etag", "last-modified", "location", "retry-after")
_HEADER_LENGTH = 500
_SUCCESS = range(200, 300)


def is_wanted(status: int, expected: Sequence[int]) -> bool:
    """Say whether a status counts as success: one of the expected, or any 2xx where none is named."""
    return status in expected if expected else status in _SUCCESS


def summary(answer: Answer) -> str:
    """Give the status with its usual words."""
    try:
        return f"{answer.status} {HTTPStatus(answer.status).phrase}"
    except ValueError:
        return str(answer.status)


def retry_after_seconds(headers: httpx.Headers) -> float | None:
    """Read Retry-After, which is a number of seconds or a date; None where it is absent or nonsense."""
    text = headers.get("retry-after", "").strip()
    if text.isascii() and text.isdigit():
        return float(text[:10])
    try:
        until = parsedate_to_datetime(text)
    except ValueError:
        return None
    # A date without a zone is in UTC by the standard.
    until = until if until.tzinfo else until.replace(tzinfo=UTC)
    return max(0.0, (until - timezone.now()).total_seconds())


def kept(answer: Answer) -> dict[str, Any]:
    """Give the answer as JSON that a result can hold: parsed where it is JSON, as text where it is that."""
    result: dict[str, Any] = {
        "status": answer.status,
        "headers": {name: answer.headers[name][:_HEADER_LENGTH] for name in _KEPT_HEADERS if name in answer.headers},
        "truncated": answer.is_truncated,
        "redirects": answer.redirects,
        "elapsed_ms": answer.elapsed_ms,
    }
    parsed = _json(answer)
    if parsed is not None:
        return {**result, "json": parsed}
    text = _text(answer)
    if text is None:
        return {**result, "text": None, "binary": True}
    return {**result, **_fitting(text, answer.is_truncated)}


def _json(answer: Answer) -> Any:
    if answer.is_truncated or "json" not in answer.headers.get("content-type", ""):
        return None
    try:
        value = to_plain(json.loads(answer.body))
    except (ValueError, RecursionError, NotPlain):
        return None
    return value if len(json.dumps(value)) <= RESULT_BYTES else None


def _text(answer: Answer) -> str | None:
    if b"\0" in answer.body or answer.headers.get("content-encoding", "identity") != "identity":
        return None
    encoding = httpx.Response(200, headers=answer.headers).charset_encoding or "utf-8"
    try:
        return answer.body.decode(encoding, "replace")
    except LookupError:
        return answer.body.decode("utf-8", "replace")


def _fitting(text: str, is_truncated: bool) -> dict[str, Any]:
    """Cut until it fits: escaped, a character can take twelve."""
    while len(json.dumps(text)) > RESULT_BYTES:
        text, is_truncated = text[: len(text) // 2], True
    return {"text": text, "truncated": is_truncated}
