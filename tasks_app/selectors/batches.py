"""Reading batches: one, the list, and how far each is."""

import uuid
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

from django.db.models import Count, Exists, F, QuerySet

from tasks_app.errors import NotFound
from tasks_app.models import Batch, TaskRun
from tasks_app.selectors.access import Deed, Person, require, visible_batches
from tasks_app.selectors.run_list import run_again
from tasks_app.states import FINAL, Status, Trigger

BatchStatus = Literal["running", "completed", "cancelled"]


@dataclass(frozen=True)
class Tally:
    """How far a batch is. `counts`: of its runs by status, without those that were run again within it."""

    counts: dict[str, int]
    done: int
    total: int

    @property
    def percent(self) -> int:
        """How much of it is done."""
        return 100 * self.done // self.total if self.total else 100


def batch_get(user: Person, batch_id: uuid.UUID | str, deed: Deed = Deed.VIEW) -> Batch:
    """Give a batch with which the user may do this, with its task and owner; raises NotFound or Forbidden."""
    batch = _with_names(visible_batches(user)).filter(id=batch_id).first()
    if batch is None:
        raise NotFound("There is no such batch.")
    require(user, deed, batch)
    return batch


def batch_list(user: Person, *, task: uuid.UUID | None = None) -> QuerySet[Batch]:
    """The batches that the user may see, of one task or of all, the newest first."""
    rows = _with_names(visible_batches(user)).order_by("-id")
    return rows if task is None else rows.filter(task_id=task)


def open_batches(task_id: uuid.UUID) -> list[Batch]:
    """The batches of a task that have not ended. The caller has checked that the user may see the task."""
    return list(Batch.objects.filter(task_id=task_id, finished_at=None).order_by("id"))


def batch_status(batch: Batch) -> BatchStatus:
    """Say where a batch stands: a cancelled one is so at once, even while its last runs are being stopped."""
    if batch.cancelled_at is not None:
        return "cancelled"
    return "running" if batch.finished_at is None else "completed"


def latest_runs(batch: Batch) -> QuerySet[TaskRun]:
    """The runs of a batch without those that were run again within it."""
    return TaskRun.objects.filter(batch=batch).exclude(Exists(run_again()))


def tallies(batches: Iterable[Batch]) -> dict[uuid.UUID, Tally]:
    """Say how far each of the batches is, in two queries that the index (batch, status) serves."""
    by_id = {batch.id: batch for batch in batches}
    counts = {batch_id: {status.value: 0 for status in Status} for batch_id in by_id}
    runs = TaskRun.objects.filter(batch_id__in=by_id).order_by()
    for batch_id, status, number in runs.values_list("batch_id", "status").annotate(Count("id")):
        counts[batch_id][status] += number
    again = runs.filter(trigger=Trigger.RETRY, rerun_of__batch_id=F("batch_id"))
    repeated = again.values_list("batch_id", "rerun_of__status").annotate(Count("rerun_of", distinct=True))
    for batch_id, status, number in repeated:
        counts[batch_id][status] -= number
    return {batch_id: _tally(batch, counts[batch_id]) for batch_id, batch in by_id.items()}


def tally(batch: Batch) -> Tally:
    """Say how far a batch is."""
    return tallies([batch])[batch.id]


def _tally(batch: Batch, counts: dict[str, int]) -> Tally:
    """What has ended may be deleted meanwhile; what is open is there, so that is what tells how much is done."""
    is_open = sum(number for status, number in counts.items() if status not in FINAL)
    return Tally(counts, max(0, batch.total - is_open), batch.total)


def _with_names(rows: QuerySet[Batch]) -> QuerySet[Batch]:
    return rows.select_related("task", "owner")
