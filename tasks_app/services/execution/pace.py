"""How long the runs of each type took in this child: which types are short, and how many of them make a group."""

from collections import deque

from tasks_app.handlers import registry
from tasks_app.models.platform import GROUP_MOST

SHORT_SECONDS = 0.005
SAMPLE = 100
GROUP_SECONDS = 0.25


class _Times:
    """The last run times of one type."""

    def __init__(self) -> None:
        self.seconds: deque[float] = deque(maxlen=SAMPLE)
        self.total = 0.0
        self.long = 0

    def add(self, seconds: float) -> None:
        """Take one in, and the oldest out."""
        if len(self.seconds) == SAMPLE:
            oldest = self.seconds[0]
            self.total -= oldest
            self.long -= oldest >= SHORT_SECONDS
        self.seconds.append(seconds)
        self.total += seconds
        self.long += seconds >= SHORT_SECONDS

    @property
    def is_short(self) -> bool:
        """99 of 100 took less than 5 ms."""
        return len(self.seconds) == SAMPLE and self.long <= SAMPLE // 100

    @property
    def mean(self) -> float:
        """The mean in seconds; 0 while nothing is known."""
        return self.total / len(self.seconds) if self.seconds else 0.0


class Pace:
    """What one child has learned about its types."""

    def __init__(self) -> None:
        self._by_type: dict[str, _Times] = {}

    def note(self, type: str, seconds: float) -> None:
        """Note how long a run took."""
        self._by_type.setdefault(type, _Times()).add(seconds)

    def most(self, type: str) -> int:
        """Say how many runs of the type to claim together: 250 ms of work, at most 50; 1 unless it is short."""
        times = self._by_type.get(type)
        try:
            declared = registry.get(type).short
        except registry.UnknownType:
            return 1
        is_short = declared if declared is not None else times is not None and times.is_short
        if not is_short:
            return 1
        expected = times.mean if times is not None else 0.0
        return max(1, min(GROUP_MOST, int(GROUP_SECONDS / max(expected, SHORT_SECONDS))))
