"""Row ids: UUID version 7 (RFC 9562), which sort by time of creation and so keep indexes dense."""

import os
import threading
import time
import uuid
from datetime import UTC, datetime

_lock = threading.Lock()
_last = 0


def new_id() -> uuid.UUID:
    """Make a UUIDv7; ids made by one process never go backwards, even within a millisecond.

    The 12 bits after the millisecond hold its fraction (RFC 9562, section 6.2, method 3).
    """
    global _last  # noqa: PLW0603  # one counter per process is the point
    with _lock:
        ticks = max(time.time_ns() * 4096 // 1_000_000, _last + 1)
        _last = ticks
    milliseconds, fraction = divmod(ticks, 4096)
    tail = int.from_bytes(os.urandom(8), "big") & (2**62 - 1)
    return uuid.UUID(int=(milliseconds & (2**48 - 1)) << 80 | 7 << 76 | fraction << 64 | 2 << 62 | tail)


def first_id_at(instant: datetime) -> uuid.UUID:
    """Give the smallest id that can have been made at `instant`: a range of creation times as a range of ids."""
    milliseconds = max(0, int(instant.timestamp() * 1000))
    return uuid.UUID(int=(milliseconds & (2**48 - 1)) << 80 | 7 << 76 | 2 << 62)


def made_at(row_id: uuid.UUID) -> datetime:
    """When a row was made, from its id."""
    return datetime.fromtimestamp((row_id.int >> 80) / 1000, UTC)
