"""Whose turn it is in a batch: as many of its runs are under way as it allows, the others wait.

Whatever ends a run of a batch lets the next one in after its own commit; what a process that died in between has left
undone, upkeep does. The batch's row is locked meanwhile, and nobody who holds a run waits for it, so that there is
neither a deadlock nor one run too many.
"""

from collections.abc import Collection
from uuid import UUID

from django.db import transaction
from django.db.models import Count, Exists, F, OuterRef, Q, QuerySet, Subquery
from django.db.models.functions import Coalesce

from tasks_app import dispatch
from tasks_app.models import Batch, ScheduledTask, TaskRun, db_now
from tasks_app.services import lifecycle
from tasks_app.states import OPEN, Reason, Status

UNDER_WAY = (Status.QUEUED, Status.RUNNING, Status.SCHEDULED)
_ACTOR = "backfill"


def advance_on_commit(batch_id: UUID | None) -> None:
    """Let the next runs in once the surrounding transaction has committed; None is no batch."""
    if batch_id is not None:
        transaction.on_commit(lambda: advance(batch_id), robust=True)


@transaction.atomic
def advance(batch_id: UUID, *, actor: str = _ACTOR) -> None:
    """Let as many waiting runs in as there is room for; note the end of a batch of which nothing is open."""
    batch = Batch.objects.select_for_update(of=("self",)).filter(id=batch_id, finished_at=None).first()
    if batch is None:
        return
    runs = TaskRun.objects.filter(batch=batch)
    if batch.cancelled_at is not None:
        _end(runs, actor=batch.cancelled_by)
    else:
        _let_in(runs, batch.max_concurrency, actor=actor)
    if not runs.filter(status__in=OPEN).exists():
        Batch.objects.filter(id=batch.id).update(finished_at=db_now(), version=F("version") + 1)


def cancel(batch: Batch, *, actor: str) -> bool:
    """Cancel what waits and ask what runs to stop; False when the batch has ended, or was cancelled before."""
    changes = {"cancelled_at": db_now(), "cancelled_by": actor[:200]}
    with transaction.atomic():
        going_on = Batch.objects.filter(id=batch.id, cancelled_at=None, finished_at=None)
        if not going_on.update(version=F("version") + 1, **changes):
            return False
        advance(batch.id)
    return True


def cancel_of_tasks(task_ids: Collection[UUID], *, actor: str) -> None:
    """Cancel the batches of tasks that end."""
    for batch in Batch.objects.filter(task__in=task_ids, finished_at=None, cancelled_at=None).order_by("id"):
        cancel(batch, actor=actor)


def lock(batch_id: UUID | None) -> Batch | None:
    """Lock a batch for another run of it; None for none, and for one that was cancelled.

    Its task is locked first, as by whoever ends the task: a new run points to both.
    """
    if batch_id is None:
        return None
    list(ScheduledTask.objects.filter(batches=batch_id).select_for_update(of=("self",)).values_list("id"))
    return Batch.objects.select_for_update(of=("self",)).filter(id=batch_id, cancelled_at=None).first()


def go_on(batch: Batch) -> None:
    """Let waiting runs in that have joined a locked batch, which may have been finished."""
    Batch.objects.filter(id=batch.id).update(finished_at=None, version=F("version") + 1)
    advance(batch.id)


def standing(limit: int) -> list[UUID]:
    """Give batches in which something is to be done: a turn is free, a run is to be cancelled, or all have ended."""
    runs = TaskRun.objects.filter(batch=OuterRef("id")).order_by()
    count = runs.filter(status__in=UNDER_WAY).values("batch").annotate(n=Count("id")).values("n")
    waits = Exists(runs.filter(status=Status.WAITING))
    going_on = Batch.objects.filter(finished_at=None).annotate(under_way=Coalesce(Subquery(count), 0), waits=waits)
    wanted = Q(waits=True, under_way__lt=F("max_concurrency")) | Q(waits=False, under_way=0)
    found = going_on.filter(wanted | Q(cancelled_at__isnull=False)).order_by("id")
    return list(found.values_list("id", flat=True)[:limit])


def _let_in(runs: QuerySet[TaskRun], most: int, *, actor: str) -> None:
    room = most - runs.filter(status__in=UNDER_WAY).count()
    waiting = runs.filter(status=Status.WAITING).order_by("id")
    while room > 0 and (rows := list(waiting[:room])):
        for row in rows:
            if (run := lifecycle.queue(row, reason=Reason.DUE, actor=actor)) is not None:
                dispatch.wake_on_commit(run.queue)
                room -= 1


def _end(runs: QuerySet[TaskRun], *, actor: str) -> None:
    lifecycle.cancel_all(runs, reason=Reason.USER, actor=actor)
    for run in runs.filter(status=Status.RUNNING, cancel_requested_at=None):
        lifecycle.ask_to_stop(run, actor=actor)
