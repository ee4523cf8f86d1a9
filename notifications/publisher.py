"""Sends hints from any process to the web processes: one plain PUBLISH for what comes together, never a fault.

A hint is worth less than the work that it speaks of. So when Redis does not answer, hints are dropped and counted for a
few seconds; the pages find out by themselves, because each socket looks at the database again every few seconds.
"""

import logging
import os
import threading
import time
from dataclasses import dataclass
from typing import Any

from django.conf import settings
from django.utils.module_loading import import_string
from redis.backoff import NoBackoff
from redis.exceptions import ConnectionError as RedisConnectionError
from redis.exceptions import RedisError
from redis.retry import Retry

from notifications.messages import Hint

logger = logging.getLogger(__name__)

TIMEOUT_SECONDS = 0.2
BACK_OFF_SECONDS = 5.0


def channel() -> str:
    """Name the one Redis channel of this installation."""
    return f"{settings.REDIS_PREFIX}live"


@dataclass
class Counts:
    """How many hints this process has sent and dropped."""

    sent: int = 0
    dropped: int = 0


class Publisher:
    """The sender of one process; its threads share it."""

    def __init__(self) -> None:
        self.pid = os.getpid()
        self.counts = Counts()
        self._lock = threading.Lock()
        self._client: Any = None
        self._away_until = 0.0

    def publish(self, *hints: Hint) -> bool:
        """Send the hints, a line each; False means that they were dropped."""
        if time.monotonic() < self._away_until:
            self.counts.dropped += len(hints)
            return False
        try:
            self._connection().publish(channel(), "\n".join(hint.encode() for hint in hints))
        except (RedisError, OSError) as fault:
            self._away_until = time.monotonic() + BACK_OFF_SECONDS
            self.counts.dropped += len(hints)
            logger.warning("live frames are dropped for %g s: %s", BACK_OFF_SECONDS, fault)
            return False
        self.counts.sent += len(hints)
        return True

    def _connection(self) -> Any:
        with self._lock:
            if self._client is None:
                connect = import_string(settings.REDIS_CLIENT)
                # One retry, and only for a connection that has died since the last hint: that is known at once.
                retry = Retry(NoBackoff(), 1, supported_errors=(RedisConnectionError,))
                self._client = connect(
                    socket_timeout=TIMEOUT_SECONDS, socket_connect_timeout=TIMEOUT_SECONDS, retry=retry
                )
            return self._client


_publisher = Publisher()


def publish(*hints: Hint) -> bool:
    """Send hints to every web process; never raises. False means that they were dropped."""
    return _of_this_process().publish(*hints)


def counts() -> Counts:
    """Give how many hints this process has sent and dropped."""
    return _of_this_process().counts


def _of_this_process() -> Publisher:
    """After a fork the child begins anew: it must not share its parent's socket, nor wait for the parent's lock."""
    global _publisher  # noqa: PLW0603  # one per process is the point
    if _publisher.pid != os.getpid():
        _publisher = Publisher()
    return _publisher
