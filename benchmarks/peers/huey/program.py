"""Huey on Redis, without results. The body leaves one byte in a file, so that runs can be counted."""

import json
import os
import sys
import time

from huey import RedisHuey

huey = RedisHuey("bench", url=os.environ["REDIS"], results=False)
_tally = os.open(os.environ["TALLY"], os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)


@huey.task()
def noop() -> None:
    """Do nothing but be counted."""
    os.write(_tally, b".")


def enqueue(count: int) -> float:
    """Enqueue so many; gives the seconds."""
    started = time.perf_counter()
    for _ in range(count):
        noop()
    return time.perf_counter() - started


if __name__ == "__main__":
    # The module that the consumer knows, so that the task has the same name.
    from program import enqueue as enqueue_there

    print(json.dumps({"seconds": enqueue_there(int(sys.argv[2]))}))
