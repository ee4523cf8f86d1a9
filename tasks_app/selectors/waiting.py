"""How many runs wait in queues, and for how long: counted so far and no farther, however much waits."""

from dataclasses import dataclass
from datetime import datetime

from django.db.models import Count, Min, QuerySet

from tasks_app.models import TaskRun


@dataclass(frozen=True)
class Backlog:
    """What waits, and since when the run waits that has waited longest."""

    count: int
    oldest: datetime | None


def backlog(queued: QuerySet[TaskRun], *, counted: int) -> Backlog:
    """Count queued runs to so many, and find the longest wait among these.

    A run that was queued anew, after a delay, for its next attempt or by a worker that stopped, waits since then: its
    id, which tells when it was made, says nothing. Where more wait than are counted, the one that was made first is
    looked at too; what is said is then the least that the longest wait can be.
    """
    found = queued.order_by()[:counted].aggregate(count=Count("id"), oldest=Min("queued_at"))
    count, oldest = found["count"], found["oldest"]
    if count >= counted:
        first = queued.order_by("id").values_list("queued_at", flat=True).first()
        oldest = min((at for at in (oldest, first) if at is not None), default=None)
    return Backlog(count, oldest)
