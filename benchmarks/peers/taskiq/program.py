"""taskiq on a Redis list, without results. The body leaves one byte in a file, so that runs can be counted."""

import asyncio
import json
import os
import sys
import time

from taskiq_redis import ListQueueBroker

broker = ListQueueBroker(url=os.environ["REDIS"])
_tally = os.open(os.environ["TALLY"], os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)


@broker.task(task_name="noop")
async def noop() -> None:
    """Do nothing but be counted."""
    os.write(_tally, b".")


async def enqueue(count: int) -> float:
    """Enqueue so many; gives the seconds."""
    await broker.startup()
    started = time.perf_counter()
    for _ in range(count):
        await noop.kiq()
    seconds = time.perf_counter() - started
    await broker.shutdown()
    return seconds


if __name__ == "__main__":
    print(json.dumps({"seconds": asyncio.run(enqueue(int(sys.argv[2])))}))
