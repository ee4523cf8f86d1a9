"""How a socket ends: a client that goes is no error, whatever was on its way to it; a fault of ours is one."""

import asyncio
import gc
from typing import Any

import pytest
from channels.layers import get_channel_layer
from django.contrib.auth.models import User

from notifications.consumers import LiveConsumer
from notifications.relay import Relay
from tests.realtime.conftest import session_of
from tests.realtime.wire import Wire


class Page:
    """A page that is left while two frames come: the second waits behind its farewell, and fails."""

    def __init__(self, user: User, fault: Exception) -> None:
        self.user, self.fault = user, fault
        self.is_sending, self.has_left = asyncio.Event(), asyncio.Event()
        self.said = iter(
            [{"type": "websocket.connect"}, {"type": "websocket.receive", "text": '{"subscribe":"tasks"}'}]
        )

    async def receive(self) -> dict[str, Any]:
        """Take what the page says; in the end, that it has been left."""
        if (message := next(self.said, None)) is not None:
            return message
        await self.is_sending.wait()
        self.has_left.set()
        return {"type": "websocket.disconnect", "code": 1001}

    async def send(self, message: dict[str, Any]) -> None:
        """Take what the page is sent."""
        text = message.get("text") or ""
        if '"subscribed"' in text:
            self.frame_comes("first")
        elif text == "first":
            self.is_sending.set()
            await self.has_left.wait()
            self.frame_comes("second")
        elif text == "second":
            raise self.fault

    def frame_comes(self, text: str) -> None:
        """Put a frame in the way to the page."""
        layer: Any = get_channel_layer()
        (channel,) = layer.channels
        topics = {"topic_run": "", "topic_task": "", "owner_id": self.user.pk}
        frame = {"type": "live.frame", "kind": "update", "encode": lambda: text, "run_id": text, "version": 1, "seq": 0}
        layer.put(channel, {**frame, **topics})


async def serve(page: Page) -> list[dict[str, Any]]:
    """Serve the page to its end; gives what the event loop has to complain of."""
    complaints: list[dict[str, Any]] = []
    asyncio.get_running_loop().set_exception_handler(lambda _, context: complaints.append(context))
    wire = Wire(session_key=await session_of(page.user))
    async with asyncio.timeout(60):
        await LiveConsumer.as_asgi()(wire.scope, page.receive, page.send)
    gc.collect()
    return complaints


async def test_a_page_that_is_left_while_a_frame_is_sent_leaves_no_traceback(relay: Relay, alice: User) -> None:
    assert await serve(Page(alice, OSError("gone"))) == []
    layer: Any = get_channel_layer()
    assert (layer.groups, layer.channels) == ({}, {})


async def test_a_fault_of_ours_is_raised_also_while_the_page_is_left(relay: Relay, alice: User) -> None:
    with pytest.raises(ValueError, match="no frame"):
        await serve(Page(alice, ValueError("no frame")))
