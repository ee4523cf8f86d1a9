"""Tasks: list, create, read, edit, delete, and by a key of the caller's own."""

import uuid
from functools import partial
from typing import Any

from tasks_app.api.call import Call
from tasks_app.api.endpoint import Created, Endpoint, operation
from tasks_app.api.paging import by_cursor, by_number, link
from tasks_app.api.payloads import check_type, meant_changes
from tasks_app.api.run_shapes import ANSWERED, run_out
from tasks_app.api.task_shapes import (
    Task,
    TaskChanges,
    TaskDetail,
    TaskIn,
    TaskPage,
    TaskQuery,
    fields_of_new,
    given_fields,
    task_fields,
    task_out,
)
from tasks_app.errors import FieldError, Invalid, Stale
from tasks_app.models import ScheduledTask
from tasks_app.selectors.access import Deed
from tasks_app.selectors.run_list import RunFilters, as_listed, run_search
from tasks_app.selectors.task_list import ORDERS, Matching, task_find
from tasks_app.selectors.tasks import task_by_key, task_get
from tasks_app.services.planning import Coming, planned_runs
from tasks_app.services.specs import TaskSpec
from tasks_app.services.tasks import task_create, task_delete, task_update

_SHOWN = 10


class TaskList(Endpoint):
    """All tasks that the caller may see."""

    @operation("task_list")
    def get(self, call: Call, query: TaskQuery) -> TaskPage:
        """List tasks."""
        if query.page is not None and query.cursor is not None:
            raise Invalid.at("cursor", "conflict", "Give either page or cursor.")
        before, down_to = query.before, query.down_to
        found = task_find(call.user, query.filters(), ordering=query.ordering, before=before, down_to=down_to)
        if query.page is not None:
            return _leading_on(call, found, by_number(call, found.rows, query.numbered, partial(task_out, call)))
        order = ORDERS[query.ordering]
        return _leading_on(call, found, by_cursor(call, found.rows, query, partial(task_out, call), order=order))

    @operation("task_create", status=201, idempotent=True)
    def post(self, call: Call, body: TaskIn) -> Task:
        """Create a task. The same `key` again is refused with 409, which names the task that has it."""
        check_type(body.type)
        spec = TaskSpec(**fields_of_new(call, body))
        return task_out(call, task_create(owner=call.user, spec=spec, actor=call.actor))


def _leading_on(call: Call, found: Matching, page: dict[str, Any]) -> TaskPage:
    """After the last page of the tasks that were looked at come those that are older."""
    since = found.since if page["next"] is None else None
    if found.floor is not None and "down_to" not in call.request.query_params:
        for way in ("next", "previous"):
            page[way] = page[way] and f"{page[way]}&down_to={found.floor}"
    page["count_is_exact"] = page["count_is_exact"] and found.floor is None
    if since is not None:
        page["next"] = link(call, before=found.floor, cursor=None, page=None, down_to=None)
    return TaskPage(**page, is_complete=since is None, searched_to=since)


class TaskByKey(Endpoint):
    """One of the caller's own tasks, by its key."""

    @operation("task_put_by_key", if_match=True)
    def put(self, call: Call, body: TaskIn, key: str) -> Task | Created:
        """Create the task with this key, or make the one that has it say this. What is left out takes its default;
        but without `enabled`, a paused task stays paused."""
        check_type(body.type)
        if body.key not in (None, key):
            raise Invalid("The key in the body is not that of the address.", fields={"key": [_OTHER_KEY]})
        given = fields_of_new(call, body) | {"key": key}
        task = task_by_key(call.user, key)
        if task is None:
            return Created(task_out(call, task_create(owner=call.user, spec=TaskSpec(**given), actor=call.actor)))
        changes = {**vars(TaskSpec(**given)), "enabled": given.get("enabled", task.status != "paused")}
        changes = meant_changes(call.user, task, changes)
        done = task_update(task=task, changes=changes, actor=call.actor, expected_version=call.if_match)
        return task_out(call, done)


class TaskObject(Endpoint):
    """One task."""

    @operation("task_get")
    def get(self, call: Call, task_id: uuid.UUID) -> TaskDetail:
        """Give a task, its last 10 runs and its next 10 slots."""
        task = task_get(call.user, task_id)
        runs = as_listed(run_search(call.user, RunFilters(task=task.id)).select_related("owner"), *ANSWERED)[:_SHOWN]
        coming = _coming(task)
        return TaskDetail(
            **task_fields(call, task),
            last_runs=[run_out(run) for run in runs],
            next_slots=[one.at for one in coming],
            instead_of=[one.instead_of for one in coming],
        )

    @operation("task_update", if_match=True)
    def patch(self, call: Call, body: TaskChanges, task_id: uuid.UUID) -> Task:
        """Change what is given. A new schedule counts from now on; it never fires for what lies behind."""
        task = task_get(call.user, task_id, Deed.MANAGE)
        if "type" in body.model_fields_set:
            check_type(body.type)
        changes = meant_changes(call.user, task, given_fields(body))
        done = task_update(task=task, changes=changes, actor=call.actor, expected_version=call.if_match)
        return task_out(call, done)

    @operation("task_delete", status=204, if_match=True)
    def delete(self, call: Call, task_id: uuid.UUID) -> None:
        """Delete a task; its history stays."""
        task = task_get(call.user, task_id, Deed.MANAGE)
        if call.if_match not in (None, task.version):
            raise Stale("The task has changed since you read it; read it again before you delete it.")
        task_delete(task=task, actor=call.actor)


_OTHER_KEY = FieldError("conflict", "The address has another key.")


def _coming(task: ScheduledTask) -> list[Coming]:
    """Give its next slots; of a schedule or calendar that cannot be read any more, the one that the row itself says."""
    try:
        return planned_runs(task, _SHOWN)
    except ValueError:
        return [Coming(task.next_due_at)] if task.next_due_at else []
