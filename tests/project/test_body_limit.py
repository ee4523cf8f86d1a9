"""The outermost limit of request bodies: nothing is kept of what nobody takes."""

import json
from collections.abc import MutableMapping
from typing import Any

import pytest

from scheduler_project.body_limit import MOST_BYTES, BodyLimit

UPLOAD_BYTES = 20 * 1024 * 1024
CHUNK = b"x" * 1024 * 1024
Message = MutableMapping[str, Any]


class Exchange:
    """One request to an application that reads the body as Django does, and what came of it."""

    def __init__(self, path: str, megabytes: int, *, declares: bool) -> None:
        headers = [(b"content-length", str(megabytes * len(CHUNK)).encode())] if declares else []
        self.scope: Message = {"type": "http", "path": path, "headers": headers}
        self.parts = [{"type": "http.request", "body": CHUNK, "more_body": True} for _ in range(megabytes)]
        self.parts.append({"type": "http.request", "body": b"", "more_body": False})
        self.read = 0
        self.sent: list[Message] = []

    async def receive(self) -> Message:
        return self.parts.pop(0)

    async def send(self, message: Message) -> None:
        self.sent.append(message)

    async def run(self) -> "Exchange":
        async def application(scope: Message, receive: Any, send: Any) -> None:
            while True:
                message = await receive()
                if message["type"] == "http.disconnect":
                    return
                self.read += len(message["body"])
                if not message["more_body"]:
                    await send({"type": "http.response.start", "status": 200, "headers": []})
                    await send({"type": "http.response.body", "body": b"ok"})
                    return

        await BodyLimit(application, upload_bytes=UPLOAD_BYTES)(self.scope, self.receive, self.send)
        return self

    @property
    def status(self) -> int:
        return int(self.sent[0]["status"])


@pytest.mark.parametrize("declares", [True, False])
@pytest.mark.parametrize("path", ["/", "/sign-in/", "/api/tasks", "/files/", "/api/files/01/link"])
async def test_a_body_that_nobody_takes_is_refused(path: str, declares: bool) -> None:
    done = await Exchange(path, 10, declares=declares).run()
    assert (done.status, len(done.sent)) == (413, 2)
    assert done.read <= (0 if declares else MOST_BYTES)


@pytest.mark.parametrize("declares", [True, False])
@pytest.mark.parametrize("path", ["/files/upload/", "/api/files", "/api/files/"])
async def test_uploads_have_the_room_that_they_may_take(path: str, declares: bool) -> None:
    assert (await Exchange(path, 20, declares=declares).run()).status == 200
    assert (await Exchange(path, 22, declares=declares).run()).status == 413


async def test_an_ordinary_body_passes() -> None:
    done = await Exchange("/api/tasks", 1, declares=True).run()
    assert (done.status, done.read) == (200, len(CHUNK))


async def test_the_api_is_refused_in_its_own_shape() -> None:
    done = await Exchange("/api/tasks", 10, declares=True).run()
    assert json.loads(done.sent[1]["body"])["error"]["code"] == "too_large"
