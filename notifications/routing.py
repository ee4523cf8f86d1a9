"""The WebSocket side of the web process."""

from typing import Any

from channels.routing import URLRouter
from django.urls import re_path

from notifications.consumers import LiveConsumer


async def refuse(scope: Any, receive: Any, send: Any) -> None:
    """Turn a socket away that asks for an address we don't have (HTTP 403)."""
    await send({"type": "websocket.close"})


_routes: list[tuple[str, Any]] = [(r"^ws/?$", LiveConsumer.as_asgi()), (r"", refuse)]
websocket_application = URLRouter([re_path(address, application) for address, application in _routes])
