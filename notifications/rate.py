"""A limit on how often one client may speak."""

import time
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
