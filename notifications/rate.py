"""Limits on how often one client may speak, and how many sockets one person may have open in this process."""

import time
from collections import Counter
from dataclasses import dataclass, field


@dataclass
class Bucket:
    """Lets `burst` through at once, and `per_second` in the long run."""

    burst: float
    per_second: float
    _level: float = field(init=False)
    _filled_at: float = field(init=False)

    def __post_init__(self) -> None:
        self._level = self.burst
        self._filled_at = time.monotonic()

    def take(self) -> bool:
        """Use one; False when there is none left."""
        now = time.monotonic()
        self._level = min(self.burst, self._level + (now - self._filled_at) * self.per_second)
        self._filled_at = now
        if self._level < 1:
            return False
        self._level -= 1
        return True


class Places:
    """The open sockets of this process by their user."""

    def __init__(self) -> None:
        self._taken = Counter[int]()

    def take(self, user_id: int, most: int) -> bool:
        """Take a place; False when the user has `most` already. 0 is no limit."""
        if most and self._taken[user_id] >= most:
            return False
        self._taken[user_id] += 1
        return True

    def leave(self, user_id: int) -> None:
        """Give a place back; nothing is kept of a user who has none."""
        self._taken[user_id] -= 1
        if self._taken[user_id] <= 0:
            del self._taken[user_id]
