"""The client's end of a WebSocket, spoken straight to the ASGI application.

Channels has one too, but its testing package needs the daphne server.
"""

import json
from typing import Any

from asgiref.testing import ApplicationCommunicator
from django.conf import settings

from notifications.consumers import LiveConsumer

DEADLINE_SECONDS = 60
HOST = "localhost:8000"
ORIGIN = f"http://{HOST}"


class Wire:
    """One connection."""

    def __init__(  # a connection has many sides
        self,
        *,
        session_key: str = "",
        origin: str | None = ORIGIN,
        host: str | None = HOST,
        protocols: list[str] | None = None,
        scheme: str = "ws",
        **options: Any,
    ) -> None:
        cookie = f"theme=dark; {settings.SESSION_COOKIE_NAME}={session_key}" if session_key else None
        headers = {"host": host, "origin": origin, "cookie": cookie}
        self.scope = {
            "type": "websocket",
            "path": "/ws/",
            "scheme": scheme,
            "query_string": b"",
            "headers": [(name.encode(), value.encode()) for name, value in headers.items() if value is not None],
            "subprotocols": protocols or [],
        }
        untyped: Any = ApplicationCommunicator
        self._application = untyped(LiveConsumer.as_asgi(**options), self.scope)

    async def open(self) -> dict[str, Any]:
        """Ask for the socket; gives the answer: `websocket.accept` or `websocket.close`."""
        await self._application.send_input({"type": "websocket.connect"})
        return await self.take()

    async def say(self, text: str | None = None, data: bytes | None = None) -> None:
        """Send one frame."""
        await self._application.send_input({"type": "websocket.receive", "text": text, "bytes": data})

    async def hear(self) -> dict[str, Any]:
        """Take one frame."""
        message = await self.take()
        assert message["type"] == "websocket.send", message
        frame: dict[str, Any] = json.loads(message["text"])
        return frame

    async def take(self) -> dict[str, Any]:
        """Take one message of the application."""
        message: dict[str, Any] = await self._application.receive_output(timeout=DEADLINE_SECONDS)
        return message

    async def hang_up(self) -> None:
        """Go, and wait until the application has noticed."""
        await self._application.send_input({"type": "websocket.disconnect", "code": 1000})
        await self._application.wait(timeout=DEADLINE_SECONDS)
