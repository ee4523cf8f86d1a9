"""The span of time that a report looks at."""

from datetime import datetime, timedelta
from typing import Annotated, Any, ClassVar

from django.db.models import QuerySet
from pydantic import AwareDatetime, BeforeValidator, ConfigDict, Field

from tasks_app.errors import Invalid
from tasks_app.handlers.payload import Payload
from tasks_app.models import TaskRun
from tasks_app.models.ids import first_id_at


def _one_or_many(value: object) -> object:
    return [value] if isinstance(value, str) else value


Listed = BeforeValidator(_one_or_many)
"""Lets a filter that takes a list also take a single value."""
TypeNames = Annotated[list[Annotated[str, Field(json_schema_extra={"x-choices": "task-types"})]], Listed]
QueueNames = Annotated[list[Annotated[str, Field(json_schema_extra={"x-choices": "queues"})]], Listed]


def _name_ways(schema: dict[str, Any], model: type["Window"]) -> None:
    """Let forms ask for one way to say when."""
    usual = f"The last {model.default_hours // 24} days" if model.default_hours else "At any time"
    ways = [
        {"label": usual, "fields": []},
        {"label": "In the last hours", "fields": ["last_hours"], "needs": ["last_hours"]},
        {"label": "Between two moments", "fields": ["from", "to"]},
    ]
    schema["x-ways"] = [{"label": "When the runs were created", "ways": ways}]


class Window(Payload):
    """Filters that say when; runs are placed by the moment when they were created."""

    model_config = ConfigDict(json_schema_extra=_name_ways)

    default_hours: ClassVar[int | None] = None
    """The window where nobody gives one; None is everything that is kept."""

    from_: AwareDatetime | None = Field(None, alias="from", description="Runs created at or after this.")
    to: AwareDatetime | None = Field(None, description="Runs created before this.")
    last_hours: int | None = Field(
        None,
        ge=1,
        le=24 * 366,
        title="How many hours",
        description="Runs of the hours before the report's own planned instant.",
    )

    def check(self) -> None:
        """Refuse two ways of saying the same window, and an empty one."""
        if self.last_hours is not None and (self.from_ or self.to):
            raise Invalid.at("last_hours", "contradiction", "Give either last_hours or from and to.")
        if self.from_ and self.to and self.to <= self.from_:
            raise Invalid.at("to", "before_start", "Must be later than from.")

    def span(self, at: datetime) -> tuple[datetime | None, datetime | None]:
        """Give the first instant and the end of the window, for a report of the instant `at`."""
        if self.from_ or self.to:
            return self.from_, self.to
        hours = self.last_hours or self.default_hours
        return (at - timedelta(hours=hours), at) if hours else (None, None)

    def narrow(self, runs: QuerySet[TaskRun], at: datetime) -> QuerySet[TaskRun]:
        """Keep the runs of the window."""
        start, end = self.span(at)
        runs = runs.filter(id__gte=first_id_at(start)) if start else runs
        return runs.filter(id__lt=first_id_at(end)) if end else runs
