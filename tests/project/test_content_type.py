"""What a stranger writes into Content-Type: read or refused, never an error of ours."""

import json
from collections.abc import MutableMapping
from contextlib import suppress
from io import BytesIO
from typing import Any

import pytest
from django.core.exceptions import BadRequest
from django.core.handlers.asgi import ASGIRequest
from django.http.multipartparser import MultiPartParserError
from hypothesis import example, given, settings
from hypothesis import strategies as st

from scheduler_project.content_type import ReadableContentType, is_readable

MULTIPART = "multipart/form-data; boundary=x; "
FORM = "application/x-www-form-urlencoded; "
BODY = b'--x\r\nContent-Disposition: form-data; name="a"\r\n\r\nb\xff\r\n--x--\r\n'
CODECS = ["rot13", "idna", "punycode", "base64", "hex", "zip", "bz2", "utf-7", "utf-16", "undefined", "no-such", "\xff"]
EXTENDED = [
    "charset*=no-such''a",
    "charset*=utf-8''%00",
    "charset*=idna''a",
    "boundary*=x''y",
    "charset*0*=utf-8''%00;charset*1=b",
]
Message = MutableMapping[str, Any]


async def sent_for(content_type: str, path: str) -> list[Message]:
    """Give what goes back; nothing where the request was passed on."""
    sent: list[Message] = []

    async def application(*_: Any) -> None:
        return

    async def receive() -> Message:
        return {"type": "http.disconnect"}

    async def send(message: Message) -> None:
        sent.append(message)

    scope = {"type": "http", "path": path, "headers": [(b"content-type", content_type.encode("latin-1"))]}
    await ReadableContentType(application)(scope, receive, send)
    return sent


@pytest.mark.parametrize("kind", [f"{form}charset={codec}" for form in (MULTIPART, FORM) for codec in CODECS])
async def test_a_form_in_another_encoding_is_refused(kind: str) -> None:
    assert (await sent_for(kind, "/sign-in/"))[0]["status"] == 415


@pytest.mark.parametrize("extended", EXTENDED)
async def test_what_django_cannot_read_is_refused_in_the_words_of_the_api(extended: str) -> None:
    start, body = await sent_for(f"application/json; {extended}", "/api/auth/token")
    error = json.loads(body["body"])["error"]
    assert (start["status"], error["code"], error["fields"]) == (415, "unsupported_media_type", {})
    assert dict(start["headers"])[b"x-request-id"].decode() == error["request_id"] != ""


@pytest.mark.parametrize(
    "kind",
    ["", "text/plain", "application/json", "application/json; charset=UTF-8", f"{MULTIPART}charset=utf-8", MULTIPART,
     "text/csv; charset=iso-8859-1", "text/csv; charset=windows-1252"],
)  # fmt: skip
async def test_what_clients_send_passes(kind: str) -> None:
    assert await sent_for(kind, "/api/files") == []


NAMES = ["charset", "boundary", "name", "*", "*0", "*1", "*0*", "=", "'", "''", '"', "\\", ";", " ", ",", "("]
VALUES = ["%00", "%ff", "%ed%a0%80", "utf-8", "rot13", "hex", "idna", "utf-16", "x", "\xe9"]
PARTS = st.sampled_from(NAMES + VALUES)


@given(st.sampled_from([MULTIPART, FORM, "text/csv; "]), st.lists(PARTS, max_size=12).map("".join))
@example(MULTIPART, "charset=hex")
@settings(max_examples=300)
def test_what_passes_is_read_by_django_without_a_fault(kind: str, rest: str) -> None:
    if not is_readable(kind + rest):
        return
    headers = [(b"content-type", (kind + rest).encode("latin-1")), (b"content-length", str(len(BODY)).encode())]
    request = ASGIRequest({"type": "http", "method": "POST", "path": "/", "headers": headers}, BytesIO(BODY))
    with suppress(BadRequest, MultiPartParserError):  # which Django answers with 400
        assert request.POST is not None
