"""The runs of tasks."""

import uuid

from tasks_app.api.call import Call
from tasks_app.api.endpoint import Endpoint, operation
from tasks_app.api.run_pages import runs_by_cursor
from tasks_app.api.run_shapes import HistoryQuery, RunPage, RunQuery
from tasks_app.selectors.tasks import task_get


class TaskHistory(Endpoint):
    """The runs of one task."""

    @operation("task_history")
    def get(self, call: Call, query: HistoryQuery, task_id: uuid.UUID) -> RunPage:
        """List the runs of a task, the newest first."""
        task = task_get(call.user, task_id)
        return runs_by_cursor(call, query.filters(task=task.id), query)


class TasksHistory(Endpoint):
    """The runs of all tasks."""

    @operation("tasks_history")
    def get(self, call: Call, query: RunQuery) -> RunPage:
        """List the runs of all tasks that the caller may see, deleted ones included, the newest first."""
        return runs_by_cursor(call, query.filters(of_tasks=query.task is None), query)
