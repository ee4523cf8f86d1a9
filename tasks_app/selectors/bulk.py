"""What an action on many tasks would meet: how many, which, and with how many of them this person may do it."""

import hashlib
import uuid
from collections.abc import Collection, Sequence
from dataclasses import dataclass

from django.db.models import Count, QuerySet

from tasks_app.models import ScheduledTask
from tasks_app.selectors.access import Deed, Person, tasks_open_to, visible_tasks
from tasks_app.states import TaskStatus

MOST = 10_000
NAMED = 10


@dataclass(frozen=True)
class Prospect:
    """The tasks meant, exactly as counted: with `allowed` of `total` the person may do this, by state in `by_status`.

    `acted` of those are in a state in which there is something to do; `names` are the first of them.
    """

    total: int
    allowed: int
    acted: int
    by_status: dict[str, int]
    names: list[str]
    mark: str

    @property
    def denied(self) -> int:
        """How many are left out, because they are others' and this person may not."""
        return self.total - self.allowed

    @property
    def is_too_many(self) -> bool:
        """More than one action takes; then the numbers are no more than that."""
        return self.total > MOST


def ticked(user: Person, ids: Sequence[uuid.UUID]) -> QuerySet[ScheduledTask]:
    """The tasks with these ids; what the user may not see does not exist."""
    return visible_tasks(user).filter(id__in=ids)


def chosen_ids(rows: QuerySet[ScheduledTask]) -> list[uuid.UUID]:
    """The ids in the order in which they are acted on; one more than allowed when there are too many."""
    return list(rows.order_by("id").values_list("id", flat=True)[: MOST + 1])


def prospect(
    user: Person, rows: QuerySet[ScheduledTask], deed: Deed, states: Collection[str] = tuple(TaskStatus)
) -> Prospect:
    """Count before anything is done to those in these states."""
    ids = chosen_ids(rows)
    open_rows = tasks_open_to(user, deed, rows).order_by()
    by_status = dict(open_rows.values_list("status").annotate(count=Count("id")).order_by())
    acted = sum(count for status, count in by_status.items() if status in states)
    named = open_rows.filter(status__in=states).order_by("name", "id")
    names = list(named.values_list("name", flat=True)[:NAMED])
    return Prospect(len(ids), sum(by_status.values()), acted, by_status, names, mark_of(ids))


def mark_of(ids: Sequence[uuid.UUID]) -> str:
    """A short mark of exactly these tasks, by which a form shows what it was made for."""
    return hashlib.sha256(b"".join(one.bytes for one in ids)).hexdigest()[:32]
