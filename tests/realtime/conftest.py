"""A real socket to the real application, fed through a real Redis by the real relay."""

import asyncio
import json
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

import pytest
import redis
from asgiref.sync import sync_to_async
from channels.layers import channel_layers
from django.conf import settings
from django.contrib.auth.models import User
from django.db import connections
from django.test import Client

from notifications import publisher
from notifications.publisher import Publisher
from notifications.relay import Relay
from tests.realtime.wire import DEADLINE_SECONDS, Wire


class Socket:
    """A client of `/ws/` that keeps what the newest frames say, as the pages do."""

    def __init__(self, wire: Wire) -> None:
        self.wire = wire
        self.frames: list[dict[str, Any]] = []
        self.runs: dict[str, dict[str, Any]] = {}
        self.lines: dict[int, str] = {}

    async def subscribe(self, topic: str) -> None:
        """Subscribe, and take the snapshot."""
        await self.say(subscribe=topic)
        await self.until(lambda frame: frame["type"] == "subscribed" and frame["topic"] == topic)

    async def say(self, **command: Any) -> None:
        """Send a command."""
        await self.wire.say(json.dumps(command))

    async def next(self) -> dict[str, Any]:
        """Take one frame."""
        frame = await self.wire.hear()
        self.frames.append(frame)
        if frame["type"] == "TaskUpdated":
            self.runs[frame["run_id"]] = frame
        if frame["type"] == "RunLog":
            self.lines |= {line["n"]: line["message"] for line in frame["lines"]}
        return frame

    async def until(self, is_it: Callable[[dict[str, Any]], bool]) -> dict[str, Any]:
        """Take frames up to the one that is asked for."""
        while not is_it(frame := await self.next()):
            pass
        return frame

    async def settle(self) -> None:
        """Take all frames that were under way: what follows a ping comes after them."""
        await self.say(ping=len(self.frames))
        number = len(self.frames)
        await self.until(lambda frame: frame == {"type": "pong", "n": number})

    async def close_code(self) -> int:
        """Take frames until the server closes; gives its code."""
        while (message := await self.wire.take())["type"] != "websocket.close":
            pass
        code: int = message.get("code", 1000)
        return code


Connect = Callable[..., Awaitable[Socket]]


@pytest.fixture
async def relay(valkey: str, transactional_db: None) -> AsyncIterator[Relay]:
    """A relay that hears Redis, and a publisher with no past."""
    channel_layers.backends = {}
    publisher._publisher = Publisher()
    relay = Relay()
    relay.start()
    await eventually(lambda: relay.is_connected)
    yield relay
    await relay.stop()
    channel_layers.backends = {}
    await let_go_of_database()


@pytest.fixture
async def connect(relay: Relay) -> AsyncIterator[Connect]:
    """Open sockets; they are closed after the test."""
    opened: list[Wire] = []

    async def connect(user: User | None = None, **options: Any) -> Socket:
        wire = Wire(session_key=await session_of(user), **options)
        opened.append(wire)
        assert (await wire.open())["type"] == "websocket.accept"
        return Socket(wire)

    yield connect
    for wire in opened:
        await wire.hang_up()


async def session_of(user: User | None) -> str:
    """Sign the user in, and give the session's key."""
    return await sync_to_async(_sign_in)(user) if user else ""


def _sign_in(user: User) -> str:
    client = Client()
    client.force_login(user)
    return client.cookies[settings.SESSION_COOKIE_NAME].value


async def let_go_of_database() -> None:
    """Close what asgiref's thread has open; a database in use can't be dropped after the tests."""
    await sync_to_async(connections.close_all)()


async def eventually(condition: Callable[[], object]) -> None:
    """Wait until the condition holds."""
    deadline = time.monotonic() + DEADLINE_SECONDS
    while not condition():
        assert time.monotonic() < deadline, "it did not happen in time"
        await asyncio.sleep(0.01)


async def do(verb: Callable[..., Any], *args: Any, **options: Any) -> Any:
    """Do something with the database, in its thread."""
    return await sync_to_async(verb)(*args, **options)


def drop_listeners(url: str) -> None:
    """Cut every connection that listens to a channel, as a failing network does."""
    with redis.Redis.from_url(url) as client:
        client.client_kill_filter(_type="pubsub")
