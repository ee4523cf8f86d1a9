"""What the page of a task says of its runs."""

from datetime import datetime

from django import template
from django.utils import timezone

from tasks_app.models import TaskRun
from tasks_app.selectors.rollups import Figures
from tasks_app.selectors.task_figures import RunTime

register = template.Library()
_SKIPPED = {
    "overlap": "while an earlier run had not ended",
    "missed": "missed",
    "paused": "during a pause",
    "limit": "over a limit",
    "duplicate": "at the instant of another run",
    "condition": "with nothing to do",
}
_NOT_QUITE = 0.9995


@register.filter
def ran(figures: Figures) -> int:
    """How many runs came to an end by themselves."""
    return figures.succeeded + figures.failed


@register.filter
def percent(figures: Figures) -> str:
    """How many of them succeeded; 100 % only where all did."""
    rate = figures.success_rate or 0.0
    if figures.failed and rate > _NOT_QUITE:
        return "99.9\N{NO-BREAK SPACE}%"
    return f"{round(100 * rate, 1):g}\N{NO-BREAK SPACE}%"


@register.filter
def skipped_why(reason: str) -> str:
    """Why slots were skipped, behind their number: "12 during a pause"."""
    return _SKIPPED.get(reason, reason)


@register.simple_tag
def expected_end(run_time: RunTime, run: TaskRun) -> datetime | None:
    """When a run should end, if it takes what it usually takes; None where that has passed."""
    ends_at = run_time.expected_end(run.started_at) if run.started_at else None
    return ends_at if ends_at and ends_at > timezone.now() else None
