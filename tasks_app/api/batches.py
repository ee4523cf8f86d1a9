"""Batches: backfills of tasks, how far they are, and what can be done with them."""

import uuid

from tasks_app.api.batch_shapes import (
    BackfillIn,
    BackfillPlan,
    Batch,
    BatchPage,
    BatchQuery,
    batch_out,
    batches_out,
    plan_out,
)
from tasks_app.api.call import Call
from tasks_app.api.endpoint import Endpoint, operation
from tasks_app.api.paging import page_by_cursor
from tasks_app.models import ApiKey
from tasks_app.selectors.access import Deed
from tasks_app.selectors.batches import batch_get, batch_list
from tasks_app.selectors.tasks import task_get
from tasks_app.services import batches
from tasks_app.services.backfills import backfill_create, backfill_preview

RUN = ApiKey.Scope.RUN


class TaskBackfill(Endpoint):
    """Run its past slots."""

    @operation("task_backfill", status=202, scope=RUN, idempotent=True)
    def post(self, call: Call, body: BackfillIn, task_id: uuid.UUID) -> Batch | BackfillPlan:
        """Run past slots of the task: those that have not run, also those that failed, or all. With `dry_run` only say
        which (200)."""
        task = task_get(call.user, task_id, Deed.RUN)
        spec = body.spec(task)
        if body.dry_run:
            return plan_out(backfill_preview(task=task, spec=spec))
        return batch_out(backfill_create(task=task, spec=spec, actor=call.actor))


class BatchList(Endpoint):
    """All batches that the caller may see."""

    @operation("batch_list")
    def get(self, call: Call, query: BatchQuery) -> BatchPage:
        """List batches, the newest first."""
        rows = batch_list(call.user, task=query.task)
        return BatchPage(**page_by_cursor(call, rows, query, batches_out))


class BatchObject(Endpoint):
    """One batch."""

    @operation("batch_get")
    def get(self, call: Call, batch_id: uuid.UUID) -> Batch:
        """Give a batch and how far it is; its runs are at `/api/runs?batch=<id>`."""
        return batch_out(batch_get(call.user, batch_id))


class BatchCancel(Endpoint):
    """Stop it."""

    @operation("batch_cancel", scope=RUN)
    def post(self, call: Call, batch_id: uuid.UUID) -> Batch:
        """Cancel its runs that wait and ask those that run to stop. 409 when it has ended."""
        batch = batch_get(call.user, batch_id, Deed.CANCEL)
        return batch_out(batches.batch_cancel(batch=batch, actor=call.actor))


class BatchRetry(Endpoint):
    """Run again what failed."""

    @operation("batch_retry", status=202, scope=RUN, idempotent=True)
    def post(self, call: Call, batch_id: uuid.UUID) -> Batch:
        """Run again what has failed, as new runs of the batch; confirmed side effects do not happen again. 409 when
        nothing has failed, or it was cancelled."""
        batch = batch_get(call.user, batch_id, Deed.RUN)
        return batch_out(batches.batch_retry(batch=batch, actor=call.actor))
