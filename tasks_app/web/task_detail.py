"""One task: its sentence, what comes, what was, and what can be done."""

import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property
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
from tasks_app.selectors.calendars import can_see_calendar
from tasks_app.selectors.collections import collections_of_task
from tasks_app.selectors.effects import run_effects
from tasks_app.selectors.last_runs import recent_runs
from tasks_app.selectors.related_tasks import related_tasks
from tasks_app.selectors.rollup_spans import KEPT
from tasks_app.selectors.rollups import Figures, span_figures
from tasks_app.selectors.run_list import run_page
from tasks_app.selectors.run_times import attempts_begun
from tasks_app.selectors.run_walk import run_find
from tasks_app.selectors.shares import shares_of
from tasks_app.selectors.task_figures import lately
from tasks_app.services.audit import shows_payload
from tasks_app.services.planning import Coming, planned_runs
from tasks_app.services.upcoming import spread_delay
from tasks_app.states import FINAL, Reason, Status, TaskStatus
from tasks_app.web import query
from tasks_app.web.audit import lines_of_task
from tasks_app.web.objects import task_or_404
from tasks_app.web.page import Request, page, part_wanted, render
from tasks_app.web.preview import instants
from tasks_app.web.task_history import filters_shown, history_days, history_filters, history_selects
from tasks_app.web.task_policies import policies_of

SLOTS, HISTORY = 10, 25


@require_safe
@page
@query.tidied
def task_detail(request: Request, task_id: uuid.UUID) -> HttpResponse:
    """Show the task, its last fifty runs, its next ten slots and its history."""
    look = _Look(request, task_or_404(request, task_id))
    context = _known(look)
    for read in _PARTS.get(part_wanted(request), _PAGE):
        context |= read(look)
    return render(request, "pages/task-detail.html", context, fragments=FRAGMENTS)


@dataclass
class _Look:
    """Somebody looks at a task: what several parts of the page show is read once."""

    request: Request
    task: ScheduledTask

    @cached_property
    def recent(self) -> list[TaskRun]:
        """Its last fifty runs."""
        return recent_runs(self.task.id)

    @cached_property
    def coming(self) -> tuple[list[Coming], str]:
        """Its next slots, or why they cannot be told."""
        return _coming(self.task)


def _known(look: _Look) -> dict[str, Any]:
    """What costs nothing as long as no part shows it."""
    request, task = look.request, look.task
    return {
        "task": task,
        "topic": f"task:{task.pk}",
        "type": _title(task),
        "shows_payload": shows_payload(request.user, task),
        "can_edit": task.status != TaskStatus.CANCELLED,
        "is_over": task.status in (TaskStatus.CANCELLED, TaskStatus.COMPLETED),
        "is_paused": task.status == TaskStatus.PAUSED,
        "figures": SimpleLazyObject(lambda: _figures(request, task)),
        "is_old": task.created_at < timezone.now() - KEPT[RunRollup.Grain.DAY],
        "lately": SimpleLazyObject(lambda: lately(task)),
    }


def _stand(look: _Look) -> dict[str, Any]:
    recent, last = look.recent, _last_ended(look.recent)
    problem = last if last is not None and _is_problem(last) else None
    return {
        "recent": recent,
        "last": last,
        "problem": problem,
        "is_unsettled": problem is not None and _is_unsettled(problem),
        "running": next((run for run in reversed(recent) if run.status == Status.RUNNING), None),
        "whole_schedule": _whole(look.task),
        "backfills": _backfills(look.task),
    }


def _strip(look: _Look) -> dict[str, Any]:
    return {"recent": look.recent, "slots": [one.at for one in look.coming[0]]}


def _plan(look: _Look) -> dict[str, Any]:
    coming, broken = look.coming
    return {"instants": instants(coming, look.task.timezone), "broken": broken}


def _beside(look: _Look) -> dict[str, Any]:
    """What stands there as it was when the page was opened."""
    request, task = look.request, look.task
    return {
        "policies": policies_of(task),
        "spread_delay": spread_delay(task, task.spread_seconds),
        "related": SimpleLazyObject(lambda: related_tasks(request.user, task)),
        "audit_lines": lines_of_task(request, task),
        "shares": list(shares_of(task)) if may(request.user, Deed.MANAGE, task) else [],
        "levels": list(TaskShare.Level),
        "collections": collections_of_task(request.user, task.id)[:5],
        "sees_calendar": task.calendar is not None and can_see_calendar(request.user, task.calendar),
    }


def _history(look: _Look) -> dict[str, Any]:
    """One page of its runs, and what narrows them."""
    request, task = look.request, look.task
    filters, before = history_filters(request, task), query.identifier(request.GET, "before")
    history, older = run_page(run_find(request.user, filters, before=before).rows, before=before, size=HISTORY)
    is_filtered, days = set(filters.asked) != {"task", "no_waiting"}, history_days(request)
    faults = query.faults_of_days(days)
    return {
        **filters_shown(request, is_of_use=bool(history or is_filtered or faults)),
        "history": history,
        "attempts_begun": attempts_begun(history),
        "older": older,
        "is_first_page": before is None,
        "selects": history_selects(request),
        "days": days,
        "faults": faults,
        "is_filtered": is_filtered,
    }


def _figures(request: Request, task: ScheduledTask) -> Figures:
    """Count all that is kept: of more than 400 days ago, nothing is."""
    now = db_now()
    return span_figures(request.user, now - KEPT[RunRollup.Grain.DAY], now, task=task.id, with_times=False)


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


def _is_unsettled(run: TaskRun) -> bool:
    """Until somebody says whether an effect of it happened, a retry would stop at the same place."""
    return run.reason == Reason.EFFECT_UNKNOWN and run_effects(run).blocks_retry


_PARTS: Mapping[str, tuple[Callable[[_Look], dict[str, Any]], ...]] = {
    "task-head": (_stand, _plan),
    "task-strip": (_strip,),
    "task-figures": (),
    "task-history": (_history,),
    "task-next": (_plan,),
}
_PAGE = (_stand, _strip, _plan, _history, _beside)
FRAGMENTS = {name: f"parts/{name}.html" for name in _PARTS}
