"""What is paused: one list of queues and tasks, by whom and since when, and letting each go on."""

from django.http import HttpResponse
from django.views.decorators.http import require_safe

from tasks_app.selectors.access import is_operator
from tasks_app.selectors.paused import SHOWN, paused_queues, paused_tasks
from tasks_app.web.page import Request, page, render
from tasks_app.web.words import plural


@require_safe
@page
def paused_list(request: Request) -> HttpResponse:
    """Show it."""
    queues, (tasks, is_more) = paused_queues(), paused_tasks(request.user)
    context = {
        "queues": queues,
        "tasks": tasks,
        "is_more": is_more,
        "shown": SHOWN,
        "is_operator": is_operator(request.user),
        "sentence": _sentence(len(queues), len(tasks), is_more),
    }
    return render(request, "pages/paused-list.html", context)


def _sentence(queues: int, tasks: int, is_more: bool) -> str:
    if not queues and not tasks:
        return "Nothing is paused."
    counted = f"more than {plural(SHOWN, 'task')}" if is_more else plural(tasks, "task")
    parts = [plural(queues, "queue")] * bool(queues) + [counted] * bool(tasks)
    said = " and ".join(parts)
    return f"{said[0].upper()}{said[1:]} {'is' if queues + tasks == 1 else 'are'} paused."
