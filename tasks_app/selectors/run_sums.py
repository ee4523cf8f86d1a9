"""What ended runs come to, added up one by one: the figures of a row of RunRollup, and how a run counts in them."""

from bisect import bisect_left
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from typing import NamedTuple
from uuid import UUID

from tasks_app.models import RunRollup
from tasks_app.models.rollup import BOUNDS_MS
from tasks_app.states import Status

COUNTS = ("succeeded", "failed", "cancelled", "skipped")
NUMBERS = (*COUNTS, "retries", "total_ms")
COLUMNS = (*NUMBERS, "longest_ms", "classes")
_TIMED = (Status.SUCCEEDED, Status.FAILED)


class EndedRun(NamedTuple):
    """What of an ended run counts, by the names of its columns."""

    finished_at: datetime
    owner_id: int | None
    task_id: UUID | None
    type: str
    status: str
    started_at: datetime | None
    failures: int
    crashes: int
    range_to: datetime | None
    range_count: int | None

    @property
    def weight(self) -> int:
        """How many slots the row stands for: a range of skipped ones for all of them, one while they are uncounted."""
        if self.range_to is None or self.range_count is None:
            return 1
        return self.range_count

    @property
    def retries(self) -> int:
        """How many attempts followed the first one."""
        return max(0, self.failures + self.crashes - (self.status == Status.FAILED))

    @property
    def ms(self) -> int | None:
        """Run time of the last attempt in milliseconds; None for a run that neither succeeded nor failed."""
        if self.started_at is None or self.status not in _TIMED:
            return None
        return max(0, round((self.finished_at - self.started_at).total_seconds() * 1000))


@dataclass(slots=True)
class Sums:
    """Figures of any number of runs; `classes` counts run times by `BOUNDS_MS`."""

    succeeded: int = 0
    failed: int = 0
    cancelled: int = 0
    skipped: int = 0
    retries: int = 0
    total_ms: int = 0
    longest_ms: int = 0
    classes: list[int] = field(default_factory=lambda: [0] * (len(BOUNDS_MS) + 1))

    def count(self, run: EndedRun) -> None:
        """Count one more run."""
        setattr(self, run.status, getattr(self, run.status) + run.weight)
        self.retries += run.retries
        ms = run.ms
        if ms is not None:
            self.total_ms += ms
            self.longest_ms = max(self.longest_ms, ms)
            self.classes[bisect_left(BOUNDS_MS, ms)] += 1

    def add(self, other: "Sums | RunRollup") -> None:
        """Add the figures of other runs."""
        self.succeeded += other.succeeded
        self.failed += other.failed
        self.cancelled += other.cancelled
        self.skipped += other.skipped
        self.retries += other.retries
        self.total_ms += other.total_ms
        self.longest_ms = max(self.longest_ms, other.longest_ms)
        if other.classes:
            self.classes = [mine + more for mine, more in zip(self.classes, other.classes, strict=True)]

    def plus(self, other: "Sums") -> "Sums":
        """Give the figures of both."""
        return Sums(
            self.succeeded + other.succeeded,
            self.failed + other.failed,
            self.cancelled + other.cancelled,
            self.skipped + other.skipped,
            self.retries + other.retries,
            self.total_ms + other.total_ms,
            max(self.longest_ms, other.longest_ms),
            [mine + more for mine, more in zip(self.classes, other.classes, strict=True)],
        )

    def less(self, other: "Sums | RunRollup") -> "Sums | None":
        """Give what these have beyond others; None where the others have anything that these have not."""
        numbers = {name: getattr(self, name) - getattr(other, name) for name in NUMBERS}
        theirs = other.classes or [0] * len(self.classes)
        classes = [mine - less for mine, less in zip(self.classes, theirs, strict=True)]
        if min(*numbers.values(), *classes) < 0:
            return None
        return Sums(**numbers, longest_ms=self.longest_ms, classes=classes)

    @property
    def timed(self) -> int:
        """How many runs have a run time."""
        return sum(self.classes)

    def quantile_ms(self, share: float) -> int | None:
        """Give the run time that this share of the runs does not exceed, linear within its class."""
        wanted, before, low = share * self.timed, 0, 0
        for count, bound in zip(self.classes, (*BOUNDS_MS, self.longest_ms), strict=True):
            high = max(low, min(bound, self.longest_ms))
            if count and before + count >= wanted:
                return round(low + (high - low) * (wanted - before) / count)
            before, low = before + count, bound
        return None


def summed(all_sums: Iterable[Sums]) -> Sums:
    """Add any number of them."""
    whole = Sums()
    for one in all_sums:
        whole.add(one)
    return whole
