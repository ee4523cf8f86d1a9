"""What is wrong with the platform: in full to those who can mend it, in a line to everybody whose work it touches."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.http import HttpResponse
from django.shortcuts import redirect
from django.views.decorators.http import require_safe

from tasks_app.models import TaskRun, db_now
from tasks_app.selectors.access import Person, is_operator
from tasks_app.selectors.eligible import eligible_runs
from tasks_app.selectors.health import Finding, live_workers, unserved
from tasks_app.selectors.operations import worker_silence
from tasks_app.selectors.paused import paused_queue
from tasks_app.selectors.trouble import troubles
from tasks_app.states import Status
from tasks_app.web.page import Request, page, render
from tasks_app.web.words import actor, clock, duration

TITLES: Mapping[str, str] = {
    "database": "The database does not answer",
    "broker": "Redis does not do its part",
    "workers": "Some work has no worker",
    "claims": "Runs wait and nobody takes them",
    "schedule": "Planned runs start late",
    "beat": "The scheduler is silent",
    "upkeep": "Upkeep is silent",
}
# What others feel of it; of the rest they feel nothing.
FELT: Mapping[str, tuple[str, str]] = {
    "claims": ("Some runs are waiting and are not being started", "Nothing is lost: they run once this is mended."),
    "schedule": ("Planned runs start late", "Nothing is lost: each gets its run, or is marked as missed."),
    "broker": ("Runs start late, and pages follow them more slowly", "Nothing is lost: they wait in the database."),
    "database": ("Some pages may not answer", "What is stored is safe."),
}


@dataclass(frozen=True)
class Trouble:
    """One thing that is wrong, as a page tells it; `todo` is for those who can do it."""

    title: str
    detail: str
    since: datetime | None
    todo: str = ""


def troubles_for(user: Person) -> list[Trouble]:
    """Give what this person is told."""
    if is_operator(user):
        return [_whole(found) for found in troubles()]
    return [Trouble(*FELT[found.name], found.since) for found in troubles() if found.name in FELT][:1]


def why_it_waits(run: TaskRun) -> str:
    """Say what keeps a queued run from being started, where that is known."""
    if run.status != Status.QUEUED:
        return ""
    if why := _paused(run.queue) or _in_the_way(run.queue):
        return why
    if run.is_serial and not eligible_runs(run.queue).filter(id=run.id).exists():
        return "Waits its turn: another run of this task is under way."
    return ""


def why_it_is_silent(run: TaskRun) -> str:
    """Say that nothing is heard of the worker that has a run, and what comes of that."""
    silence = worker_silence(run.worker, db_now()) if run.status == Status.RUNNING else None
    if silence is None:
        return ""
    said = f"Nothing has been heard of {run.worker} for {duration(round(silence.total_seconds()))}"
    return f"{said}: if it does not come back soon, another worker takes the run over."


def _paused(name: str) -> str:
    queue = paused_queue(name)
    if queue is None or queue.paused_at is None:
        return ""
    since = clock(queue.paused_at, db_now())
    by = f" by {actor(queue.paused_by)}" if queue.paused_by else ""
    note = f": “{queue.pause_note}”" if queue.pause_note else ""
    return f"Queue {name} has been paused since {since}{by}{note}; it starts once the queue goes on."


def _in_the_way(queue: str) -> str:
    """Say which trouble of the platform keeps the runs of a queue from being started."""
    found = {one.name for one in troubles()}
    if "broker" in found:
        return "Runs start once Redis is back; until then this one waits in the database."
    if "workers" in found and (why := _without_worker(queue)):
        return why
    return "Runs are not being started now; it starts as soon as that is mended." * ("claims" in found)


def _without_worker(queue: str) -> str:
    without, hushed = unserved(live_workers())
    if queue in without:
        return f"No worker serves queue {queue} now; it starts as soon as one does."
    return f"Every worker of queue {queue} is quiet now; it starts as soon as one takes work again." * (queue in hushed)


def context_for(user: Person) -> dict[str, Any]:
    """Give what `parts/trouble.html` shows."""
    return {"troubles": troubles_for(user), "is_operator": is_operator(user)}


@require_safe
@page
def platform_trouble(request: Request) -> HttpResponse:
    """Answer with the notice alone; the home page asks again and again, because what stands still announces nothing.

    Whoever opens the address by itself finds the notice on the home page.
    """
    if not request.headers.get("HX-Request"):
        return redirect("home")
    asked = {"is_again": True, "is_late": "late" in request.GET}
    return render(request, "parts/trouble.html", {**context_for(request.user), **asked})


def _whole(found: Finding) -> Trouble:
    detail = found.detail.rstrip(".")
    return Trouble(TITLES.get(found.name, found.name), f"{detail[0].upper()}{detail[1:]}.", found.since, found.todo)
