"""The side effects of a run, and what a person found out about one of which nobody knew."""

import uuid
from typing import Annotated

from pydantic import Field, WithJsonSchema

from tasks_app.api.call import Call
from tasks_app.api.endpoint import Endpoint, operation
from tasks_app.api.paging import Page, page_by_cursor
from tasks_app.api.parameters import CursorQuery
from tasks_app.api.shape import Instant, Out, Shape
from tasks_app.models import ApiKey
from tasks_app.models import Effect as Row
from tasks_app.selectors.access import Deed
from tasks_app.selectors.effects import ShownEffect, effects_of, shown_effects
from tasks_app.selectors.runs import run_get
from tasks_app.services.settling import effect_settle


class SettleIn(Shape):
    """What was found out at the receiver."""

    happened: bool = Field(description="True: it is not done again. False: the next run of the same work does it.")
    note: str = Field("", max_length=500, description="How it was found out, for the history.")


class Effect(Out):
    """A side effect of a run, or of a run that it repeats."""

    id: int
    key: str
    state: Annotated[str, WithJsonSchema({"type": "string", "enum": list(Row.State.values)})] = Field(
        description="`intent`: a run may be at it, or a retry safely does it again. `unknown`: a person must say."
    )
    idempotent: bool = Field(description="Done a second time it changes nothing.")
    can_settle: bool
    run: str = Field(description="The run that began it last.")
    attempt: int | None = Field(description="The attempt of that run.")
    begun_at: Instant
    settled_at: Instant | None = Field(description="When it was known how it ended.")
    settled_by: str | None = Field(description="Who has said so; null where the run itself did.")
    note: str | None


class EffectPage(Page[Effect]):
    """Side effects, in the order in which they were first begun."""


class EffectList(Endpoint):
    """What a run did."""

    @operation("run_effects")
    def get(self, call: Call, query: CursorQuery, run_id: uuid.UUID) -> EffectPage:
        """List the side effects of a run and of the runs that it repeats: what `ctx.effect` has noted."""
        rows = effects_of(run_get(call.user, run_id))
        return EffectPage(**page_by_cursor(call, rows, query, _all_out, order=("id",)))


class EffectSettle(Endpoint):
    """Say what came of one."""

    @operation("run_effect_settle", scope=ApiKey.Scope.RUN, idempotent=True)
    def post(self, call: Call, body: SettleIn, run_id: uuid.UUID, effect_id: int) -> Effect:
        """Say whether it happened; a retry of the run then goes on from there. 409 when that is known, or while a run
        that may be at it is running."""
        run = run_get(call.user, run_id, Deed.RUN)
        row = effect_settle(run=run, effect_id=effect_id, happened=body.happened, actor=call.actor, note=body.note)
        return _all_out([row])[0]


def _all_out(rows: list[Row]) -> list[Effect]:
    return [_out(shown) for shown in shown_effects(rows)]


def _out(shown: ShownEffect) -> Effect:
    row = shown.effect
    return Effect(
        id=row.id,
        key=row.key,
        state=shown.state,
        idempotent=row.is_idempotent,
        can_settle=shown.can_settle,
        run=str(row.run_id),
        attempt=shown.attempt,
        begun_at=row.begun_at,
        settled_at=row.settled_at,
        settled_by=row.settled_by or None,
        note=row.settle_note or None,
    )
