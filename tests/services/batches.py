"""Backfills of an hourly task, for tests."""

from datetime import datetime, timedelta
from typing import Any

from tasks_app.models import Batch, ScheduledTask, TaskRun, db_now
from tasks_app.services import outcomes
from tasks_app.services.backfills import BackfillSpec, backfill_create
from tests import runs
from tests.services.ends import failure

HOUR = timedelta(hours=1)
HOURLY = "0 * * * *"


def hour(number: int) -> datetime:
    """Give the full hour so many hours before the last one."""
    return db_now().replace(minute=0, second=0, microsecond=0) - number * HOUR


def spec(hours: int = 5, **fields: Any) -> BackfillSpec:
    """Ask for the last so many full hours but the very last, oldest first."""
    return BackfillSpec(**{"start": hour(hours), "end": hour(1), **fields})


def backfill(task: ScheduledTask, hours: int = 5, **fields: Any) -> Batch:
    """Make a backfill."""
    return backfill_create(task=task, spec=spec(hours, **fields), actor="user:alice")


def ran(task: ScheduledTask, at: datetime, status: str = "succeeded", **fields: Any) -> TaskRun:
    """Make a run of a slot that has ended like that, or stands there."""
    run = runs.make_run(
        task.owner, task, **{"slot": at, "scheduled_for": at, "trigger": "schedule", "max_retries": 0, **fields}
    )
    if status in ("running", "succeeded", "failed"):
        runs.claim(run)
    if status in ("succeeded", "failed"):
        getattr(runs, status.removesuffix("ed") if status == "failed" else "succeed")(run)
    if status == "cancelled":
        runs.cancel(run)
    return runs.fresh(run)


def by_status(batch: Batch) -> dict[str, int]:
    """Count the runs of a batch by status."""
    found: dict[str, int] = {}
    for status in TaskRun.objects.filter(batch=batch).values_list("status", flat=True):
        found[status] = found.get(status, 0) + 1
    return found


def queued(batch: Batch) -> list[TaskRun]:
    """Give the runs of a batch whose turn it is."""
    return list(TaskRun.objects.filter(batch=batch, status="queued").order_by("id"))


def end(run: TaskRun, *, well: bool = True) -> None:
    """Claim the run and end it, as a worker does."""
    held = runs.hold(run)
    if well:
        outcomes.attempt_succeeded(held, result=None)
    else:
        outcomes.attempt_failed(held, failure(is_permanent=True))


def work_off(batch: Batch, *, well: bool = True) -> list[datetime | None]:
    """End every run of the batch in the order of their turns; gives what they were about."""
    seen = []
    while found := queued(batch):
        seen.append(found[0].scheduled_for)
        end(found[0], well=well)
    return seen
