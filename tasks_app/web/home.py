"""Home: what is happening, what will happen, what went wrong.

Each live part has its template and reads what it shows by itself, so that a part that is fetched again costs no more.
"""

from collections.abc import Callable, Mapping
from datetime import timedelta
from typing import Any

from django.contrib.auth.models import User
from django.http import HttpResponse
from django.utils import timezone
from django.views.decorators.http import require_safe

from tasks_app.selectors import home as reads
from tasks_app.selectors.rollups import per_minute
from tasks_app.web import minute_bars
from tasks_app.web.home_figures import home_figures
from tasks_app.web.navigation import badge
from tasks_app.web.page import Request, page, render
from tasks_app.web.platform_state import context_for
from tasks_app.web.run_times import times_left
from tasks_app.web.words import plural

SHOWN = 8
BADGE = "parts/nav-failed.html"
_DAY = timedelta(days=1)


@require_safe
@page
def home(request: Request) -> HttpResponse:
    """Show the four questions' answers, live; or the one part that is asked for."""
    wanted = request.headers.get("HX-Target", "") if request.headers.get("HX-Request") else ""
    parts = [_PARTS[wanted]] if wanted in _PARTS else _PARTS.values()
    context: dict[str, Any] = {}
    for read in dict.fromkeys(read for part in parts for read in part):
        context |= read(request.user)
    if "needing" in context:
        context["finding"] = _finding(context)
    return render(request, "pages/home.html", context, fragments=FRAGMENTS)


@require_safe
@page
def needing(request: Request) -> HttpResponse:
    """Answer with the badge of the rail alone: how many runs need this person."""
    count = reads.needs_person_count(request.user)
    context = {"needs_person": count, "count": badge(count)}
    return render(request, BADGE, context, fragments={"nav-failed": BADGE})


def _state(user: User) -> dict[str, Any]:
    return {**context_for(user), "recent": reads.latest_runs(user), "needing": reads.needs_person_count(user)}


def _counts(user: User) -> dict[str, Any]:
    counts = reads.task_counts(user)
    return {"tasks": counts, "has_tasks": any(counts.values())}


def _figures(user: User) -> dict[str, Any]:
    return {"figures": home_figures(user, timezone.now())}


def _failed(user: User) -> dict[str, Any]:
    return _some("failed", reads.needs_person(user))


def _pulse(user: User) -> dict[str, Any]:
    return {"pulse": minute_bars.draw(per_minute(user))}


def _running(user: User) -> dict[str, Any]:
    """`lines` is called by the one part that shows them."""
    found = _some("running", reads.running_now(user))
    runs = found["running"]
    return {**found, "lines": lambda: list(zip(runs, times_left(runs, timezone.now()), strict=True))}


def _coming(user: User) -> dict[str, Any]:
    found = _some("coming", reads.coming_up(user, until=timezone.now() + _DAY))
    return {**found, "slots": [task.next_due_at for task in found["coming"]]}


def _some(name: str, rows: Any) -> dict[str, Any]:
    """Give the first rows, and whether there are more."""
    found = list(rows[: SHOWN + 1])
    return {name: found[:SHOWN], f"{name}_more": len(found) > SHOWN}


_PARTS: Mapping[str, tuple[Callable[[User], dict[str, Any]], ...]] = {
    "home-head": (_state, _counts, _running, _coming),
    "home-figures": (_figures, _counts),
    "home-failed": (_failed,),
    "home-pulse": (_pulse,),
    "home-now": (_running,),
    "home-next": (_coming,),
}
FRAGMENTS = {name: f"parts/{name}.html" for name in _PARTS}


def _finding(context: Mapping[str, Any]) -> str:
    """The page's title is its finding."""
    failed, running = context["needing"], len(context["running"])
    if failed:
        return f"{plural(failed, 'run')} {'needs' if failed == 1 else 'need'} you"
    if running:
        many = f"More than {SHOWN} runs" if context["running_more"] else plural(running, "run")
        return f"{many} in progress"
    return "Nothing is running" if context["troubles"] else "All quiet"
