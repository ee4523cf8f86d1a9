"""Reads that many sockets ask for at once, done once for all of them."""

import asyncio
from collections.abc import Awaitable, Callable, Hashable
from dataclasses import dataclass
from typing import Any

KEEP_SECONDS = 5.0


@dataclass(frozen=True)
class _Read:
    began_at: float
    task: "asyncio.Task[Any]"


class SharedReads:
    """Whoever asks says since when the answer must have been read, and gets one that was begun after that.

    So a thousand equal questions in the same moment are two reads at most: the one under way, which may have begun too
    early, and the next. Faults are shared as well, and not kept.
    """

    def __init__(self) -> None:
        self._reads: dict[Hashable, _Read] = {}

    async def get(self, key: Hashable, read: Callable[[], Awaitable[Any]], *, since: float) -> Any:
        """Give what `read` gave, begun at the event loop's instant `since` or later."""
        while True:
            found = self._reads.get(key)
            if found is None or (found.began_at < since and found.task.done()):
                found = self._begin(key, read)
            elif found.began_at < since:
                await asyncio.wait([found.task])
                continue
            return await asyncio.shield(found.task)

    def _begin(self, key: Hashable, read: Callable[[], Awaitable[Any]]) -> _Read:
        loop = asyncio.get_running_loop()
        found = self._reads[key] = _Read(loop.time(), asyncio.ensure_future(_awaited(read)))
        found.task.add_done_callback(lambda task: self._ended(key, found, task))
        return found

    def _ended(self, key: Hashable, found: _Read, task: "asyncio.Task[Any]") -> None:
        if task.cancelled() or task.exception() is not None:
            self._forget(key, found)
        else:
            asyncio.get_running_loop().call_later(KEEP_SECONDS, self._forget, key, found)

    def _forget(self, key: Hashable, found: _Read) -> None:
        if self._reads.get(key) is found:
            del self._reads[key]


async def _awaited(read: Callable[[], Awaitable[Any]]) -> Any:
    return await read()
