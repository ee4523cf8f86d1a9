"""What can be done with a run."""

import uuid

from tasks_app.api.call import Call
from tasks_app.api.endpoint import Endpoint, operation
from tasks_app.api.payloads import meant_override
from tasks_app.api.run_shapes import NoteIn, RetryIn, Run, run_out
from tasks_app.models import ApiKey
from tasks_app.selectors.access import Deed
from tasks_app.selectors.runs import run_get
from tasks_app.services import runs

RUN = ApiKey.Scope.RUN


class RunCancel(Endpoint):
    """Stop it."""

    @operation("run_cancel", scope=RUN)
    def post(self, call: Call, run_id: uuid.UUID) -> Run:
        """End a run that waits; ask one that runs to stop (`cancel_requested_at` says so). 409 when it has ended."""
        run = run_get(call.user, run_id, Deed.CANCEL)
        runs.run_cancel(run=run, actor=call.actor)
        return run_out(run_get(call.user, run_id))


class RunRetry(Endpoint):
    """Run it again."""

    @operation("run_retry", status=202, scope=RUN, idempotent=True)
    def post(self, call: Call, body: RetryIn, run_id: uuid.UUID) -> Run:
        """Run an ended run again, as a new run that points to it; confirmed side effects do not happen again."""
        run = run_get(call.user, run_id, Deed.RUN)
        again = runs.run_retry(run=run, actor=call.actor, payload=meant_override(call.user, run, body.payload))
        return run_out(run_get(call.user, again.id))


class RunDismiss(Endpoint):
    """Put it aside."""

    @operation("run_dismiss")
    def post(self, call: Call, body: NoteIn, run_id: uuid.UUID) -> Run:
        """Take a failed run off the list of what needs a person. 409 for any other."""
        run = run_get(call.user, run_id, Deed.RUN)
        runs.run_dismiss(run=run, actor=call.actor, note=body.note)
        return run_out(run_get(call.user, run_id))
