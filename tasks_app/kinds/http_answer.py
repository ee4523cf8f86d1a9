"""What a handler reads out of an HTTP answer, and what of it fits into a run's result."""

import codecs
import json
from collections.abc import Mapping, Sequence
from datetime import UTC
from email.utils import parsedate_to_datetime
from http import HTTPStatus
from typing import Any

import httpx
from django.utils import timezone

from tasks_app.errors import Permanent
from tasks_app.handlers.plain import NotPlain, to_plain
from tasks_app.kinds.http_payload import OPTIONAL
from tasks_app.kinds.json_path import NoSuchPlace, value_at
from tasks_app.services.outbound import Answer

RESULT_BYTES = 56_000
_KEPT_HEADERS = ("content-type", "content-length", "date", "etag", "last-modified", "location", "retry-after")
# As JSON at most twice as long, since it is ASCII; with the body that stays below 64 KiB.
_HEADER_LENGTH = 500
# Python knows others, by which an answer could hold what can't be stored, or take very long to read.
_ENCODINGS = {
    *("utf-8", "ascii", "big5", "cp932", "cp949", "euc_jp", "euc_kr", "gb18030", "gb2312", "gbk", "koi8-r", "koi8-u"),
    *("mac-roman", "shift_jis", "tis-620"),
    *(f"cp{number}" for number in range(1250, 1259)),
    *(f"iso8859-{number}" for number in range(1, 17)),
}
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
    except (ValueError, OverflowError):
        return None
    # A date without a zone is in UTC by the standard.
    until = until if until.tzinfo else until.replace(tzinfo=UTC)
    return max(0.0, (until - timezone.now()).total_seconds())


def kept(answer: Answer, extract: Mapping[str, str]) -> dict[str, Any]:
    """Give the answer as JSON that a result can hold: what is to be extracted, or else the body.

    Where something is missing, the body is kept with a `fault`, for `finished` to tell after the effect is confirmed.
    """
    result: dict[str, Any] = {
        "status": answer.status,
        "headers": {name: _short(answer.headers[name]) for name in _KEPT_HEADERS if name in answer.headers},
        "truncated": answer.is_truncated,
        "redirects": answer.redirects,
        "elapsed_ms": answer.elapsed_ms,
    }
    if not extract:
        return {**result, **_body(answer)}
    try:
        return {**result, "extracted": _extracted(_document(answer), extract)}
    except Permanent as error:
        return {**result, **_body(answer), "fault": str(error)}


def finished(result: dict[str, Any], extract: Mapping[str, str]) -> dict[str, Any]:
    """Give the result of the run from what was kept; raise Permanent where something to extract is missing.

    A remembered answer may still give it, to a payload whose paths were mended since.
    """
    if not extract or "extracted" in result:
        return result
    if "json" not in result:
        raise Permanent(result.get("fault", "The answer that was kept is not JSON; nothing can be taken out of it."))
    rest = {name: value for name, value in result.items() if name not in ("json", "fault")}
    return {**rest, "extracted": _extracted(result["json"], extract)}


def _document(answer: Answer) -> Any:
    if answer.is_truncated:
        raise Permanent(f"The answer has more than {len(answer.body)} bytes; nothing is taken out of it.")
    try:
        return json.loads(answer.body)
    except (ValueError, RecursionError):
        raise Permanent("The answer is not JSON; nothing can be taken out of it.") from None


def _extracted(document: Any, extract: Mapping[str, str]) -> dict[str, Any]:
    found = {}
    for name, path in extract.items():
        bare = path.removesuffix(OPTIONAL)
        try:
            found[name] = to_plain(value_at(document, bare))
        except NoSuchPlace as error:
            if path != bare:
                found[name] = None
                continue
            raise Permanent(f"The answer has nothing at {path} (for {name}): {error} is missing.") from None
        except NotPlain as error:
            raise Permanent(f"What the answer has at {path} (for {name}) can't be kept: {error}") from None
    if len(json.dumps(found)) > RESULT_BYTES:
        raise Permanent(f"What is to be taken out of the answer has more than {RESULT_BYTES} bytes.")
    return found


def _body(answer: Answer) -> dict[str, Any]:
    """Give the body parsed where it is JSON, and as text where it is that."""
    parsed = _json(answer)
    if parsed is not None:
        return {"json": parsed}
    text = _text(answer)
    if text is None:
        return {"text": None, "binary": True}
    return _fitting(text, answer.is_truncated)


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
    return answer.body.decode(_encoding(answer.headers), "replace")


def _encoding(headers: httpx.Headers) -> str:
    name = httpx.Response(200, headers=headers).charset_encoding or "utf-8"
    try:
        return name if codecs.lookup(name).name in _ENCODINGS else "utf-8"
    except (LookupError, ValueError):
        return "utf-8"


def _short(value: str) -> str:
    return value[:_HEADER_LENGTH].encode("ascii", "replace").decode("ascii")


def _fitting(text: str, is_truncated: bool) -> dict[str, Any]:
    """Cut until it fits: escaped, a character can take twelve."""
    while len(json.dumps(text)) > RESULT_BYTES:
        text, is_truncated = text[: len(text) // 2], True
    return {"text": text, "truncated": is_truncated}
