"""The list of runs: state tabs, filters, newest first."""

import uuid
from dataclasses import replace

from django.http import HttpResponse, QueryDict
from django.views.decorators.http import require_safe

from tasks_app.errors import NotFound
from tasks_app.handlers import registry
from tasks_app.models import Batch
from tasks_app.selectors.batches import batch_get
from tasks_app.selectors.home import needs_person_count
from tasks_app.selectors.run_list import RunFilters, open_counts, run_page, run_search
from tasks_app.selectors.task_list import queue_names
from tasks_app.states import Status, Trigger
from tasks_app.web import query, words
from tasks_app.web.forms.field import Choice
from tasks_app.web.objects import run_or_404, task_or_none
from tasks_app.web.page import Request, page, render

SIZE = 50
FRAGMENTS = {"run-table": "parts/run-table.html", "run-tabs": "parts/run-tabs.html"}
_WORDS = ("status", "reason", "type", "queue", "worker", "tag", "trigger", "search")
_TABS = (
    ("", "All"),
    ("needs", "Need you"),
    ("running", "Running"),
    ("queued", "Queued"),
    ("scheduled", "Scheduled"),
    ("waiting", "Waiting"),
    ("succeeded", "Succeeded"),
    ("failed", "Failed"),
    ("cancelled", "Cancelled"),
    ("skipped", "Skipped"),
)


@require_safe
@page
def run_list(request: Request) -> HttpResponse:
    """Show one page of the runs that match."""
    filters = filters_of(request.GET, task=query.identifier(request.GET, "task"))
    filters = replace(filters, batch=query.identifier(request.GET, "batch"), latest=request.GET.get("latest") == "1")
    before = query.identifier(request.GET, "before")
    runs, older = run_page(run_search(request.user, filters), before=before, size=SIZE)
    context = {
        "runs": runs,
        "older": older,
        "is_first_page": before is None,
        "filters": filters,
        "tabs": _tabs(request),
        "selects": _selects(request),
        "is_filtered": filters.is_any,
        "task": task_or_none(request, filters.task),
        "batch": _batch(request, filters.batch),
    }
    return render(request, "pages/run-list.html", context, fragments=FRAGMENTS)


@require_safe
@page
def run_row(request: Request, run_id: uuid.UUID) -> HttpResponse:
    """One row of the list, fetched again when its run changes."""
    return render(request, "parts/run-row.html", {"run": run_or_404(request, run_id)})


def filters_of(data: QueryDict, *, task: uuid.UUID | None) -> RunFilters:
    """Read the filters; the state `needs` stands for failed and not dismissed."""
    found = RunFilters(task=task, **query.texts(data, _WORDS))
    return replace(found, status="", needs=True) if found.status == "needs" else found


def state_choices(data: QueryDict) -> list[Choice]:
    """The states as choices of a filter."""
    chosen = data.get("status", "")
    return [Choice("", "Any state", not chosen), *(Choice(one.value, one.value, one == chosen) for one in Status)]


def _batch(request: Request, batch_id: uuid.UUID | None) -> Batch | None:
    try:
        return batch_get(request.user, batch_id) if batch_id else None
    except NotFound:
        return None


def _tabs(request: Request) -> list[dict[str, object]]:
    counts = {**open_counts(request.user), "needs": needs_person_count(request.user)}
    chosen = request.GET.get("status", "")
    return [
        {"value": value, "label": label, "count": _count(counts.get(value, 0)), "is_here": value == chosen}
        for value, label in _TABS
    ]


def _count(number: int) -> str:
    return "" if not number else "999+" if number >= 1000 else str(number)  # noqa: PLR2004


def _selects(request: Request) -> list[query.Select]:
    types = [(one.name, one.title) for one in registry.all()]
    triggers = [(one.value, words.TRIGGERS[one.value]) for one in Trigger]
    return [
        query.select(request.GET, "type", "Any type", types),
        query.select(request.GET, "queue", "Any queue", [(name, name) for name in queue_names()]),
        query.select(request.GET, "trigger", "Started any way", triggers),
    ]
