"""The sources that come with the platform: runs and tasks, each person's own."""

from datetime import timedelta
from typing import Annotated, Any
from uuid import UUID

from django.db.models import Case, F, Q, QuerySet, When
from pydantic import Field

from tasks_app.handlers.payload import Payload
from tasks_app.kinds.report_window import Listed, QueueNames, TypeNames, Window
from tasks_app.kinds.sources import Column, Scope, report_source
from tasks_app.models import ScheduledTask, TaskRun
from tasks_app.selectors.access import visible_runs, visible_tasks
from tasks_app.states import Reason, Status, TaskKind, TaskStatus, Trigger


def _milliseconds(value: timedelta | None) -> int | None:
    return None if value is None else max(0, round(value.total_seconds() * 1000))


class RunFilters(Window):
    """Which runs; a filter that takes a list also takes a single value."""

    status: Annotated[list[Status], Listed] = Field([], description="None chosen means all.")
    type: TypeNames = Field([], title="Task type", description="None chosen means all.")
    queue: QueueNames = Field([], description="None chosen means all.")
    task: UUID | None = Field(None, description="Of one task alone.", json_schema_extra={"x-pick": "tasks"})
    trigger: Annotated[list[Trigger], Listed] = Field([], description="What started the run.")
    reason: Annotated[list[Reason], Listed] = Field(
        [], description="Why a run has its status.", json_schema_extra={"x-labels": {"": "None"}}
    )


class TaskFilters(Payload):
    """Which tasks; a filter that takes a list also takes a single value."""

    status: Annotated[list[TaskStatus], Listed] = Field([], description="None chosen means all.")
    kind: Annotated[list[TaskKind], Listed] = Field(
        [], description="Whether it runs once, again and again, or by hand."
    )
    type: TypeNames = Field([], title="Task type", description="None chosen means all.")
    queue: QueueNames = Field([], description="None chosen means all.")


# As TaskRun.attempt: of a failed run the last attempt, of any other the one that succeeded or comes next.
_ATTEMPT = F("failures") + F("crashes") + Case(When(status=Status.FAILED, then=0), default=1)

RUN_COLUMNS = (
    "id",
    Column("task", "task_id"),
    Column("task_name", "task__name"),
    "type",
    "status",
    "reason",
    "trigger",
    "slot",
    "scheduled_for",
    "queued_at",
    "started_at",
    "finished_at",
    Column("duration_ms", "report_duration", _milliseconds),
    Column("attempt", "report_attempt"),
    "worker",
    "queue",
    "error",
)

TASK_COLUMNS = (
    "id",
    "name",
    "type",
    "status",
    "kind",
    Column("schedule", "schedule_text"),
    "cron_expression",
    "timezone",
    Column("next_run_at", "next_due_at"),
    "last_run_at",
    "last_run_status",
    "queue",
    "priority",
    Column("owner", "owner__username"),
    "created_at",
    "updated_at",
)


@report_source("runs", title="Runs", columns=RUN_COLUMNS, filters=RunFilters)
def runs(scope: Scope, filters: RunFilters) -> QuerySet[TaskRun]:
    """The runs that the owner of the report may see."""
    rows = filters.narrow(visible_runs(scope.user), scope.at)
    rows = rows.filter(_among(filters, "status", "reason", "trigger", "type", "queue"))
    if filters.task is not None:
        rows = rows.filter(task_id=filters.task)
    return rows.annotate(report_duration=F("finished_at") - F("started_at"), report_attempt=_ATTEMPT)


@report_source("tasks", title="Tasks", columns=TASK_COLUMNS, filters=TaskFilters)
def tasks(scope: Scope, filters: TaskFilters) -> QuerySet[ScheduledTask]:
    """The tasks that the owner of the report may see."""
    return visible_tasks(scope.user).filter(_among(filters, "status", "kind", "type", "queue"))


def _among(filters: RunFilters | TaskFilters, *names: str) -> Q:
    """Only declared fields become lookups: what a person typed never names one."""
    wanted: dict[str, Any] = {f"{name}__in": values for name in names if (values := getattr(filters, name))}
    return Q(**wanted)
