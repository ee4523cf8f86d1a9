"""The only sender of Celery messages: wake-ups that say "queue Q has work", and nothing else.

A lost wake-up is made good by upkeep, a spare one finds nothing and ends: so posting never fails loudly, never waits
long, and is never one message per run of a long backlog.
"""

import logging
import time
from functools import partial
from typing import Any

from celery import current_app
from django.db import transaction
from kombu.exceptions import KombuError
from redis.exceptions import RedisError

from tasks_app.models import Worker, db_now
from tasks_app.models.platform import ALIVE

logger = logging.getLogger(__name__)

WORK = "tasks_app.work"
_BACK_OFF_SECONDS = 2.0
_CAPACITY_SECONDS = 2.0
_POST_SECONDS = 0.5
_AWAY = (KombuError, RedisError, OSError)

_away_until = 0.0
_capacity: tuple[float, dict[str, int]] = (0.0, {})


def wake_on_commit(queue: str, count: int = 1) -> None:
    """Post wake-ups for `count` newly eligible runs once the surrounding transaction has committed."""
    transaction.on_commit(partial(wake, queue, count), robust=True)


def wake(queue: str, count: int = 1) -> int:
    """Post a wake-up for each of `count` runs until as many wait as the queue's workers have children; gives how many.

    A broker that is slow gets at least one, and no more after half a second: who works wakes another while runs wait.
    While the broker is away nothing is tried for 2 s after a failure; the runs wait in the database.
    """
    global _away_until  # noqa: PLW0603  # one circuit per process
    if time.monotonic() < _away_until:
        return 0
    most = max(1, _children(queue))
    try:
        return _post(queue, count, most=most)
    except _AWAY as error:
        _away_until = time.monotonic() + _BACK_OFF_SECONDS
        logger.warning("wake-up for queue %s was not posted: %s", queue, error)
        return 0


def _post(queue: str, count: int, *, most: int) -> int:
    with current_app.producer_pool.acquire(block=True, timeout=2) as producer:
        missing = max(0, min(count, most - _waiting(producer.channel, queue)))
        until = time.monotonic() + _POST_SECONDS
        for posted in range(missing):
            if posted and time.monotonic() > until:
                return posted
            current_app.send_task(WORK, args=[queue], queue=queue, ignore_result=True, retry=False, producer=producer)
    return missing


def _waiting(channel: Any, queue: str) -> int:
    """Ask the broker how many wake-ups wait.

    Not by a passive declaration: kombu looks for the queue without its prefix then, and never finds it.
    """
    return int(channel.queue_declare(queue).message_count)


def _children(queue: str) -> int:
    """Give how many children of workers that take work serve the queue, at most 2 s old."""
    global _capacity  # noqa: PLW0603  # one small cache per process
    read_at, by_queue = _capacity
    if time.monotonic() - read_at > _CAPACITY_SECONDS:
        by_queue = {}
        awake = Worker.objects.filter(stopped_at=None, is_quiet=False, heartbeat_at__gte=db_now() - ALIVE)
        for worker in awake:
            for name in worker.queues:
                by_queue[name] = by_queue.get(name, 0) + worker.concurrency
        _capacity = (time.monotonic(), by_queue)
    return by_queue.get(queue, 0)
