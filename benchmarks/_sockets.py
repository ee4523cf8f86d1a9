"""Browsers, many in one process: `python -m benchmarks._sockets URL KEY COUNT NICE`.

Prints "ready" once all are subscribed. At the end of its input it prints, as JSON, how many milliseconds after its
run's transition each frame came.
"""

import asyncio
import json
import os
import sys
import time
from datetime import datetime

from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed

AT_ONCE = 20
OPEN_SECONDS = 60


async def main(url: str, key: str, count: int) -> None:
    """Open the sockets, subscribe, and listen."""
    delays: list[float] = []
    limit = asyncio.Semaphore(AT_ONCE)
    async with asyncio.TaskGroup() as group:
        sockets = await asyncio.gather(*(_subscribed(url, key, limit) for _ in range(count)))
        started = time.time()
        listening = [group.create_task(_listen(socket, started, delays)) for socket in sockets]
        print("ready", flush=True)
        await asyncio.to_thread(sys.stdin.read)
        print(json.dumps({"delays_ms": delays, "open": sum(not task.done() for task in listening)}), flush=True)
        for task in listening:
            task.cancel()
        await asyncio.gather(*(socket.close() for socket in sockets), return_exceptions=True)


async def _subscribed(url: str, key: str, limit: asyncio.Semaphore) -> ClientConnection:
    async with limit:
        protocols = ["carillon.v1", f"bearer.{key}"]
        socket = await connect(url, subprotocols=protocols, proxy=None, open_timeout=OPEN_SECONDS)  # type: ignore[arg-type]  # strings
        await socket.send('{"subscribe": "tasks"}')
        while json.loads(await socket.recv())["type"] != "subscribed":
            pass
        return socket


async def _listen(socket: ClientConnection, started: float, delays: list[float]) -> None:
    """Note the delay of every frame whose transition came after the beginning."""
    try:
        async for text in socket:
            now = time.time()
            frame = json.loads(text)
            if frame["type"] == "TaskUpdated" and (at := datetime.fromisoformat(frame["at"]).timestamp()) > started:
                delays.append(round((now - at) * 1000, 2))
    except ConnectionClosed:
        return


if __name__ == "__main__":
    os.nice(int(sys.argv[4]))
    asyncio.run(main(sys.argv[1], sys.argv[2], int(sys.argv[3])))
