"""What people do with a batch: cancel what is left of it, run what failed again."""

from django.db import transaction

from tasks_app.errors import Conflict
from tasks_app.models import Batch
from tasks_app.selectors.batches import batch_status, latest_runs
from tasks_app.services import audit, lifecycle, turns
from tasks_app.services.runs import rerun
from tasks_app.states import Status


@transaction.atomic
def batch_cancel(*, batch: Batch, actor: str) -> Batch:
    """Cancel the runs that wait, ask those that run to stop. Raises Conflict when it has ended already."""
    if not turns.cancel(batch, actor=actor):
        batch.refresh_from_db()
        raise Conflict(f"The batch has already ended: it is {batch_status(batch)}.")
    audit.note("batch.cancel", batch, actor=actor)
    batch.refresh_from_db()
    return batch


@transaction.atomic
def batch_retry(*, batch: Batch, actor: str) -> Batch:
    """Run again what has failed, as new runs of the same batch, which wait for their turns.

    Confirmed side effects do not happen again. Raises Conflict when nothing has failed, or the batch was cancelled.
    """
    locked = turns.lock(batch.id)
    if locked is None:
        raise Conflict("The batch was cancelled; start another one, which can take what has failed.")
    runs = latest_runs(locked).select_related("task")
    failed = list(runs.filter(status=Status.FAILED).order_by("scheduled_for", "id"))
    if not failed:
        raise Conflict("Nothing in the batch has failed.")
    lifecycle.create([rerun(run, payload=None, actor=actor, batch=locked) for run in failed], actor=actor)
    audit.note("batch.retry", batch, actor=actor, after={"runs": len(failed)})
    turns.go_on(locked)
    batch.refresh_from_db()
    return batch
