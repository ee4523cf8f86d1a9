"""Dramatiq on Redis, without results. The body leaves one byte in a file, so that runs can be counted."""

import json
import os
import sys
import time

import dramatiq
from dramatiq.brokers.redis import RedisBroker

dramatiq.set_broker(RedisBroker(url=os.environ["REDIS"]))
_tally = os.open(os.environ["TALLY"], os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)


@dramatiq.actor
def noop() -> None:
    """Do nothing but be counted."""
    os.write(_tally, b".")


def enqueue(count: int) -> float:
    """Enqueue so many; gives the seconds."""
    started = time.perf_counter()
    for _ in range(count):
        noop.send()
    return time.perf_counter() - started


if __name__ == "__main__":
    print(json.dumps({"seconds": enqueue(int(sys.argv[2]))}))
