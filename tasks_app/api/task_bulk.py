"""One action on many tasks: counted first, then done in steps, and taken back where that is possible."""

import uuid
from typing import Annotated

from pydantic import Field

from tasks_app.api.auth import require_scope
from tasks_app.api.call import Call
from tasks_app.api.endpoint import Endpoint, operation
from tasks_app.api.parameters import Identifier, one_of
from tasks_app.api.shape import Out, Shape
from tasks_app.api.task_shapes import TaskFiltersIn
from tasks_app.errors import Conflict, Invalid
from tasks_app.models import ApiKey
from tasks_app.selectors.bulk import MOST, chosen_ids, ticked
from tasks_app.selectors.task_list import TaskFilters, task_search
from tasks_app.services.bulk import Progress, bulk_begin, bulk_go_on, bulk_progress, bulk_undo
from tasks_app.services.bulk_deeds import ASKABLE, Order, Verb

RUN, MANAGE = ApiKey.Scope.RUN, ApiKey.Scope.MANAGE
_NAMED = 1_000


class BulkIn(Shape):
    """What is to be done, and with which tasks: either `tasks` or `filters`."""

    do: Annotated[str, *one_of(*ASKABLE)]
    tasks: list[Identifier] | None = Field(None, max_length=_NAMED)
    filters: TaskFiltersIn | None = Field(None, description="As of the list of tasks; at least one.")
    note: str = Field("", max_length=500, description="For pause: why.")
    tag: str = Field("", max_length=50, description="For tag and untag: one, without a comma.")


class Kept(Out):
    """A task that stays as it is."""

    name: str
    reason: str


class Bulk(Out):
    """How far it is. Every field but `total` changes while it goes on."""

    id: str
    do: str
    total: int
    done: int
    unchanged: int = Field(description="Tasks that were already as they shall be.")
    kept: int = Field(description="Tasks that were left as they are.")
    kept_first: list[Kept] = Field(description="The first 20 of them, and why.")
    lacking: int = Field(description="Deleted tasks that came back paused: something that they need has gone.")
    lacking_first: list[Kept] = Field(description="The first 20 of them, and what has gone.")
    is_finished: bool
    can_undo: bool
    stopped: str | None = Field(description="Why it has stopped before its time, such as a limit; go on later.")

    def headers(self) -> dict[str, str]:
        """Give its address."""
        return {"Location": f"/api/tasks/bulk/{self.id}"}


class BulkList(Endpoint):
    """Actions on many tasks."""

    @operation("task_bulk_create", status=201, scope=RUN, idempotent=True)
    def post(self, call: Call, body: BulkIn) -> Bulk:
        """Fix and count the tasks that are meant. Nothing is done to them until it is gone on with."""
        order = Order(verb=Verb(body.do), note=body.note, tags=[body.tag] if body.tag else [])
        _require(call, order.verb)
        token = uuid.uuid4()
        bulk_begin(user=call.user, token=token, order=order, ids=_ids(call, body))
        return _out(token, bulk_progress(user=call.user, token=token))


class BulkObject(Endpoint):
    """One of them; the caller's own."""

    @operation("task_bulk_get")
    def get(self, call: Call, bulk_id: uuid.UUID) -> Bulk:
        """Say how far it is. It is kept for a day."""
        return _out(bulk_id, bulk_progress(user=call.user, token=bulk_id))


class BulkGoOn(Endpoint):
    """Go on with it."""

    @operation("task_bulk_go_on", scope=RUN)
    def post(self, call: Call, bulk_id: uuid.UUID) -> Bulk:
        """Do it, step by step, for 10 seconds at most; ask again until `is_finished`. No task has it done twice."""
        _require(call, bulk_progress(user=call.user, token=bulk_id).order.verb)
        return _out(bulk_id, bulk_go_on(user=call.user, token=bulk_id, actor=call.actor))


class BulkUndo(Endpoint):
    """Take it back."""

    @operation("task_bulk_undo", status=201, idempotent=True)
    def post(self, call: Call, bulk_id: uuid.UUID) -> Bulk:
        """Fix the way back for the tasks that were changed, to be gone on with like any other. 409 where there is none.
        Tasks that have been changed since stay as they are. Of a way back that has kept some: the same for those.
        """
        undo = bulk_undo(user=call.user, token=bulk_id)
        return _out(undo, bulk_progress(user=call.user, token=undo))


def _ids(call: Call, body: BulkIn) -> list[uuid.UUID]:
    if (body.tasks is None) == (body.filters is None):
        raise Invalid.at("tasks", "conflict", "Give either tasks or filters.")
    if body.filters is None:
        return chosen_ids(ticked(call.user, body.tasks or []))
    filters = body.filters.filters()
    if filters == TaskFilters():
        raise Invalid.at("filters", "required", "Name at least one thing that the tasks have in common.")
    ids = chosen_ids(task_search(call.user, filters))
    if len(ids) > MOST:
        raise Conflict(f"More than {MOST:,} tasks match, which is more than one action takes. Narrow it.", code="limit")
    return ids


def _require(call: Call, verb: Verb) -> None:
    """A key needs the scope that it needs for one task."""
    require_scope(call.key, RUN if verb is Verb.RUN else MANAGE)


def _out(token: uuid.UUID, progress: Progress) -> Bulk:
    return Bulk(
        id=str(token),
        do=progress.order.verb,
        total=progress.total,
        done=progress.done_count,
        unchanged=progress.same_count,
        kept=progress.kept_count,
        kept_first=[Kept(name=name, reason=reason) for name, reason, *_ in progress.kept],
        lacking=progress.lacking_count,
        lacking_first=[Kept(name=name, reason=reason) for name, reason, *_ in progress.lacking],
        is_finished=progress.is_finished,
        can_undo=progress.can_undo,
        stopped=progress.stopped or None,
    )
