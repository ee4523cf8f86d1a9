"""Runs: the history, to be read. What can be done with a run is done by the services."""

from typing import Any

from django.contrib import admin
from django.contrib.admin import display
from django.db.models import QuerySet
from django.http import HttpRequest
from django.urls import reverse
from django.utils.safestring import SafeString
from unfold.views import ChangeList

from tasks_app.admin.base import ReadOnlyAdmin
from tasks_app.admin.deeds import Deed, DeedAdmin, Outcome
from tasks_app.admin.filters import CreatedFilter, NeedsPersonFilter, TypeFilter
from tasks_app.admin.payloads import payload_for
from tasks_app.admin.run_story import AttemptInline, EventInline, log_tail
from tasks_app.admin.shown import EMPTY, RUN_TONES, as_json, change_link, instant, label, link
from tasks_app.models import TaskRun
from tasks_app.services.runs import run_cancel, run_dismiss, run_retry
from tasks_app.states import Status

# The list shows none of these, and each may hold many KiB.
WIDE = ("payload", "tags", "retry", "result", "progress")


def _cancel(run: TaskRun, actor: str) -> Outcome:
    after = run_cancel(run=run, actor=actor)
    return Outcome("asked to stop." if after.status == Status.RUNNING else "cancelled.")


def _retry(run: TaskRun, actor: str) -> Outcome:
    return Outcome("is run again:", run_retry(run=run, actor=actor))


def _dismiss(run: TaskRun, actor: str, note: str = "") -> Outcome:
    run_dismiss(run=run, actor=actor, note=note or "Dismissed in the admin")
    return Outcome("dismissed.")


CANCEL = Deed(
    name="cancel",
    right="cancel_all",
    title="Cancel",
    question="A run that waits ends at once; one that runs is asked to stop.",
    icon="cancel",
    perform=_cancel,
    is_offered=lambda run: run.can_cancel,
    is_grave=True,
)
RETRY = Deed(
    name="retry",
    right="run_all",
    title="Retry",
    question="A new run does the same again. Side effects that were confirmed do not happen twice.",
    icon="replay",
    perform=_retry,
    is_offered=lambda run: run.can_retry,
)
DISMISS = Deed(
    name="dismiss",
    right="run_all",
    title="Dismiss",
    question="The failure leaves the list of what needs a person.",
    icon="done",
    perform=_dismiss,
    noted=_dismiss,
    is_offered=lambda run: run.needs_person,
)


class RunChangeList(ChangeList):  # type: ignore[misc]  # unfold is untyped
    """Reads narrow rows."""

    def get_queryset(self, request: HttpRequest, exclude_parameters: Any = None) -> QuerySet[Any]:
        """Leave out the columns that the list does not show."""
        rows: QuerySet[Any] = super().get_queryset(request, exclude_parameters)
        return rows.defer(*WIDE, "task__payload", "task__schedule")


@admin.register(TaskRun)
class RunAdmin(DeedAdmin, ReadOnlyAdmin):
    """The runs of everybody, newest first; read-only."""

    deeds = (RETRY, CANCEL, DISMISS)
    inlines = (EventInline, AttemptInline)
    list_display = (
        "short_id",
        "state",
        "named",
        instant("scheduled_for", "for"),
        "took",
        "error_start",
    )
    list_display_links = ("short_id",)
    list_select_related = ("task",)
    list_filter = ("status", NeedsPersonFilter, CreatedFilter, TypeFilter)
    linked_by = ("task",)
    ordering = ("-id",)
    sortable_by = ()
    list_fullwidth = True
    search_fields = ("id",)
    search_help_text = "The id of a run or of a task"
    exact_fields = ("id", "task_id")
    finds_only_ids = True
    show_facets = admin.ShowFacets.NEVER

    def get_changelist(self, request: HttpRequest, **kwargs: Any) -> type[RunChangeList]:
        """Read narrow rows."""
        return RunChangeList

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        """With what a page names."""
        rows: QuerySet[Any] = super().get_queryset(request)
        return rows.select_related("task", "owner")

    def get_fieldsets(self, request: HttpRequest, obj: Any = None) -> Any:
        """Show a sensitive payload to its owner alone."""
        payload = payload_for(request.user, obj)
        groups = [
            (None, WHAT),
            ("Outcome", OUTCOME),
            ("Log", (log_tail,)),
            ("Payload", (payload,)),
            ("Times", TIMES),
            ("Where and how often", ATTEMPTS),
            ("Family", FAMILY),
        ]
        told = [(title, [field for field in fields if self._has_said(obj, field)]) for title, fields in groups]
        return [(title, {"fields": fields}) for title, fields in told if fields]

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        """Everything."""
        return [name for _, options in self.get_fieldsets(request, obj) for name in options["fields"]]

    def _has_said(self, run: TaskRun | None, field: Any) -> bool:
        """A page of dashes tells nothing, so only what the run has is shown."""
        if run is None:
            return True
        if field is log_tail:
            return run.log_lines > 0
        if callable(field):
            return field(run) is not None
        own = getattr(self, field, None)
        return (own(run) if callable(own) else getattr(run, field)) not in (None, "")

    @display(description="run")
    def short_id(self, run: TaskRun) -> str:
        """The end of the id, which is the random part."""
        return f"…{str(run.pk)[-8:]}"

    @label("status", RUN_TONES)
    def state(self, run: TaskRun) -> tuple[str, str]:
        """The status and its reason."""
        return run.status, f"{run.status} · {run.reason.replace('_', ' ')}" if run.reason else run.status

    @display(description="status")
    def state_words(self, run: TaskRun) -> str:
        """The status and its reason, on the page."""
        return self.state(run)[1]

    @display(description="task", empty_value=EMPTY)
    def task_link(self, run: TaskRun) -> SafeString | None:
        """The run's task."""
        return change_link(run.task)

    @display(description="task")
    def named(self, run: TaskRun) -> SafeString | str:
        """The run's task; the type of one that has none."""
        return change_link(run.task) or run.type

    @display(description="owner", empty_value=EMPTY)
    def owner_link(self, run: TaskRun) -> SafeString | None:
        """Whose the run is; nobody's is the platform's."""
        return change_link(run.owner)

    @display(description="took", empty_value=EMPTY)
    def took(self, run: TaskRun) -> str | None:
        """The run time of the last attempt."""
        return None if run.duration_ms is None else f"{run.duration_ms / 1000:,.1f} s"

    @display(description="attempt")
    def attempt_of(self, run: TaskRun) -> str:
        """The attempt, and how many are allowed."""
        return f"{run.attempt} of {run.max_attempts}"

    @display(description="error", empty_value=EMPTY)
    def error_start(self, run: TaskRun) -> str | None:
        """The beginning of the error."""
        line = run.error.strip().partition("\n")[0]
        return f"{line[:60]}…" if len(line) > 60 else line or None  # noqa: PLR2004  # a column's width

    @display(description="pages")
    def pages(self, run: TaskRun) -> SafeString:
        """Where the run is shown live."""
        return link(reverse("run-detail", args=[run.pk]), "the run's page, live")

    @display(description="run again from", empty_value=EMPTY)
    def rerun_link(self, run: TaskRun) -> SafeString | None:
        """The run that this one repeats."""
        return _run_link(run.rerun_of_id)

    @display(description="first of its kind", empty_value=EMPTY)
    def root_link(self, run: TaskRun) -> SafeString | None:
        """The run that the first attempt at this work was."""
        return _run_link(run.root_run_id)

    @display(description="batch", empty_value=EMPTY)
    def batch_link(self, run: TaskRun) -> SafeString | None:
        """The batch that it belongs to."""
        if run.batch_id is None:
            return None
        return link(reverse("admin:tasks_app_batch_change", args=[run.batch_id]), str(run.batch_id))

    @display(description="parent", empty_value=EMPTY)
    def parent_link(self, run: TaskRun) -> SafeString | None:
        """The run whose end started this one."""
        return _run_link(run.parent_id)


def _run_link(run_id: Any) -> SafeString | None:
    return link(reverse("admin:tasks_app_taskrun_change", args=[run_id]), str(run_id)) if run_id else None


WHAT: tuple[Any, ...] = (
    "state_words",
    "error",
    "type",
    "task_link",
    "owner_link",
    "trigger",
    "actor",
    "pages",
)
TIMES: tuple[Any, ...] = (
    instant("created_at", "created"),
    instant("scheduled_for"),
    instant("slot"),
    instant("due_at", "due"),
    instant("queued_at", "queued"),
    instant("started_at", "started"),
    instant("finished_at", "finished"),
    "took",
    instant("range_to", "stands for slots until"),
    "range_count",
)
ATTEMPTS: tuple[Any, ...] = (
    "queue",
    "priority",
    "worker",
    "attempt_of",
    "failures",
    "crashes",
    "claim_no",
    instant("lease_until"),
    "soft_timeout_seconds",
    "timeout_seconds",
    "is_serial",
    instant("cancel_requested_at", "asked to stop"),
    "cancel_requested_by",
)
OUTCOME: tuple[Any, ...] = (
    as_json("result"),
    as_json("progress"),
    instant("dismissed_at", "dismissed"),
    "dismissed_by",
    "dismiss_note",
)
FAMILY: tuple[Any, ...] = ("id", "rerun_link", "root_link", "parent_link", "batch_link", "tags", "version")
