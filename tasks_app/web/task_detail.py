"""One task: its sentence, what comes, what was, and what can be done."""

import uuid
from typing import Any

from django.http import HttpResponse
from django.utils import timezone
from django.utils.functional import SimpleLazyObject
from django.views.decorators.http import require_safe

from tasks_app.handlers import registry
from tasks_app.models import Batch, RunRollup, ScheduledTask, TaskRun, TaskShare, db_now
from tasks_app.recurrence.cutting import whole_sentence
from tasks_app.selectors.access import Deed, may
from tasks_app.selectors.batches import Tally, open_batches, tallies
from tasks_app.selectors.collections import collections_of_task
from tasks_app.selectors.last_runs import recent_runs
from tasks_app.selectors.related_tasks import related_tasks
from tasks_app.selectors.rollup_spans import KEPT
from tasks_app.selectors.rollups import Figures, span_figures
from tasks_app.selectors.run_list import run_page
from tasks_app.selectors.run_walk import run_find
from tasks_app.selectors.shares import shares_of
from tasks_app.selectors.task_figures import lately
from tasks_app.services.audit import shows_payload
from tasks_app.services.planning import Coming, planned_runs
from tasks_app.services.upcoming import spread_delay
from tasks_app.states import FINAL, Status, TaskStatus
from tasks_app.web import query
from tasks_app.web.audit import lines_of_task
from tasks_app.web.forms.policies import MISFIRES
from tasks_app.web.objects import task_or_404
from tasks_app.web.page import Request, page, render
from tasks_app.web.preview import instants
from tasks_app.web.task_history import history_filters, history_selects

SLOTS, HISTORY = 10, 25
FRAGMENTS = {
    "task-head": "parts/task-head.html",
    "task-strip": "parts/task-strip.html",
    "task-figures": "parts/task-figures.html",
    "task-history": "parts/task-history.html",
}


@require_safe
@page
def task_detail(request: Request, task_id: uuid.UUID) -> HttpResponse:
    """Show the task, its last fifty runs, its next ten slots and its history."""
    task = task_or_404(request, task_id)
    recent = recent_runs(task.id)
    coming, broken = _coming(task)
    last = _last_ended(recent)
    context: dict[str, Any] = {
        "task": task,
        "topic": f"task:{task.pk}",
        "whole_schedule": _whole(task),
        "type": _title(task),
        "recent": recent,
        "slots": [one.at for one in coming],
        "after_outage": MISFIRES.get(task.misfire_policy["policy"], ""),
        "spread_delay": spread_delay(task, task.spread_seconds),
        "instants": instants(coming, task.timezone),
        "broken": broken,
        **_history(request, task),
        "last": last,
        "problem": last if last is not None and _is_problem(last) else None,
        "shows_payload": shows_payload(request.user, task),
        "can_edit": task.status != TaskStatus.CANCELLED,
        "is_over": task.status in (TaskStatus.CANCELLED, TaskStatus.COMPLETED),
        "is_paused": task.status == TaskStatus.PAUSED,
        "running": next((run for run in reversed(recent) if run.status == Status.RUNNING), None),
        "figures": SimpleLazyObject(lambda: _figures(request, task)),
        "is_old": task.created_at < timezone.now() - KEPT[RunRollup.Grain.DAY],
        "lately": SimpleLazyObject(lambda: lately(task)),
        "related": SimpleLazyObject(lambda: related_tasks(request.user, task)),
        "backfills": _backfills(task),
        "audit_lines": lines_of_task(request, task),
        "shares": list(shares_of(task)) if may(request.user, Deed.MANAGE, task) else [],
        "levels": list(TaskShare.Level),
        "collections": collections_of_task(request.user, task.id)[:5],
    }
    return render(request, "pages/task-detail.html", context, fragments=FRAGMENTS)


def _history(request: Request, task: ScheduledTask) -> dict[str, Any]:
    """One page of its runs, and what narrows them."""
    filters, before = history_filters(request, task), query.identifier(request.GET, "before")
    history, older = run_page(run_find(request.user, filters, before=before).rows, before=before, size=HISTORY)
    return {
        "history": history,
        "older": older,
        "is_first_page": before is None,
        "selects": history_selects(request),
        "day_from": query.text(request.GET, "from"),
        "day_to": query.text(request.GET, "to"),
        "is_filtered": set(filters.asked) != {"task", "no_waiting"},
    }


def _figures(request: Request, task: ScheduledTask) -> Figures:
    """Count all that is kept: of more than 400 days ago, nothing is."""
    now = db_now()
    return span_figures(request.user, now - KEPT[RunRollup.Grain.DAY], now, task=task.id)


def _backfills(task: ScheduledTask) -> list[tuple[Batch, Tally]]:
    """Those that are under way."""
    found = open_batches(task.id)
    counted = tallies(found)
    return [(batch, counted[batch.id]) for batch in found]


def _coming(task: ScheduledTask) -> tuple[list[Coming], str]:
    """When the next slots start; a schedule that cannot be read any more says so instead of breaking the page."""
    try:
        return planned_runs(task, SLOTS), ""
    except (ValueError, KeyError) as error:
        return [], str(error)


def _whole(task: ScheduledTask) -> str:
    """The sentence that its column was too short for; empty where it is whole."""
    whole = whole_sentence(task.schedule_text, task.schedule, task.timezone)
    return whole if whole != task.schedule_text else ""


def _title(task: ScheduledTask) -> str:
    try:
        return registry.get(task.type).title
    except KeyError:
        return task.type


def _last_ended(recent: list[TaskRun]) -> TaskRun | None:
    """The last run that came to an end of its own."""
    return next((run for run in reversed(recent) if run.status in FINAL and run.status != Status.SKIPPED), None)


def _is_problem(run: TaskRun) -> bool:
    """It failed, and nobody has looked at it."""
    return run.status == Status.FAILED and run.dismissed_at is None
