"""What a run left behind, on its page: transitions, failed attempts, the end of its log."""

from typing import Any

from django.contrib.admin import display
from django.db.models import Model
from django.http import HttpRequest
from django.utils.dateparse import parse_datetime
from django.utils.safestring import SafeString
from unfold.admin import StackedInline, TabularInline

from tasks_app.admin.shown import EMPTY, block, clock, instant
from tasks_app.models import RunAttempt, RunEvent, TaskRun
from tasks_app.selectors.runs import run_logs

LOG_LINES = 200


class _Story:
    """Rows that are only read."""

    extra = 0
    can_delete = False
    show_change_link = False

    def has_add_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        """Nobody adds to the history."""
        return False

    def has_change_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        """Nobody edits the history."""
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        """Nobody deletes from the history."""
        return False

    def has_view_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        """Whoever may see the run may see its story."""
        return any(request.user.has_perm(f"tasks_app.{may}_taskrun") for may in ("view", "change"))


class EventInline(_Story, TabularInline):  # type: ignore[misc]  # unfold is untyped
    """Every transition, in order."""

    model = RunEvent
    fields = readonly_fields = (instant("at"), "source", "target", "reason", "actor", "claim_no", "error")
    ordering = ("id",)
    hide_title = True
    verbose_name_plural = "Transitions"


class AttemptInline(_Story, StackedInline):  # type: ignore[misc]  # unfold is untyped
    """Every attempt that did not succeed, the latest first."""

    model = RunAttempt
    fields = readonly_fields = (
        "number",
        "outcome",
        "error_type",
        "error",
        "worker",
        instant("started_at", "started"),
        instant("finished_at", "finished"),
        "traceback_block",
    )
    ordering = ("-claim_no",)
    verbose_name_plural = "Failed attempts"

    @display(description="traceback", empty_value=EMPTY)
    def traceback_block(self, attempt: RunAttempt) -> SafeString | None:
        """The traceback as Python wrote it."""
        return block(attempt.traceback) if attempt.traceback else None


@display(description=f"last {LOG_LINES} lines", empty_value=EMPTY)
def log_tail(run: TaskRun) -> SafeString | None:
    """The end of the log."""
    lines = run_logs(run, after=max(0, run.log_lines - LOG_LINES), limit=LOG_LINES)
    return block("\n".join(_line(line) for line in lines)) if lines else None


def _line(line: dict[str, Any]) -> str:
    moment = clock(parse_datetime(line["at"])) or line["at"]
    return f"{line['n']:>6}  {moment}  {line['level']:<8}  {line['message']}"
