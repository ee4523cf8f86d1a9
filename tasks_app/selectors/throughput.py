"""How much each queue got done lately: read by the index of ends, and never more than a few thousand runs."""

from collections import defaultdict
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from tasks_app.models import TaskRun
from tasks_app.states import Status

MOST = 5000
LATELY = timedelta(minutes=5)
SPAN = timedelta(hours=1)
BARS = 30
_ENDED = (Status.SUCCEEDED, Status.FAILED)


@dataclass
class Done:
    """What one queue got done: in 5 minutes, in an hour, and in each of 30 parts of that hour, oldest first."""

    lately: int = 0
    hour: int = 0
    bars: list[int] = field(default_factory=lambda: [0] * BARS)


@dataclass(frozen=True)
class Throughput:
    """What every queue got done; where more than 5,000 runs ended, only the newest are counted, back to `since`."""

    by_queue: dict[str, Done]
    since: datetime | None

    def of(self, queue: str) -> Done:
        """Give what one queue got done."""
        return self.by_queue.get(queue) or Done()

    def is_whole(self, now: datetime, span: timedelta) -> bool:
        """Say whether all that ended within this span is counted."""
        return self.since is None or self.since <= now - span


def throughput(now: datetime) -> Throughput:
    """Count what ended in the last hour, in one look."""
    ended = TaskRun.objects.filter(finished_at__gte=now - SPAN, status__in=_ENDED).order_by("-finished_at")
    rows = list(ended.values_list("queue", "finished_at")[:MOST])
    found: dict[str, Done] = defaultdict(Done)
    for queue, at in rows:
        if at is not None:
            _count(found[queue], now - at)
    return Throughput(dict(found), rows[-1][1] if len(rows) == MOST else None)


def _count(done: Done, age: timedelta) -> None:
    done.hour += 1
    done.lately += age <= LATELY
    done.bars[BARS - 1 - min(BARS - 1, max(0, int(age / SPAN * BARS)))] += 1
