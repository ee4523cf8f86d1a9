"""Refuses request bodies that are larger than anything here takes, before they fill the disk.

Django's ASGI handler copies a body to a temporary file before any view, and the question who is asking, comes to it.
"""

from scheduler_project.refusals import Application, Message, Receive, Send, refuse

# Forms and API calls are bounded more closely by those who read them; this is the most that any of them takes.
MOST_BYTES = 4 * 1024 * 1024
_BESIDE_FILE = 1024 * 1024
_UPLOADS = ("/files/upload/", "/api/files", "/api/files/")
_WORDS = "The request is larger than anything here takes."


class BodyLimit:
    """An ASGI application around another; `upload_bytes` is the largest file that may come."""

    def __init__(self, application: Application, *, upload_bytes: int) -> None:
        self._application = application
        self._most_uploaded = max(upload_bytes + _BESIDE_FILE, MOST_BYTES)

    async def __call__(self, scope: Message, receive: Receive, send: Send) -> None:
        """Pass the request on, and cut its body at the limit."""
        most = self._most_uploaded if scope["path"] in _UPLOADS else MOST_BYTES
        body = _Body(receive, send, most)
        if _declared(scope) > most:
            await body.refuse(scope["path"])
            return
        await self._application(scope, body.receive, body.send)
        if body.is_too_large and not body.is_answered:
            await body.refuse(scope["path"])


class _Body:
    """One request's body, counted as it comes."""

    def __init__(self, receive: Receive, send: Send, most: int) -> None:
        self._receive, self._send, self._left = receive, send, most
        self.is_too_large = self.is_answered = False

    async def receive(self) -> Message:
        """Give the next part; behind the limit the caller has gone, as far as the application can tell."""
        message = await self._receive()
        self._left -= len(message.get("body", b""))
        if self._left < 0:
            self.is_too_large = True
            return {"type": "http.disconnect"}
        return message

    async def send(self, message: Message) -> None:
        """Pass an answer on."""
        self.is_answered = True
        await self._send(message)

    async def refuse(self, path: str) -> None:
        """Answer 413."""
        await refuse(self._send, path=path, status=413, code="too_large", message=_WORDS)


def _declared(scope: Message) -> int:
    for name, value in scope["headers"]:
        if name == b"content-length" and value.isdigit():
            return int(value)
    return 0
