"""One task: its sentence, what comes, what was, and what can be done."""

import uuid
from dataclasses import replace
from typing import Any

from django.http import HttpResponse
from django.views.decorators.http import require_safe

from tasks_app.handlers import registry
from tasks_app.models import Batch, ScheduledTask, TaskRun, TaskShare
from tasks_app.recurrence.cutting import whole_sentence
from tasks_app.selectors.access import Deed, may
from tasks_app.selectors.batches import Tally, open_batches, tallies
from tasks_app.selectors.collections import collections_of_task
from tasks_app.selectors.run_list import run_page
from tasks_app.selectors.run_walk import run_find
from tasks_app.selectors.shares import shares_of
from tasks_app.selectors.task_list import recent_runs
from tasks_app.services.audit import shows_payload
from tasks_app.services.planning import Coming, planned_runs
from tasks_app.services.upcoming import spread_delay
from tasks_app.states import FINAL, Status, TaskStatus
from tasks_app.web import query
from tasks_app.web.audit import lines_of_task
from tasks_app.web.objects import task_or_404
from tasks_app.web.page import Request, page, render
from tasks_app.web.preview import instants
from tasks_app.web.run_filters import filters_of, state_choices

SLOTS, HISTORY = 10, 25
FRAGMENTS = {
    "task-head": "parts/task-head.html",
    "task-strip": "parts/task-strip.html",
    "task-history": "parts/task-history.html",
}


@require_safe
@page
def task_detail(request: Request, task_id: uuid.UUID) -> HttpResponse:
    """Show the task, its last fifty runs, its next ten slots and its history."""
    task = task_or_404(request, task_id)
    filters = replace(filters_of(request.GET, task=task.id), no_waiting=True)
    before = query.identifier(request.GET, "before")
    history, older = run_page(run_find(request.user, filters, before=before).rows, before=before, size=HISTORY)
    recent = recent_runs([task.id])[task.id]
    coming, broken = _coming(task)
    context: dict[str, Any] = {
        "task": task,
        "topic": f"task:{task.pk}",
        "whole_schedule": _whole(task),
        "type": _title(task),
        "recent": recent,
        "slots": [one.at for one in coming],
        "spread_delay": spread_delay(task, task.spread_seconds),
        "instants": instants(coming, task.timezone),
        "broken": broken,
        "history": history,
        "older": older,
        "is_first_page": before is None,
        "states": state_choices(request.GET),
        "is_filtered": set(filters.asked) != {"task", "no_waiting"},
        "problem": _problem(recent, task),
        "shows_payload": shows_payload(request.user, task),
        "can_edit": task.status != TaskStatus.CANCELLED,
        "is_over": task.status in (TaskStatus.CANCELLED, TaskStatus.COMPLETED),
        "is_paused": task.status == TaskStatus.PAUSED,
        "success_rate": _success_rate(recent),
        "backfills": _backfills(task),
        "audit_lines": lines_of_task(request, task),
        "shares": list(shares_of(task)) if may(request.user, Deed.MANAGE, task) else [],
        "levels": list(TaskShare.Level),
        "collections": collections_of_task(request.user, task.id)[:5],
    }
    return render(request, "pages/task-detail.html", context, fragments=FRAGMENTS)


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


def _problem(recent: list[TaskRun], task: ScheduledTask) -> TaskRun | None:
    """The last run that ended, when it failed and nobody has looked at it."""
    ended = next((run for run in reversed(recent) if run.status in FINAL and run.status != Status.SKIPPED), None)
    if ended is None or ended.status != Status.FAILED or ended.dismissed_at is not None:
        return None
    return ended


def _success_rate(recent: list[TaskRun]) -> int | None:
    ended = [run for run in recent if run.status in (Status.SUCCEEDED, Status.FAILED)]
    return round(100 * sum(run.status == Status.SUCCEEDED for run in ended) / len(ended)) if ended else None
