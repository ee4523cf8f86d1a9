"""Answers given before Django sees a request: in the words of the API where it was asked, else in plain text."""

import json
import uuid
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any

Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
Application = Callable[..., Awaitable[Any]]


async def refuse(send: Send, *, path: str, status: int, code: str, message: str) -> None:
    """Send a refusal; the connection is closed, the body unread."""
    content, kind, request_id = message.encode(), b"text/plain; charset=utf-8", uuid.uuid4().hex
    if path == "/api" or path.startswith("/api/"):
        error = {"code": code, "message": message, "fields": {}, "request_id": request_id}
        content, kind = json.dumps({"error": error}).encode(), b"application/json"
    headers = [
        (b"content-type", kind),
        (b"content-length", str(len(content)).encode()),
        (b"connection", b"close"),
        (b"cache-control", b"no-store"),
        (b"x-content-type-options", b"nosniff"),
        (b"x-request-id", request_id.encode()),
    ]
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": content})
