"""Pages of runs."""

import uuid
from dataclasses import replace

from tasks_app.api.call import Call
from tasks_app.api.parameters import CursorQuery
from tasks_app.api.run_shapes import ANSWERED, RunPage, run_out
from tasks_app.api.walked_pages import walked_by_cursor
from tasks_app.models import TaskRun
from tasks_app.selectors.run_list import RunFilters, as_listed
from tasks_app.selectors.run_walk import run_find
from tasks_app.selectors.walk import Found


def runs_by_cursor(call: Call, filters: RunFilters, query: CursorQuery) -> RunPage:
    """Read one page."""

    def find(*, before: uuid.UUID | None = None, after: uuid.UUID | None = None) -> Found[TaskRun]:
        found = run_find(call.user, filters, before=before, after=after)
        return replace(found, rows=as_listed(found.rows.select_related("owner"), *ANSWERED))

    return RunPage(**walked_by_cursor(call, query, find, run_out))
