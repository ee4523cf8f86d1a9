"""The list of tasks, with filters and the strip of each."""

from typing import Any

from django.http import HttpResponse
from django.views.decorators.http import require_safe

from tasks_app.handlers import registry
from tasks_app.models import ScheduledTask
from tasks_app.selectors.home import task_counts
from tasks_app.selectors.task_list import ORDERS, TaskFilters, recent_runs, task_search
from tasks_app.states import TaskKind, TaskStatus
from tasks_app.web import query
from tasks_app.web.objects import task_or_404
from tasks_app.web.page import Request, page, render

SIZE = 50
DEEPEST = 200
FRAGMENTS = {"task-table": "parts/task-table.html"}
_WORDS = ("status", "kind", "type", "queue", "tag", "search", "last_run_status", "shared")
_ORDER_WORDS = {
    "name": "By name",
    "next_run_at": "Next to run",
    "-last_run_at": "Last to have run",
    "-created_at": "Newest",
}


@require_safe
@page
def task_list(request: Request) -> HttpResponse:
    """Show one page of the tasks that match."""
    filters = TaskFilters(**query.texts(request.GET, _WORDS))
    ordering = request.GET.get("ordering", "name")
    number = query.number(request.GET, "page", most=DEEPEST)
    rows = task_search(request.user, filters, ordering=ordering if ordering in ORDERS else "name")
    tasks = list(rows[(number - 1) * SIZE : number * SIZE + 1])
    context = {
        "rows": with_strips(tasks[:SIZE]),
        "page": number,
        "has_next": len(tasks) > SIZE and number < DEEPEST,
        "filters": filters,
        "selects": _selects(request),
        "is_filtered": any(getattr(filters, name) for name in _WORDS),
        "counts": task_counts(request.user),
    }
    return render(request, "pages/task-list.html", context, fragments=FRAGMENTS)


@require_safe
@page
def task_row(request: Request, task_id: Any) -> HttpResponse:
    """One row of the list, fetched again when its task's runs change."""
    [row] = with_strips([task_or_404(request, task_id)])
    return render(request, "parts/task-row.html", row)


def with_strips(tasks: list[ScheduledTask]) -> list[dict[str, Any]]:
    """Give each task with its last runs and its next instant."""
    runs = recent_runs([task.id for task in tasks])
    return [{"task": task, "runs": runs[task.id], "slots": _slots(task)} for task in tasks]


def _slots(task: ScheduledTask) -> list[Any]:
    return [task.next_due_at] if task.next_due_at else []


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
