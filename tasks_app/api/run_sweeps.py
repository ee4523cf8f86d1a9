"""One deed on all runs that match: counted first, then done in steps."""

import uuid
from typing import Annotated

from pydantic import Field

from tasks_app.api.auth import require_scope
from tasks_app.api.call import Call
from tasks_app.api.endpoint import Endpoint, operation
from tasks_app.api.parameters import one_of
from tasks_app.api.run_shapes import RunFiltersIn
from tasks_app.api.shape import Instant, Out, Shape
from tasks_app.errors import Invalid
from tasks_app.models import ApiKey
from tasks_app.models.ids import made_at
from tasks_app.services.sweep_state import CAP, Progress, Verb
from tasks_app.services.sweeps import ASKABLE, sweep_begin, sweep_go_on, sweep_plan, sweep_progress, sweep_undo

RUN, MANAGE = ApiKey.Scope.RUN, ApiKey.Scope.MANAGE


class SweepIn(Shape):
    """What is to be done, and with which runs."""

    do: Annotated[str, *one_of(*ASKABLE)]
    filters: RunFiltersIn = Field(description="As of the list of runs; at least one.")
    note: str = Field("", max_length=500, description="For dismiss: why.")


class Sweep(Out):
    """How far it is. Every field but `total` grows while it goes on."""

    id: str
    do: str
    note: str | None
    total: int = Field(description=f"How many runs were in a state for it when it was asked; counted to {CAP} at most.")
    total_is_exact: bool
    searched_to: Instant | None = Field(description="Only runs made since then were looked at; null: all were.")
    done: int
    left: dict[str, int] = Field(description="How many were left alone, by the reason.")
    is_finished: bool
    can_undo: bool = Field(description=f"All that was dismissed, {CAP} at most, can be put back at once.")
    stopped: str | None = Field(description="Why it has stopped before its time, such as a limit; go on later.")

    def headers(self) -> dict[str, str]:
        """Give its address."""
        return {"Location": f"/api/runs/sweeps/{self.id}"}


class SweepList(Endpoint):
    """Deeds on many runs."""

    @operation("run_sweep_create", status=201, scope=RUN, idempotent=True)
    def post(self, call: Call, body: SweepIn) -> Sweep:
        """Fix and count the runs that match. Nothing is done to them until it is gone on with."""
        verb = Verb(body.do)
        _require(call, verb)
        filters = body.filters.filters()
        if not filters.asked:
            raise Invalid.at("filters", "required", "Name at least one thing that the runs have in common.")
        token = uuid.uuid4()
        plan, _ = sweep_plan(user=call.user, verb=verb, filters=filters)
        return _out(token, sweep_begin(user=call.user, token=token, plan=plan, note=body.note))


class SweepObject(Endpoint):
    """One of them; the caller's own."""

    @operation("run_sweep_get")
    def get(self, call: Call, sweep_id: uuid.UUID) -> Sweep:
        """Say how far it is. It is kept for a day."""
        return _out(sweep_id, sweep_progress(user=call.user, token=sweep_id))


class SweepGoOn(Endpoint):
    """Go on with it."""

    @operation("run_sweep_go_on", scope=RUN)
    def post(self, call: Call, sweep_id: uuid.UUID) -> Sweep:
        """Do it, step by step, for 10 seconds at most; ask again until `is_finished`. No run has it done twice."""
        _require(call, sweep_progress(user=call.user, token=sweep_id).plan.verb)
        return _out(sweep_id, sweep_go_on(user=call.user, token=sweep_id, actor=call.actor))


class SweepUndo(Endpoint):
    """Take it back."""

    @operation("run_sweep_undo", status=201, scope=MANAGE, idempotent=True)
    def post(self, call: Call, sweep_id: uuid.UUID) -> Sweep:
        """Fix the way back for the runs that were dismissed, to be gone on with like any other. 409 where there is
        none. Runs that have been changed or run again since stay as they are."""
        undo = sweep_undo(user=call.user, token=sweep_id)
        return _out(undo, sweep_progress(user=call.user, token=undo))


def _require(call: Call, verb: Verb) -> None:
    """A key needs the scope that it needs for one run."""
    require_scope(call.key, MANAGE if verb in (Verb.DISMISS, Verb.UNDISMISS) else RUN)


def _out(token: uuid.UUID, progress: Progress) -> Sweep:
    plan = progress.plan
    return Sweep(
        id=str(token),
        do=plan.verb,
        note=progress.note or None,
        total=min(plan.total, CAP),
        total_is_exact=not plan.is_capped,
        searched_to=made_at(plan.floor) if plan.floor else None,
        done=progress.done,
        left=progress.left,
        is_finished=progress.is_finished,
        can_undo=progress.can_undo,
        stopped=progress.stopped or None,
    )
