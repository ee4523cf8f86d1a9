"""Seeing what a schedule means before anything is stored."""

import uuid
from datetime import datetime
from typing import Any

from pydantic import Field

from tasks_app.api.call import Call
from tasks_app.api.endpoint import Endpoint, operation
from tasks_app.api.instants import written_instant
from tasks_app.api.shape import Instant, Out
from tasks_app.api.task_shapes import ScheduleIn, fields_of_new
from tasks_app.errors import Invalid, NotFound
from tasks_app.models import ApiKey, ScheduledTask
from tasks_app.recurrence.zones import load_zone
from tasks_app.selectors.tasks import task_get
from tasks_app.services.schedules import SchedulePreview as Seen
from tasks_app.services.schedules import schedule_preview
from tasks_app.services.specs import TaskSpec


class PreviewIn(ScheduleIn):
    """The schedule fields of a task, and which instants to show."""

    count: int = Field(10, description="1 to 100.")
    after: str | None = Field(None, description="Show instants after this one; now, if left out.")
    task: str | None = Field(
        None, description="The id of a task: its own place within the spread counts, and the runs that it has had."
    )


class PreviewNote(Out):
    """Something to know about a run, or about all."""

    at: Instant | None = Field(description="The run that it concerns, or the change of the clocks; null: all runs.")
    code: str = Field(description="gap, overlap, twice, left_out, shifted (changes of the clocks), or spread.")
    message: str


class Preview(Out):
    """What a schedule means."""

    cron: str | None = Field(description="The cron expression that says the same; null where none does.")
    description: str
    schedule: dict[str, Any] | None = Field(description="Normalised, as a task would keep it.")
    timezone: str
    next: list[Instant]
    local: list[str] = Field(description="The same instants in the task's time zone, with its offsets.")
    instead_of: list[Instant | None] = Field(
        description="For each instant of `next` the slot that it stands for, where the calendar has moved that."
    )
    notes: list[PreviewNote] = Field(description="What changes of the clocks do to runs of the coming year.")
    runs_per_day: float | None = Field(description="On average over the years; null for what does not recur.")
    warnings: list[str] = Field(description="What a person should see before saving; the notes on `next` among it.")


class SchedulePreview(Endpoint):
    """A schedule, explained."""

    @operation("schedule_preview", scope=ApiKey.Scope.READ)
    def post(self, call: Call, body: PreviewIn) -> Preview:
        """Explain schedule fields: a sentence, the next instants, and what to know about them. Nothing is stored."""
        given = fields_of_new(call, body)
        count, after = given.pop("count", 10), given.pop("after", None)
        task = _task(call, given.pop("task", None))
        moment = written_instant(after, given["timezone"], "after") if after is not None else None
        spec = TaskSpec(name="", type="", **given)
        return _preview(
            schedule_preview(spec=spec, owner=task.owner if task else call.user, count=count, after=moment, task=task)
        )


def _task(call: Call, written: str | None) -> ScheduledTask | None:
    if written is None:
        return None
    try:
        return task_get(call.user, uuid.UUID(written))
    except (ValueError, NotFound):
        raise Invalid.at("task", "unknown", "There is no such task.") from None


def _preview(seen: Seen) -> Preview:
    zone = load_zone(seen.timezone)
    last = seen.next[-1] if seen.next else None
    told = [
        _dated(note.at.astimezone(zone), note.message) for note in seen.notes if note.at and last and note.at <= last
    ]
    same = ("cron", "description", "schedule", "timezone", "next")
    return Preview(
        local=[instant.astimezone(zone).isoformat() for instant in seen.next],
        instead_of=[one.instead_of for one in seen.coming],
        notes=[PreviewNote(at=note.at, code=note.code, message=note.message) for note in seen.notes],
        warnings=seen.warnings + told,
        runs_per_day=None if seen.runs_per_day is None else round(seen.runs_per_day, 6),
        **{name: getattr(seen, name) for name in same},
    )


def _dated(local: datetime, message: str) -> str:
    return f"{local.day} {local:%B %Y}: {message}"
