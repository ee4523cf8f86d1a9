"""Plain Celery: no results, nothing kept. The body leaves one byte in a file, so that runs can be counted."""

import json
import os
import sys
import time

from celery import Celery

app = Celery("program", broker=os.environ["REDIS"])
app.conf.update(task_ignore_result=True, worker_prefetch_multiplier=64, worker_hijack_root_logger=False)
_tally = os.open(os.environ["TALLY"], os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)


@app.task
def noop() -> None:
    """Do nothing but be counted."""
    os.write(_tally, b".")


def enqueue(count: int) -> float:
    """Send so many over one connection; gives the seconds."""
    with app.producer_or_acquire() as producer:
        noop.apply_async(producer=producer, retry=False)  # opens the connection, declares the queue
        started = time.perf_counter()
        for _ in range(count - 1):
            noop.apply_async(producer=producer, retry=False)
        return time.perf_counter() - started


if __name__ == "__main__":
    print(json.dumps({"seconds": enqueue(int(sys.argv[2]))}))
