"""Runs, as they come in and go out."""

from typing import Annotated, Any

from pydantic import ConfigDict, Field, WithJsonSchema

from tasks_app.api.call import Call
from tasks_app.api.paging import Page, link
from tasks_app.api.parameters import CursorQuery, Flag, Identifier, Moment, Word, one_of, whole
from tasks_app.api.payloads import shown_payload
from tasks_app.api.shape import Instant, Out, Shape
from tasks_app.api.walked_pages import WalkedPage
from tasks_app.models import RunAttempt, RunEvent, TaskRun
from tasks_app.selectors.run_list import RunFilters, run_story
from tasks_app.selectors.run_terms import NO_ERROR_TYPE
from tasks_app.selectors.run_times import total_ms
from tasks_app.selectors.runs import run_logs
from tasks_app.states import Reason, Status, Trigger

ANSWERED = (
    *("result", "tags", "owner__username", "slot", "due_at", "queued_at", "queue", "priority", "max_retries"),
    *("error_type", "parent", "rerun_of", "batch"),
)
"""What a run says in a list of the API and not in one of the pages."""
_PROGRESS = {
    "anyOf": [
        {
            "type": "object",
            "properties": {
                "done": {"type": "number"},
                "total": {"type": ["number", "null"]},
                "message": {"type": "string"},
            },
        },
        {"type": "null"},
    ]
}
_StatusWord = Annotated[str, *one_of(*Status)]
_ReasonWord = Annotated[str, *one_of(*(reason.value for reason in Reason if reason))]
_TriggerWord = Annotated[str, *one_of(*Trigger)]


class RunIn(Shape):
    """A run without a task: at once, after `delay_seconds`, or at `run_at` (without an offset: UTC)."""

    model_config = ConfigDict(
        json_schema_extra={"examples": [{"type": "export_report", "payload": {"source": "runs"}, "delay_seconds": 60}]}
    )

    type: str
    payload: dict[str, Any] = Field(default_factory=dict)
    delay_seconds: float | None = None
    run_at: str | None = None
    queue: str | None = None
    priority: int = Field(5, description="0 to 9; 9 first.")
    max_retries: int | None = None
    timeout_seconds: int | None = None
    tags: list[str] = Field(default_factory=list, description="At most 20, each up to 50 characters.")


class RetryIn(Shape):
    """How to run it again."""

    payload: dict[str, Any] | None = Field(None, description="In place of the earlier run's payload.")


class NoteIn(Shape):
    """A word about why."""

    note: str = Field("", max_length=500)


class HistoryFilters(Shape):
    """What runs are narrowed to; `from` and `to` are about when the run was made."""

    status: _StatusWord = ""
    reason: _ReasonWord = ""
    type: Word = ""
    error_type: Word = Field("", description=f"The class of the error; {NO_ERROR_TYPE} for runs that have none.")
    queue: Word = ""
    worker: Word = ""
    tag: Word = ""
    trigger: _TriggerWord = ""
    search: Word = ""
    from_: Moment | None = Field(None, alias="from")
    to: Moment | None = None
    ended_from: Moment | None = Field(None, description="Only runs that ended then or later.")
    ended_to: Moment | None = Field(None, description="Only runs that ended before.")
    needs_person: Flag = Field(False, description="Only failed runs that nobody has dismissed.")

    def filters(self, **more: Any) -> RunFilters:
        """Give the same for the selector."""
        words = ("status", "reason", "type", "error_type", "queue", "worker", "tag", "trigger", "search")
        same = {name: getattr(self, name) for name in (*words, "ended_from", "ended_to")}
        return RunFilters(needs=self.needs_person, created_from=self.from_, created_to=self.to, **same, **more)


class RunFiltersIn(HistoryFilters):
    """What runs are narrowed to, over all tasks."""

    task: Identifier | None = None
    batch: Identifier | None = None

    def filters(self, **more: Any) -> RunFilters:
        """Give the same for the selector."""
        return super().filters(task=self.task, batch=self.batch, **more)


class HistoryQuery(HistoryFilters, CursorQuery):
    """What the list of a task's runs is narrowed to."""


class RunQuery(RunFiltersIn, CursorQuery):
    """What the list of runs is narrowed to."""


class LogQuery(Shape):
    """Which part of the log."""

    after: Annotated[int, *whole(0, 999_999_999)] = 0
    limit: Annotated[int, *whole(1, 1000)] = 200


class Run(Out):
    """A run."""

    id: str
    task: str | None = Field(description="Id of its task; null for a run of its own.")
    task_name: str | None
    type: str
    status: Annotated[str, WithJsonSchema({"type": "string", "enum": [status.value for status in Status]})]
    reason: str | None
    trigger: str
    slot: Instant | None = Field(description="The planned instant that it is the run of.")
    scheduled_for: Instant | None
    due_at: Instant | None
    queued_at: Instant | None
    started_at: Instant | None
    finished_at: Instant | None
    duration_ms: int | None = Field(description="Run time of the last attempt; null while it has none.")
    total_ms: int | None = Field(
        description="From when it was planned, or made if that was later, to its end: all attempts, and the waits."
    )
    attempt: int
    max_attempts: int
    progress: Annotated[Any, WithJsonSchema(_PROGRESS)]
    result: Any
    error: str | None
    error_type: str | None
    worker: str | None
    queue: str
    priority: int
    tags: list[str]
    owner: str | None
    parent: str | None
    rerun_of: str | None
    batch: str | None
    range_to: Instant | None = Field(description="A row for many skipped slots: the last; scheduled_for is the first.")
    range_count: int | None
    cancel_requested_at: Instant | None
    dismissed_at: Instant | None
    created_at: Instant
    version: int

    def headers(self) -> dict[str, str]:
        """Give its address."""
        return {"Location": f"/api/runs/{self.id}"}


class Event(Out):
    """One transition."""

    version: int | None
    source: str | None
    target: str
    reason: str | None
    actor: str
    error: str | None
    at: Instant


class Attempt(Out):
    """An attempt that did not succeed."""

    number: int
    outcome: str
    error_type: str | None
    error: str | None
    traceback: str | None
    worker: str | None
    started_at: Instant | None
    finished_at: Instant


class RunDetail(Run):
    """A run with its story."""

    payload: Any = Field(description="Null where it is hidden: a sensitive type shows it to its owner alone.")
    payload_hidden: bool
    actor: str
    root_run: str | None
    log_lines: int
    dismissed_by: str | None
    dismiss_note: str | None
    events: list[Event]
    attempts: list[Attempt]


class RunPage(WalkedPage[Run]):
    """Runs, the newest first."""


class LogLine(Out):
    """One line; `n` counts from 1."""

    n: int
    at: str
    level: str
    message: str


class LogPage(Page[LogLine]):
    """Log lines in order; ask again with `after` = `last` for what has come since."""

    last: int


def run_fields(run: TaskRun) -> dict[str, Any]:
    """Give what a run says in a list. Its task and owner must have been fetched with it."""
    same = (
        "type", "status", "trigger", "slot", "scheduled_for", "due_at", "queued_at", "started_at", "finished_at",
        "duration_ms", "attempt", "max_attempts", "progress", "result", "queue", "priority", "tags", "range_to",
        "range_count", "cancel_requested_at", "dismissed_at", "created_at", "version",
    )  # fmt: skip
    return {
        **{name: getattr(run, name) for name in same},
        **{name: getattr(run, name) or None for name in ("reason", "error", "error_type", "worker")},
        "total_ms": total_ms(run),
        "id": str(run.id),
        "task": _id(run.task_id),
        "task_name": run.task.name if run.task else None,
        "owner": run.owner.get_username() if run.owner else None,
        "parent": _id(run.parent_id),
        "rerun_of": _id(run.rerun_of_id),
        "batch": _id(run.batch_id),
    }


def run_out(run: TaskRun) -> Run:
    """Give a run for a list."""
    return Run(**run_fields(run))


def run_detail(call: Call, run: TaskRun) -> RunDetail:
    """Give a run with its events and attempts."""
    events, attempts = run_story(run)
    return RunDetail(
        **run_fields(run),
        **shown_payload(call.user, run),
        actor=run.actor,
        root_run=_id(run.root_run_id),
        log_lines=run.log_lines,
        dismissed_by=run.dismissed_by or None,
        dismiss_note=run.dismiss_note or None,
        events=[_event(event) for event in events],
        attempts=[_attempt(attempt) for attempt in reversed(attempts)],
    )


def log_page(call: Call, run: TaskRun, query: LogQuery) -> LogPage:
    """Give the lines of a run's log behind `after`."""
    lines = run_logs(run, after=query.after, limit=query.limit)
    last = lines[-1]["n"] if lines else query.after
    has_more = len(lines) == query.limit and last < run.log_lines
    return LogPage(
        results=[LogLine(**{**line, "at": str(line["at"]).replace("+00:00", "Z")}) for line in lines],
        next=link(call, after=last) if has_more else None,
        previous=None,
        count=run.log_lines,
        count_is_exact=True,
        last=last,
    )


def _event(event: RunEvent) -> Event:
    maybe = {name: getattr(event, name) or None for name in ("source", "reason", "error")}
    return Event(version=event.version, target=event.target, actor=event.actor, at=event.at, **maybe)


def _attempt(attempt: RunAttempt) -> Attempt:
    same = {name: getattr(attempt, name) for name in ("number", "outcome", "started_at", "finished_at")}
    maybe = {name: getattr(attempt, name) or None for name in ("error_type", "error", "traceback", "worker")}
    return Attempt(**same, **maybe)


def _id(value: object) -> str | None:
    return str(value) if value else None
