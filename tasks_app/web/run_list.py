"""The list of runs: state tabs, filters, newest first."""

import uuid
from functools import cache
from typing import Any
from urllib.parse import urlencode

from django.http import HttpResponse, QueryDict
from django.utils import timezone
from django.views.decorators.http import require_safe

from tasks_app.errors import NotFound
from tasks_app.models import Batch, TaskRun
from tasks_app.selectors.batches import batch_get
from tasks_app.selectors.run_completion import run_completions
from tasks_app.selectors.run_list import RunFilters, run_page
from tasks_app.selectors.run_terms import NO_ERROR_TYPE, worker_names
from tasks_app.selectors.run_times import attempts_begun
from tasks_app.selectors.run_walk import run_find, runs_near
from tasks_app.selectors.walk import Found
from tasks_app.web import query, retention, run_offers, run_undo
from tasks_app.web.completing import completed
from tasks_app.web.objects import run_or_404, task_or_none
from tasks_app.web.page import Request, page, part_wanted, render
from tasks_app.web.run_filters import all_filters_of, ended_said, faults_of, kept, range_shown, selects
from tasks_app.web.run_many import back_of
from tasks_app.web.run_tabs import newer, newer_hint, tabs

SIZE = 40
_BESIDE = {"run-tabs": tabs, "run-newer": newer}
FRAGMENTS = {name: f"parts/{name}.html" for name in ("run-table", *_BESIDE)}


@require_safe
@page
@query.tidied
def run_list(request: Request) -> HttpResponse:
    """Show one page of the runs that match."""
    part = part_wanted(request)
    if part in _BESIDE:
        return render(request, "pages/run-list.html", _BESIDE[part](request), fragments=FRAGMENTS)
    filters = all_filters_of(request.GET)
    before = query.identifier(request.GET, "before")
    near = runs_near(request.user, filters, before=before)
    runs, older = run_page(near.rows, before=before, size=SIZE)
    found = cache(lambda: near if near.floor is None else run_find(request.user, filters, before=before))
    if older is None and near.floor is not None:
        runs, older = run_page(found().rows, before=before, size=SIZE)
    context = {
        "runs": runs,
        "attempts_begun": attempts_begun(runs),
        "ticks": run_offers.tickable(request.user, runs),
        "older": older,
        "is_first_page": before is None,
        "is_filtered": filters.is_any,
        **({} if older else _reach(request, found())),
        "gone_after": _gone_after(filters),
    }
    if part not in FRAGMENTS:
        context |= _around(request, filters, found, runs)
    return render(request, "pages/run-list.html", context, fragments=FRAGMENTS)


def _around(request: Request, filters: RunFilters, found: run_offers.Far, shown: list[TaskRun]) -> dict[str, Any]:
    """What stands above the table."""
    states = tabs(request)
    empty = {one["value"] for one in states["tabs"] if not (states["is_cut"] or one["count"])}
    return {
        **states,
        **newer_hint(request, shown),
        **_narrowing(request, filters),
        "filters": filters,
        "search": query.text(request.GET, "search"),
        "ended_said": ended_said(filters),
        "faults": faults_of(request.GET, filters),
        "told": run_undo.told(request),
        "workers": worker_names(),
        "kept": kept(request.GET),
        "kept_pairs": list(QueryDict(back_of(request.GET)).items()),
        "bulk": run_offers.for_ticked(request.user, shown),
        "actions": run_offers.for_all(request, filters, found, shown, empty),
        "no_error_type": NO_ERROR_TYPE,
        "task": task_or_none(request, filters.task),
        "batch": _batch(request, filters.batch),
    }


@require_safe
@page
def run_complete(request: Request) -> HttpResponse:
    """Give what can stand at the cursor of the search box."""
    return completed(request, run_completions(request.user))


@require_safe
@page
def run_row(request: Request, run_id: uuid.UUID) -> HttpResponse:
    """One row of the list, fetched again when its run changes."""
    run = run_or_404(request, run_id)
    ticks = run_offers.tickable(request.user, [run])
    return render(request, "parts/run-row.html", {"run": run, "attempts_begun": attempts_begun([run]), "ticks": ticks})


def _narrowing(request: Request, filters: RunFilters) -> dict[str, Any]:
    """The fields beside the search box, and how many of them narrow the list."""
    choices, ends = selects(request.GET), range_shown(request.GET)
    has_times = any(end.is_on for end in ends)
    told = [*(one.is_on for one in choices), filters.worker, filters.tag, has_times]
    return {"selects": choices, "ends": ends, "has_times": has_times, "folded": sum(map(bool, told))}


def _reach(request: Request, found: Found[TaskRun]) -> dict[str, Any]:
    """How far back was looked, and where it goes on, once the last match so far has been shown."""
    if found.floor is None:
        return {}
    further = f"{kept(request.GET)}&{urlencode({'before': found.floor})}"
    return {"searched_to": found.since, "walk": found.walk, "further": f"{request.path}?{further}"}


def _gone_after(filters: RunFilters) -> str:
    """How long runs are kept, where none can be left of those that are asked for."""
    ends = [one for one in (filters.created_to, filters.ended_to) if one is not None]
    return retention.kept_for() if ends and retention.are_gone(min(ends), timezone.now()) else ""


def _batch(request: Request, batch_id: uuid.UUID | None) -> Batch | None:
    try:
        return batch_get(request.user, batch_id) if batch_id else None
    except NotFound:
        return None
