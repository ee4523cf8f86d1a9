"""Home: what is happening, what will happen, what went wrong."""

from datetime import timedelta
from typing import Any

from django.http import HttpResponse
from django.utils import timezone
from django.views.decorators.http import require_safe

from tasks_app.selectors import home as reads
from tasks_app.web.page import Request, page, render
from tasks_app.web.platform_state import context_for
from tasks_app.web.words import plural

SHOWN = 8
FRAGMENTS = {
    "home-now": "parts/home-now.html",
    "home-next": "parts/home-next.html",
    "home-failed": "parts/home-failed.html",
    "home-head": "parts/home-head.html",
}


@require_safe
@page
def home(request: Request) -> HttpResponse:
    """Show the four questions' answers, live."""
    user, now = request.user, timezone.now()
    running = list(reads.running_now(user)[: SHOWN + 1])
    failed = list(reads.needs_person(user)[: SHOWN + 1])
    coming = list(reads.coming_up(user, until=now + timedelta(days=1))[: SHOWN + 1])
    counts = reads.task_counts(user)
    context: dict[str, Any] = {
        "running": running[:SHOWN],
        "running_more": len(running) > SHOWN,
        "failed": failed[:SHOWN],
        "failed_more": len(failed) > SHOWN,
        "coming": coming[:SHOWN],
        "coming_more": len(coming) > SHOWN,
        "queued": reads.queued_count(user),
        "tasks": counts,
        "ended": reads.ended_counts(user, since=now - timedelta(days=1)),
        "has_tasks": any(counts.values()),
        "recent": reads.latest_runs(user),
        "slots": [task.next_due_at for task in coming if task.next_due_at],
        **(state := context_for(user)),
        "finding": _finding(len(running), reads.needs_person_count(user), is_well=not state["troubles"]),
    }
    return render(request, "pages/home.html", context, fragments=FRAGMENTS)


def _finding(running: int, failed: int, *, is_well: bool) -> str:
    """The page's title is its finding."""
    if failed:
        return f"{plural(failed, 'run')} {'needs' if failed == 1 else 'need'} you"
    if running:
        many = f"More than {SHOWN} runs" if running > SHOWN else plural(running, "run")
        return f"{many} in progress"
    return "All quiet" if is_well else "Nothing is running"
