"""The runs of tasks."""

import uuid

from tasks_app.api.call import Call
from tasks_app.api.endpoint import Endpoint, operation
from tasks_app.api.paging import by_cursor
from tasks_app.api.run_shapes import HistoryQuery, RunPage, RunQuery, run_out
from tasks_app.selectors.run_list import run_search
from tasks_app.selectors.tasks import task_get


class TaskHistory(Endpoint):
    """The runs of one task."""

    @operation("task_history")
    def get(self, call: Call, query: HistoryQuery, task_id: uuid.UUID) -> RunPage:
        """List the runs of a task, the newest first."""
        task = task_get(call.user, task_id)
        rows = run_search(call.user, query.filters(task=task.id)).select_related("task", "owner")
        return RunPage(**by_cursor(call, rows, query, run_out))


class TasksHistory(Endpoint):
    """The runs of all tasks."""

    @operation("tasks_history")
    def get(self, call: Call, query: RunQuery) -> RunPage:
        """List the runs of all tasks that the caller may see, deleted ones included, the newest first."""
        rows = run_search(call.user, query.filters()).filter(task__isnull=False)
        return RunPage(**by_cursor(call, rows.select_related("task", "owner"), query, run_out))
