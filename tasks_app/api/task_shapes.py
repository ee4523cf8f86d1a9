"""Tasks, as they come in and go out."""

from typing import Annotated, Any

from django.conf import settings
from pydantic import ConfigDict, Field, WithJsonSchema

from tasks_app.api.call import Call
from tasks_app.api.paging import Page
from tasks_app.api.parameters import CursorQuery, Identifier, Moment, PageQuery, Word, one_of, whole
from tasks_app.api.payloads import shown_payload
from tasks_app.api.run_shapes import Run
from tasks_app.api.shape import Instant, Out, Shape
from tasks_app.models import ScheduledTask
from tasks_app.recurrence.cutting import whole_sentence
from tasks_app.selectors.people import zone_of_person
from tasks_app.selectors.task_list import ORDERS, TaskFilters
from tasks_app.states import Status, TaskKind, TaskStatus

_RETRY = {
    "type": ["object", "null"],
    "description": "Either delays, or base_seconds, factor and cap_seconds.",
    "properties": {
        "delays": {"type": "array", "items": {"type": "number"}},
        "base_seconds": {"type": "number"},
        "factor": {"type": "number"},
        "cap_seconds": {"type": "number"},
    },
}
_MISFIRE = {
    "type": ["object", "null"],
    "properties": {
        "policy": {"type": "string", "enum": ["skip", "latest", "all"]},
        "grace_seconds": {"type": "integer"},
        "window_seconds": {"type": ["integer", "null"]},
        "max": {"type": "integer"},
    },
}
_OBJECT = dict[str, Any] | None
_INSTANT = "RFC 3339; without an offset it is wall time in the task's time zone."


class ScheduleIn(Shape):
    """When: at most one of `run_at`, `cron` and `schedule`; none means that only people start it."""

    run_at: str | None = Field(None, description=_INSTANT)
    cron: str | None = None
    schedule: dict[str, Any] | None = Field(None, description='An object with a "kind"; see the guide to schedules.')
    timezone: str = Field(
        default_factory=str, description="An IANA name, such as Europe/Berlin. If left out: your own."
    )
    starts_at: str | None = Field(None, description=_INSTANT)
    ends_at: str | None = Field(None, description=_INSTANT)
    max_runs: int | None = None
    calendar: str | None = Field(None, description="The id or the name of a calendar, whose days off it keeps.")
    calendar_policy: str = Field("skip", description="What happens on a day off: skip, previous or next working day.")
    jitter_seconds: int = Field(0, description="Each slot starts up to so many seconds later, by chance.")
    spread_seconds: int = Field(0, description="All slots start later by the same time, up to so many seconds.")


_EXAMPLE: dict[str, Any] = {
    "name": "Runs of the day",
    "type": "export_report",
    "payload": {"source": "runs"},
    "schedule": {"kind": "weekly", "days": ["mon", "wed"], "time": "07:00"},
    "timezone": "Europe/Berlin",
}


class TaskIn(ScheduleIn):
    """A task to be made."""

    model_config = ConfigDict(json_schema_extra={"examples": [_EXAMPLE]})

    name: str
    type: str
    payload: dict[str, Any] = Field(default_factory=dict)
    key: str | None = Field(None, description="A name of your own for it, unique among your tasks.")
    queue: str | None = Field(None, description="Null: the queue of its type.")
    priority: int = Field(5, description="0 to 9; 9 first.")
    max_retries: int | None = Field(None, description="Null: as its type says.")
    retry: Annotated[_OBJECT, WithJsonSchema(_RETRY)] = None
    soft_timeout_seconds: int | None = None
    timeout_seconds: int | None = Field(None, description="Null: as its type says; 0: no limit.")
    overlap: str = Field("skip", description="skip, queue_one, queue_all, cancel_running or allow.")
    misfire: Annotated[_OBJECT, WithJsonSchema(_MISFIRE)] = None
    on_exhausted: str = Field("keep", description="keep, dismiss or pause_task.")
    pause_after_failures: int | None = None
    tags: list[str] = Field(default_factory=list, description="At most 20, each up to 50 characters, without commas.")
    description: str = ""
    enabled: bool = True
    notify_on_failure: bool = True


def _without_defaults(schema: dict[str, Any]) -> None:
    schema["examples"] = [{"priority": 7}]
    for field in schema.get("properties", {}).values():
        field.pop("default", None)


class TaskChanges(TaskIn):
    """What to change of a task; what is left out stays."""

    model_config = ConfigDict(json_schema_extra=_without_defaults)

    name: str = ""
    type: str = ""


class RunNowIn(Shape):
    """How to run it now."""

    payload: dict[str, Any] | None = Field(None, description="In place of the task's payload, for this run.")
    scheduled_for: str | None = Field(None, description=f"The instant that the run is about. {_INSTANT}")


class TaskFiltersIn(Shape):
    """What tasks are narrowed to."""

    status: Annotated[str, *one_of(*TaskStatus)] = ""
    kind: Annotated[str, *one_of(*TaskKind)] = ""
    type: Word = ""
    queue: Word = ""
    tag: Word = ""
    owner: Word = Field("", description="A user name.")
    search: Word = ""
    shared: Annotated[str, *one_of("me")] = Field("", description="me: what others share with the caller.")
    last_run_status: Annotated[str, *one_of(*Status)] = ""
    calendar: Identifier | None = Field(None, description="The id of the calendar that they keep.")
    next_run_before: Moment | None = None
    next_run_after: Moment | None = None

    def filters(self) -> TaskFilters:
        """Give the same for the selector."""
        names = [name for name in TaskFilters.__dataclass_fields__ if name in type(self).model_fields]
        return TaskFilters(**{name: getattr(self, name) for name in names})


class TaskQuery(TaskFiltersIn, CursorQuery):
    """What the list of tasks is narrowed to, and its order. `page` reaches 10,000 rows deep, `cursor` everywhere."""

    ordering: Annotated[str, *one_of(*ORDERS)] = "-created_at"
    page: Annotated[int, *whole(1, 1_000_000)] | None = None
    before: Identifier | None = Field(None, description="Of tasks made before this one: where `next` leads on so.")
    down_to: Identifier | None = Field(None, description="Of tasks made from this one on: so `next` keeps to its list.")

    @property
    def numbered(self) -> PageQuery:
        """The page, for reading by number."""
        return PageQuery(page=self.page or 1, page_size=self.page_size)


class Task(Out):
    """A task."""

    id: str
    key: str | None
    name: str
    description: str
    tags: list[str]
    type: str
    payload: Any = Field(description="Null where it is hidden: a sensitive type shows it to its owner alone.")
    payload_hidden: bool
    owner: str
    status: Annotated[str, WithJsonSchema({"type": "string", "enum": [status.value for status in TaskStatus]})]
    enabled: bool
    pause_note: str | None
    paused_at: Instant | None
    kind: Annotated[str, WithJsonSchema({"type": "string", "enum": [kind.value for kind in TaskKind]})]
    run_at: str | None
    cron: str | None
    schedule: dict[str, Any] | None = Field(description="Normalised: whichever way it was given.")
    cron_expression: str | None = Field(description="The cron expression that says the same; null where none does.")
    schedule_text: str
    timezone: str
    starts_at: Instant | None
    ends_at: Instant | None
    max_runs: int | None
    calendar: str | None
    calendar_policy: str
    jitter_seconds: int
    spread_seconds: int
    next_run_at: Instant | None
    last_run_at: Instant | None
    last_run_status: str | None
    last_run: str | None
    queue: str
    priority: int
    max_retries: int | None
    retry: Annotated[_OBJECT, WithJsonSchema(_RETRY)]
    soft_timeout_seconds: int | None
    timeout_seconds: int | None
    overlap: str
    misfire: Annotated[_OBJECT, WithJsonSchema(_MISFIRE)]
    on_exhausted: str
    pause_after_failures: int | None
    notify_on_failure: bool
    version: int
    created_at: Instant
    updated_at: Instant

    def headers(self) -> dict[str, str]:
        """Give its address, and its version for If-Match."""
        return {"Location": f"/api/tasks/{self.id}", "ETag": f'"{self.version}"'}


class TaskDetail(Task):
    """A task with what it did last and does next."""

    last_runs: list[Run]
    next_slots: list[Instant]
    instead_of: list[Instant | None] = Field(
        description="For each of `next_slots` the slot that it stands for, where the calendar has moved that."
    )


class TaskPage(Page[Task]):
    """Tasks.

    Where no index leads to what was asked for, the newest 20,000 tasks are looked at for one list and no more.
    """

    is_complete: bool = Field(
        description="False: the list ends here because the search has stopped short, and `next` leads to older tasks."
    )
    searched_to: Instant | None = Field(description="Then: when the oldest task was made that was looked at.")


def given_fields(body: Shape) -> dict[str, Any]:
    """Give the fields that were given; instants stay as they are written, for the service to read."""
    return {name: getattr(body, name) for name in body.model_fields_set}


def zone_for(call: Call) -> str:
    """Give the time zone of the caller's new schedules: the one they have chosen, else the platform's."""
    return zone_of_person(call.user) or settings.TIME_ZONE


def fields_of_new(call: Call, body: ScheduleIn) -> dict[str, Any]:
    """Give the fields of something new: in the caller's time zone, unless it says another."""
    return {"timezone": zone_for(call), **given_fields(body)}


def task_fields(call: Call, task: ScheduledTask) -> dict[str, Any]:
    """Give what a task says. Its owner must have been fetched with it."""
    same = (
        "name", "description", "tags", "type", "status", "paused_at", "kind", "schedule", "cron_expression", "key",
        "timezone", "starts_at", "ends_at", "max_runs", "calendar_policy", "jitter_seconds",
        "spread_seconds", "last_run_at", "queue", "priority", "max_retries", "retry", "soft_timeout_seconds",
        "timeout_seconds", "overlap", "on_exhausted", "pause_after_failures", "notify_on_failure", "version",
        "created_at", "updated_at",
    )  # fmt: skip
    schedule = task.schedule or {}
    return {
        **{name: getattr(task, name) for name in same},
        **shown_payload(call.user, task),
        "id": str(task.id),
        "schedule_text": whole_sentence(task.schedule_text, task.schedule, task.timezone),
        "owner": task.owner.get_username(),
        "calendar": str(task.calendar_id) if task.calendar_id else None,
        "enabled": task.status != TaskStatus.PAUSED,
        "pause_note": task.pause_note or None,
        "run_at": schedule.get("run_at") if schedule.get("kind") == "once" else None,
        "cron": schedule.get("expression") if schedule.get("kind") == "cron" else None,
        "next_run_at": task.next_due_at,
        "last_run_status": task.last_run_status or None,
        "last_run": str(task.last_run_id) if task.last_run_id else None,
        "misfire": task.misfire_policy,
    }


def task_out(call: Call, task: ScheduledTask) -> Task:
    """Give a task for a list."""
    return Task(**task_fields(call, task))
