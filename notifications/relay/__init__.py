"""One listener per web process: hears the Redis channel and hands each hint to the sockets of this process.

Redis forgets what nobody hears. So after every lost connection all sockets look at the database again, and while Redis
is away they look every two seconds.
"""

import asyncio
import contextlib
import logging
import time
from collections.abc import Awaitable, Callable, Sequence
from typing import Any

from channels.layers import get_channel_layer
from django.conf import settings
from django.utils.module_loading import import_string
from redis.exceptions import ConnectionError as RedisConnectionError
from redis.exceptions import RedisError

from notifications.groups import SOCKETS, groups_of_run, run_group
from notifications.layer import LiveLayer
from notifications.messages import Hint, RunLog, TaskUpdated
from notifications.publisher import channel
from notifications.relay.pace import Offer, Pacer

logger = logging.getLogger(__name__)

POLL_SECONDS = 2.0
"""How often the sockets look at the database while Redis is away."""
IDLE_SECONDS = 5.0
"""After this long without a word the relay asks whether Redis is still there."""
SILENCE_SECONDS = 15.0
AT_ONCE = 50
"""So many hints are read before the sockets have their turn: a turn costs more than a few hints."""
SHORTEST_PAUSE_SECONDS, LONGEST_PAUSE_SECONDS = 0.1, 5.0

CHECK: dict[str, Any] = {"type": "live.check"}


class Relay:
    """Runs as one asyncio task, from `start` to `stop`."""

    def __init__(self) -> None:
        self._task: asyncio.Task[None] | None = None
        self._pacer: Pacer | None = None
        self.is_connected = False

    def start(self) -> None:
        """Begin to listen; must be called in the event loop."""
        self._pacer = Pacer(layer())
        self._task = asyncio.create_task(self._run(), name="live relay")

    async def stop(self) -> None:
        """End, and wait for the end."""
        if self._task is not None:
            self._task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._task
        if self._pacer is not None:
            self._pacer.stop()
        self._task = self._pacer = None

    async def _run(self) -> None:
        pause = SHORTEST_PAUSE_SECONDS
        while True:
            began_at = time.monotonic()
            try:
                await self._listen()
            except (RedisError, OSError) as fault:
                logger.warning("the live relay lost Redis: %s", fault)
            except Exception:
                logger.exception("the live relay failed; it starts again")
            was_good = time.monotonic() - began_at > LONGEST_PAUSE_SECONDS
            pause = SHORTEST_PAUSE_SECONDS if was_good else min(pause * 2, LONGEST_PAUSE_SECONDS)
            self.is_connected = False
            await self._wait(pause)

    async def _listen(self) -> None:
        connect = import_string(settings.REDIS_ASYNC_CLIENT)
        async with connect(socket_connect_timeout=2, socket_timeout=None) as client, client.pubsub() as pubsub:
            await pubsub.subscribe(channel())
            heard_at = time.monotonic()
            while True:
                message = await pubsub.get_message(timeout=IDLE_SECONDS)
                if message is None:
                    await self._ask(pubsub, heard_at)
                    continue
                heard_at = time.monotonic()
                await self._take(message)

    async def _ask(self, pubsub: Any, heard_at: float) -> None:
        """A connection whose other end has vanished is silent for ever, so silence must be answered."""
        if time.monotonic() - heard_at > SILENCE_SECONDS:
            raise RedisConnectionError("no answer")
        await pubsub.ping()

    async def _take(self, message: dict[str, Any]) -> None:
        if message["type"] == "subscribe":
            self.is_connected = True
            layer().deliver([SOCKETS], {"type": "live.resync", "sockets": len(layer().groups.get(SOCKETS, ()))})
        elif message["type"] == "message":
            data = message["data"]
            await self._deliver(data.split(b"\n" if isinstance(data, bytes) else "\n"))

    async def _deliver(self, lines: Sequence[str | bytes]) -> None:
        """Hand hints that came together to the sockets that follow their runs; one that can't be read is dropped."""
        assert self._pacer is not None
        if not layer().groups:
            return
        offers: list[Offer] = []
        for number, line in enumerate(lines, start=1):
            if number % AT_ONCE == 0:
                await asyncio.sleep(0)  # a burst must not keep the sockets from taking their frames
            try:
                hint = Hint.decode(line)
            except ValueError:
                logger.warning("an unreadable live hint was dropped")
                continue
            match hint.frame:
                case TaskUpdated() as frame:
                    groups = groups_of_run(run_id=frame.run_id, task_id=frame.task_id, owner_id=hint.owner_id)
                    offers.append((groups, _update(frame, hint.owner_id)))
                case RunLog() as frame:
                    layer().deliver([run_group(frame.run_id)], _log(frame, hint.last_line))
        self._pacer.offer(offers)

    async def _wait(self, seconds: float) -> None:
        """Let time pass before the next attempt; meanwhile the sockets get their news from the database."""
        until = time.monotonic() + seconds
        while (left := until - time.monotonic()) > 0:
            await asyncio.sleep(min(left, POLL_SECONDS))
            layer().deliver([SOCKETS], CHECK)


def _update(frame: TaskUpdated, owner_id: int | None) -> dict[str, Any]:
    return {
        "type": "live.frame",
        "kind": "update",
        "encode": frame.encode,
        "run_id": frame.run_id,
        "topic_run": f"run:{frame.run_id}",
        "topic_task": f"task:{frame.task_id}",
        "owner_id": owner_id,
        "version": frame.version,
        "seq": frame.seq,
    }


def _log(frame: RunLog, last_line: int) -> dict[str, Any]:
    return {
        "type": "live.frame",
        "kind": "log",
        "encode": frame.encode,
        "run_id": frame.run_id,
        "topic_run": f"run:{frame.run_id}",
        "first_line": frame.lines[0].n if frame.lines else 0,
        "last_line": frame.lines[-1].n if frame.lines else last_line,
    }


def layer() -> LiveLayer:
    """Give this process's channel layer."""
    found = get_channel_layer()
    assert isinstance(found, LiveLayer), "CHANNEL_LAYERS must name notifications.layer.LiveLayer"
    return found


relay = Relay()


async def lifespan(
    scope: dict[str, Any],
    receive: Callable[[], Awaitable[dict[str, Any]]],
    send: Callable[[dict[str, Any]], Awaitable[None]],
) -> None:
    """The ASGI lifespan of a web process: the relay runs from its start to its end."""
    while True:
        message = await receive()
        if message["type"] == "lifespan.startup":
            relay.start()
            await send({"type": "lifespan.startup.complete"})
        elif message["type"] == "lifespan.shutdown":
            await relay.stop()
            await send({"type": "lifespan.shutdown.complete"})
            return
