"""The list of tasks: a search box with qualifiers, order by column, and the strip of each."""

from typing import Any

from django.db.models import QuerySet
from django.http import HttpResponse
from django.views.decorators.http import require_safe

from tasks_app.handlers import registry
from tasks_app.models import ScheduledTask
from tasks_app.selectors.access import Deed, may, tasks_open_to
from tasks_app.selectors.effects import COUNTED
from tasks_app.selectors.home import task_counts
from tasks_app.selectors.last_runs import StripRun, strip_runs
from tasks_app.selectors.search_tasks import task_qualifiers
from tasks_app.selectors.search_text import has_terms, with_terms, without_terms
from tasks_app.selectors.task_list import tasks_found
from tasks_app.states import Status, TaskKind, TaskStatus
from tasks_app.web import query, task_bulk
from tasks_app.web.completing import completed
from tasks_app.web.objects import task_or_404
from tasks_app.web.page import Request, page, render
from tasks_app.web.task_nothing import nothing_of
from tasks_app.web.task_query import Asked

SIZE = 30
DEEPEST = 200
FRAGMENTS = {"task-table": "parts/task-table.html"}
_ORDER_WORDS = {
    "name": "By name",
    "next_run_at": "Next to run",
    "-last_run_at": "Last to have run",
    "-created_at": "Newest",
}
_HEADS = {
    "name": ("Task", "name", "-name"),
    "last": ("Last run", "-last_run_at", "last_run_at"),
    "next": ("Next run", "next_run_at", "-next_run_at"),
    "created": ("Made", "-created_at", "created_at"),
}
_READY = (
    ("Last run failed", "last:failed"),
    ("Overdue", "due:overdue"),
    ("Due within the hour", "due:<1h"),
    ("Paused", "status:paused"),
    ("Never ran", "last:never status:active"),
)


@require_safe
@page
@query.tidied
def task_list(request: Request) -> HttpResponse:
    """Show one page of the tasks that match."""
    asked = Asked.of(request.user, request.GET)
    number = query.number(request.GET, "page", most=DEEPEST)
    rows = asked.rows()
    tasks, has_next, matching = tasks_found(rows, number, SIZE)
    context = {
        "here": request.get_full_path(),
        "rows": with_strips(tasks),
        "page": number,
        "has_next": has_next and number < DEEPEST,
        "asked": asked,
        "filters": asked.filters,
        "faults": [{"fault": one, "href": _better(asked, one.better)} for one in asked.search.faults],
        "selects": _selects(request),
        "heads": _heads(asked),
        "ready": [_ready(asked, label, text) for label, text in _READY],
        "is_filtered": asked.is_any,
        "is_narrowed": any(name not in ("q", "ordering", "before") for name, _ in asked.pairs()),
        "matching": matching,
        "searched_to": None if has_next else asked.found.since,
        "walk": asked.found.walk,
        "without": [] if tasks else asked.each_dropped(most=COUNTED),
        "nothing": None if tasks else nothing_of(asked),
        "bulk": _bulk(request, tasks, rows),
        "counts": task_counts(request.user),
        "told": task_bulk.told(request),
    }
    return render(request, "pages/task-list.html", context, fragments=FRAGMENTS)


@require_safe
@page
def task_complete(request: Request) -> HttpResponse:
    """Give what can stand at the cursor of the search box."""
    return completed(request, task_qualifiers(request.user))


@require_safe
@page
def task_row(request: Request, task_id: Any) -> HttpResponse:
    """One row of the list, fetched again when its task's runs change."""
    [row] = with_strips([task_or_404(request, task_id)])
    return render(request, "parts/task-row.html", {**row, "here": request.headers.get("HX-Current-URL", "")})


def _bulk(request: Request, shown: list[ScheduledTask], rows: QuerySet[ScheduledTask]) -> set[str]:
    """What this person may do with some of the tasks that match at least: mostly, the page itself says so."""

    def is_offered(deed: Deed) -> bool:
        if any(may(request.user, deed, task) for task in shown):
            return True
        return tasks_open_to(request.user, deed, rows.order_by()).exists()

    return {deed.value for deed in (Deed.RUN, Deed.CANCEL, Deed.MANAGE) if shown and is_offered(deed)}


def with_strips(tasks: list[ScheduledTask]) -> list[dict[str, Any]]:
    """Give each task with its last runs, how many of them go on, and its next instant."""
    runs = strip_runs([task.id for task in tasks])
    return [
        {"task": task, "runs": runs[task.id], "running": _running(runs[task.id]), "slots": _slots(task)}
        for task in tasks
    ]


def _running(runs: list[StripRun]) -> int:
    return [run.status for run in runs].count(Status.RUNNING)


def _slots(task: ScheduledTask) -> list[Any]:
    return [task.next_due_at] if task.next_due_at else []


def _ready(asked: Asked, label: str, terms: str) -> dict[str, Any]:
    """A ready-made search: it comes to what was searched, and where it is in there, it goes."""
    is_here = has_terms(asked.text, terms)
    text = without_terms(asked.text, terms) if is_here else with_terms(asked.text, terms)
    return {"label": label, "href": asked.with_text(text).href(), "is_here": is_here}


def _better(asked: Asked, text: str) -> str:
    return asked.with_text(text).href() if text else ""


def _heads(asked: Asked) -> dict[str, dict[str, str]]:
    """Each column's order: a click sorts by it, and a second one the other way round."""
    heads = {}
    for name, (label, first, second) in _HEADS.items():
        is_sorted = asked.ordering in (first, second)
        direction = "descending" if asked.ordering.startswith("-") else "ascending"
        heads[name] = {
            "label": label,
            "ordering": second if asked.ordering == first else first,
            "sort": direction if is_sorted else "",
        }
    return heads


def _selects(request: Request) -> list[query.Select]:
    types = [(one.name, one.title) for one in registry.all()]
    outcomes = [(name, name) for name in ("succeeded", "failed", "cancelled", "skipped")]
    kinds = {TaskKind.RECURRING: "Recurring", TaskKind.ONCE: "One-time", TaskKind.MANUAL: "By hand"}
    return [
        query.select(request.GET, "status", "Any state", [(one.value, one.value) for one in TaskStatus]),
        query.select(request.GET, "kind", "Any schedule", [(kind.value, word) for kind, word in kinds.items()]),
        query.select(request.GET, "type", "Any type", types),
        query.select(request.GET, "last_run_status", "Any last run", outcomes),
        query.select(request.GET, "shared", "Anybody's", [("me", "Shared with me")]),
        query.select(request.GET, "ordering", "By name", [item for item in _ORDER_WORDS.items() if item[0] != "name"]),
    ]
