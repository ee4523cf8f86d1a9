"""Batches and backfills, as they come in and go out."""

from typing import Annotated, ClassVar

from pydantic import ConfigDict, Field, WithJsonSchema

from tasks_app.api.instants import written_instant
from tasks_app.api.paging import Page
from tasks_app.api.parameters import CursorQuery, Identifier
from tasks_app.api.shape import Instant, Out, Shape
from tasks_app.errors import FieldError, Invalid
from tasks_app.models import Batch as BatchRow
from tasks_app.models import ScheduledTask
from tasks_app.selectors.batches import Tally, batch_status, tallies
from tasks_app.services.backfill_slots import Plan, Slot
from tasks_app.services.backfills import BackfillSpec

_INSTANT = "RFC 3339; without an offset it is wall time in the task's time zone."
_SHOWN = 100


class BackfillIn(Shape):
    """Which slots to run, and how."""

    model_config = ConfigDict(
        json_schema_extra={"examples": [{"from": "2025-11-01T00:00:00", "to": "2025-11-14T23:59:59", "dry_run": True}]}
    )

    from_: str = Field(alias="from", description=f"The first instant of the range. {_INSTANT}")
    to: str = Field(description=f"The last instant of the range, included; not in the future. {_INSTANT}")
    reprocess: str = Field(
        "none", description="none: slots that have not run. failed: also those that failed. all: every slot, anew."
    )
    overlap: str | None = Field(
        None,
        description="queue_all: never beside another run of the task. allow: side by side. Null: as the task.",
    )
    max_concurrency: int = Field(1, description="How many of its runs are under way at a time: 1 to 100.")
    dry_run: bool = Field(False, description="Only say what would run; nothing is stored.")

    def spec(self, task: ScheduledTask) -> BackfillSpec:
        """Give the same for the service; raises Invalid with what is wrong with the instants."""
        faults: dict[str, list[FieldError]] = {}
        instants = {}
        for name, text in (("from", self.from_), ("to", self.to)):
            try:
                instants[name] = written_instant(text, task.timezone, name)
            except Invalid as error:
                faults |= error.fields
        if faults:
            raise Invalid("The request was not accepted; see the fields.", fields=faults)
        return BackfillSpec(
            start=instants["from"],
            end=instants["to"],
            reprocess=self.reprocess,
            overlap=self.overlap,
            max_concurrency=self.max_concurrency,
        )


class BackfillSlot(Out):
    """One instant that would run."""

    at: Instant
    has: str = Field(description="missing, or the status of the run that it has.")
    run: str | None = Field(description="The newest run of this instant.")


class BackfillPlan(Out):
    """What a backfill would do."""

    http_status: ClassVar[int | None] = 200

    count: int = Field(description="How many runs would be made.")
    first: Instant | None
    last: Instant | None
    slots: int = Field(description="How many slots the range has.")
    has: dict[str, int] = Field(
        description="How many of them are missing, planned (still to be fired by the schedule), or have which status."
    )
    instants: list[BackfillSlot] = Field(description=f"Those that would run, {_SHOWN} at most.")


class BatchProgress(Out):
    """How far it is."""

    done: int
    total: int


class Batch(Out):
    """Many runs that one wish has made."""

    id: str
    kind: str
    task: str | None
    task_name: str | None
    owner: str | None
    actor: str
    status: Annotated[str, WithJsonSchema({"type": "string", "enum": ["running", "completed", "cancelled"]})]
    parameters: dict[str, str]
    max_concurrency: int
    total: int = Field(description="How many runs it has made, those that were run again counted once.")
    counts: dict[str, int] = Field(description="Its runs by status; what was run again within it is left out.")
    progress: BatchProgress
    created_at: Instant
    cancelled_at: Instant | None
    finished_at: Instant | None = Field(description="When the last of its runs had ended.")
    version: int

    def headers(self) -> dict[str, str]:
        """Give its address."""
        return {"Location": f"/api/batches/{self.id}"}


class BatchPage(Page[Batch]):
    """Batches, the newest first."""


class BatchQuery(CursorQuery):
    """What the list of batches is narrowed to."""

    task: Identifier | None = None


def plan_out(plan: Plan) -> BackfillPlan:
    """Give what a backfill would do."""
    chosen = plan.chosen
    return BackfillPlan(
        count=len(chosen),
        first=chosen[0].at if chosen else None,
        last=chosen[-1].at if chosen else None,
        slots=len(plan.slots),
        has=plan.counts,
        instants=[_slot(slot) for slot in chosen[:_SHOWN]],
    )


def batch_out(batch: BatchRow) -> Batch:
    """Give one batch. Its task and owner must have been fetched with it."""
    return batches_out([batch])[0]


def batches_out(batches: list[BatchRow]) -> list[Batch]:
    """Give batches for a list."""
    found = tallies(batches)
    return [_batch(batch, found[batch.id]) for batch in batches]


def _batch(batch: BatchRow, tally: Tally) -> Batch:
    same = ("kind", "actor", "parameters", "max_concurrency", "total", "created_at", "cancelled_at", "finished_at")
    return Batch(
        **{name: getattr(batch, name) for name in same},
        id=str(batch.id),
        task=str(batch.task_id) if batch.task_id else None,
        task_name=batch.task.name if batch.task else None,
        owner=batch.owner.get_username() if batch.owner else None,
        status=batch_status(batch),
        counts=tally.counts,
        progress=BatchProgress(done=tally.done, total=tally.total),
        version=batch.version,
    )


def _slot(slot: Slot) -> BackfillSlot:
    return BackfillSlot(at=slot.at, has=slot.has, run=str(slot.run_id) if slot.run_id else None)
