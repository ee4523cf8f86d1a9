"""Runs: start one without a task, list, read, and their logs."""

import uuid

from tasks_app.api.call import Call
from tasks_app.api.endpoint import Endpoint, operation
from tasks_app.api.instants import written_instant
from tasks_app.api.payloads import check_type, checked_tags
from tasks_app.api.run_pages import runs_by_cursor
from tasks_app.api.run_shapes import (
    LogPage,
    LogQuery,
    Run,
    RunDetail,
    RunIn,
    RunPage,
    RunQuery,
    log_page,
    run_detail,
    run_out,
)
from tasks_app.models import ApiKey
from tasks_app.selectors.runs import run_get
from tasks_app.services.runs import run_enqueue


class RunList(Endpoint):
    """All runs that the caller may see."""

    @operation("run_list")
    def get(self, call: Call, query: RunQuery) -> RunPage:
        """List runs, the newest first."""
        return runs_by_cursor(call, query.filters(), query)

    @operation("run_create", status=202, scope=ApiKey.Scope.RUN, idempotent=True)
    def post(self, call: Call, body: RunIn) -> Run:
        """Start a run without a task: at once, or later."""
        check_type(body.type)
        fields = {name: getattr(body, name) for name in body.model_fields_set}
        if body.run_at is not None:
            fields["run_at"] = written_instant(body.run_at, "UTC", "run_at")
        fields["tags"] = checked_tags(body.tags)
        run = run_enqueue(owner=call.user, actor=call.actor, **{"payload": {}, **fields})
        run.owner = call.user
        return run_out(run)


class RunObject(Endpoint):
    """One run."""

    @operation("run_get")
    def get(self, call: Call, run_id: uuid.UUID) -> RunDetail:
        """Give a run with its events, failed attempts, progress and result."""
        return run_detail(call, run_get(call.user, run_id))


class RunLogs(Endpoint):
    """The log of a run."""

    @operation("run_logs")
    def get(self, call: Call, query: LogQuery, run_id: uuid.UUID) -> LogPage:
        """Give log lines behind line `after`; ask again with `after` = `last` for more."""
        return log_page(call, run_get(call.user, run_id), query)
