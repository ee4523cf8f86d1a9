"""What can be done with a task."""

import uuid

from tasks_app.api.call import Call
from tasks_app.api.endpoint import Endpoint, operation
from tasks_app.api.instants import written_instant
from tasks_app.api.payloads import meant_override, shown_payload
from tasks_app.api.run_shapes import NoteIn, Run, run_out
from tasks_app.api.task_shapes import RunNowIn, Task, task_out
from tasks_app.models import ApiKey
from tasks_app.selectors.access import Deed
from tasks_app.selectors.tasks import task_get
from tasks_app.services import tasks

RUN = ApiKey.Scope.RUN


class TaskRunNow(Endpoint):
    """Run it now."""

    @operation("task_run_now", status=202, scope=RUN, idempotent=True)
    def post(self, call: Call, body: RunNowIn, task_id: uuid.UUID) -> Run:
        """Start a run at once, beside the schedule."""
        task = task_get(call.user, task_id, Deed.RUN)
        at = body.scheduled_for and written_instant(body.scheduled_for, task.timezone, "scheduled_for")
        payload = meant_override(call.user, task, body.payload)
        run = tasks.task_run_now(task=task, actor=call.actor, payload=payload, scheduled_for=at or None)
        run.task, run.owner = task, task.owner
        return run_out(run)


class TaskPause(Endpoint):
    """Pause it."""

    @operation("task_pause")
    def post(self, call: Call, body: NoteIn, task_id: uuid.UUID) -> Task:
        """Plan nothing until it is resumed; runs that exist go on."""
        task = task_get(call.user, task_id, Deed.CANCEL)
        return task_out(call, tasks.task_pause(task=task, actor=call.actor, note=body.note))


class TaskResume(Endpoint):
    """Resume it."""

    @operation("task_resume")
    def post(self, call: Call, task_id: uuid.UUID) -> Task:
        """Plan it again from now on; what fell into the pause does not run."""
        return task_out(call, tasks.task_resume(task=task_get(call.user, task_id, Deed.CANCEL), actor=call.actor))


class TaskCancel(Endpoint):
    """Cancel it."""

    @operation("task_cancel", scope=RUN)
    def post(self, call: Call, task_id: uuid.UUID) -> Task:
        """End it for good: runs that wait are cancelled, those that run are asked to stop."""
        return task_out(call, tasks.task_cancel(task=task_get(call.user, task_id, Deed.CANCEL), actor=call.actor))


class TaskDuplicate(Endpoint):
    """Copy it."""

    @operation("task_duplicate", status=201, idempotent=True)
    def post(self, call: Call, task_id: uuid.UUID) -> Task:
        """Make a paused copy: the caller's own, or the owner's where the caller may not see the payload."""
        task = task_get(call.user, task_id, Deed.MANAGE)
        owner = task.owner if shown_payload(call.user, task)["payload_hidden"] else call.user
        return task_out(call, tasks.task_duplicate(task=task, owner=owner, actor=call.actor))
