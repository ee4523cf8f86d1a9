"""The channel layer of one web process: bounded per socket, and never silently lossy."""

import asyncio
from collections.abc import Iterable
from typing import Any, ClassVar

from channels.layers import InMemoryChannelLayer

from notifications.layer.shared import SharedReads

NEVER = float("inf")


class LiveLayer(InMemoryChannelLayer):  # type: ignore[misc]  # channels has no types
    """Channels' in-process layer, where a socket that can't keep up gets a fresh look instead of a gap.

    The stock layer drops a message when a queue is full and tells nobody, forgets a socket after a day, and walks over
    every queue at every message. Here a full queue is emptied and holds one `live.resync` instead, and a socket is
    forgotten when it ends (`forget`).
    """

    RESYNC: ClassVar[dict[str, Any]] = {"type": "live.resync", "sockets": 0}

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self.reads = SharedReads()

    def deliver(self, groups: Iterable[str], message: dict[str, Any]) -> int:
        """Put one message to each member of these groups, once; gives their number. Runs in the event loop only."""
        members = {channel for group in groups for channel in self.groups.get(group, ())}
        for channel in members:
            self.put(channel, message)
        return len(members)

    def put(self, channel: str, message: dict[str, Any]) -> None:
        """Queue a message for one socket; readers must not change it."""
        queue = self.queue(channel)
        if queue.full():
            while not queue.empty():
                queue.get_nowait()
            message = self.RESYNC
        queue.put_nowait((NEVER, message))

    def forget(self, channel: str) -> None:
        """Drop whatever is kept for a socket that has ended."""
        for group in [name for name, members in self.groups.items() if channel in members]:
            del self.groups[group][channel]
            if not self.groups[group]:
                del self.groups[group]
        self.channels.pop(channel, None)

    def queue(self, channel: str) -> asyncio.Queue[tuple[float, dict[str, Any]]]:
        """Give what waits for a socket; each message comes with the instant of its expiry, which is never."""
        if channel not in self.channels:
            self.channels[channel] = asyncio.Queue(maxsize=self.get_capacity(channel))
        queue: asyncio.Queue[tuple[float, dict[str, Any]]] = self.channels[channel]
        return queue

    def _clean_expired(self) -> None:
        """Nothing expires: what waits is bounded, and sockets are forgotten when they end."""
