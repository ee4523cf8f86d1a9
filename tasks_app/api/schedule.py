"""Seeing what a schedule means before anything is stored."""

import dataclasses
from typing import Any

from pydantic import Field

from tasks_app.api.call import Call
from tasks_app.api.endpoint import Endpoint, operation
from tasks_app.api.instants import written_instant
from tasks_app.api.shape import Instant, Out
from tasks_app.api.task_shapes import ScheduleIn, fields_of_new
from tasks_app.models import ApiKey
from tasks_app.services.schedules import schedule_preview
from tasks_app.services.specs import TaskSpec


class PreviewIn(ScheduleIn):
    """The schedule fields of a task, and which instants to show."""

    count: int = Field(10, description="1 to 100.")
    after: str | None = Field(None, description="Show instants after this one; now, if left out.")


class Preview(Out):
    """What a schedule means."""

    cron: str | None = Field(description="The cron expression that says the same; null where none does.")
    description: str
    schedule: dict[str, Any] | None = Field(description="Normalised, as a task would keep it.")
    next: list[Instant]
    warnings: list[str]


class SchedulePreview(Endpoint):
    """A schedule, explained."""

    @operation("schedule_preview", scope=ApiKey.Scope.READ)
    def post(self, call: Call, body: PreviewIn) -> Preview:
        """Explain schedule fields: a sentence, the next instants, and what to know about them. Nothing is stored."""
        given = fields_of_new(call, body)
        count, after = given.pop("count", 10), given.pop("after", None)
        moment = written_instant(after, given["timezone"], "after") if after is not None else None
        preview = schedule_preview(spec=TaskSpec(name="", type="", **given), owner=call.user, count=count, after=moment)
        return Preview(**dataclasses.asdict(preview))
