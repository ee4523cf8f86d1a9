"""Home: what is happening, what will happen, what went wrong.

Each live part has its template and reads what it shows by itself, so that a part that is fetched again costs no more.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from urllib.parse import urlencode

from django.contrib.auth.models import User
from django.http import HttpResponse
from django.utils import timezone
from django.utils.functional import SimpleLazyObject
from django.views.decorators.http import require_safe

from tasks_app.models import TaskRun
from tasks_app.selectors import home as reads
from tasks_app.selectors.access import is_operator
from tasks_app.selectors.effects import Known, known_of
from tasks_app.services.planned_runs import counts_within
from tasks_app.web import minute_bars
from tasks_app.web.home_figures import home_figures
from tasks_app.web.look import Look
from tasks_app.web.navigation import badge
from tasks_app.web.page import Request, page, part_wanted, render
from tasks_app.web.platform_state import context_for
from tasks_app.web.pulse import SPANS, Span, span_named
from tasks_app.web.run_times import times_left
from tasks_app.web.upcoming import counted
from tasks_app.web.words import KNOWN, capped, plural

SHOWN = 8
BADGE = "parts/nav-failed.html"
_DAY = timedelta(days=1)
_BARE = "bare"


@dataclass(frozen=True)
class Failed:
    """The newest of some failures that are alike; `many` and `query` are about all of them.

    `told` is what is known of its lost effect, if it has one.
    """

    run: TaskRun
    many: str
    query: str
    told: str


@require_safe
@page
def home(request: Request) -> HttpResponse:
    """Show the four questions' answers, live; or the one part that is asked for."""
    wanted = part_wanted(request)
    parts = [_PARTS[wanted]] if wanted in _PARTS else _PARTS.values()
    span = span_named(request.GET.get("span", ""))
    context: dict[str, Any] = {"spans": SPANS, "span": span, "pulse": SimpleLazyObject(lambda: _pulse(request, span))}
    for read in dict.fromkeys(read for part in parts for read in part):
        context |= read(request.user)
    if "needing" in context:
        context["finding"] = _finding(context)
    return render(request, "pages/home.html", {**context, **_bare(request, context)}, fragments=FRAGMENTS)


@require_safe
@page
def needing(request: Request) -> HttpResponse:
    """Answer with the badge of the rail alone: how many runs need this person, and what the icon of the tab shows."""
    now = reads.standing(request.user)
    context = {"needs_person": now.needs_person, "is_running": now.is_running, "count": badge(now.needs_person)}
    return render(request, BADGE, context, fragments={"nav-failed": BADGE})


def _bare(request: Request, context: Mapping[str, Any]) -> dict[str, Any]:
    """Whether there was no run yet, and none to come, when the page was opened: the strip takes its room with the next
    look at it, so that nothing moves."""
    is_bare = _BARE in request.GET if request.headers.get("HX-Request") else not (context["recent"] or context["slots"])
    if not is_bare:
        return {}
    asked = request.GET.copy()
    asked[_BARE] = "1"
    return {"is_bare": True, "live_path": f"{request.path}?{asked.urlencode()}"}


def _state(user: User) -> dict[str, Any]:
    return {**context_for(user), "recent": reads.latest_runs(user), "needing": reads.needs_person_count(user)}


def _counts(user: User) -> dict[str, Any]:
    counts = reads.task_counts(user)
    return {"tasks": counts, "has_tasks": any(counts.values())}


def _figures(user: User) -> dict[str, Any]:
    return {"figures": home_figures(user, timezone.now()), "is_operator": is_operator(user)}


def _failed(user: User) -> dict[str, Any]:
    found, has_more = reads.alike(user, SHOWN)
    known = known_of([one.run for one in found])
    said = {run_id: KNOWN.get(how, "") for run_id, how in known.items()}
    failed = [Failed(one.run, _many(one), urlencode(one.narrowed), said.get(one.run.id, "")) for one in found]
    unsettled = {one for one, how in known.items() if how is Known.LOST}
    return {"failed": failed, "failed_more": has_more, "unsettled": unsettled}


def _many(one: reads.Alike) -> str:
    """Say how many failures are alike; nothing of one alone."""
    return f"{one.count:,}{'+' if one.is_cut else ''} times" if one.count > 1 else ""


def _pulse(request: Request, span: Span) -> minute_bars.MinuteBars:
    return minute_bars.draw(span.read(request.user), span)


def _running(user: User) -> dict[str, Any]:
    """`lines` is called by the one part that shows them."""
    found = _some("running", reads.running_now(user))
    runs = found["running"]
    return {**found, "lines": lambda: list(zip(runs, times_left(runs, timezone.now()), strict=True))}


def _coming(user: User) -> dict[str, Any]:
    """`counted` is called by the one part that shows it."""
    found = _some("coming", reads.coming_up(user, until=timezone.now() + _DAY))
    slots = [task.next_due_at for task in found["coming"]]
    counts = {"counted": lambda: _counted(user) if slots else "", "postponed": reads.postponed(user)}
    return {**found, "slots": slots, **counts}


def _counted(user: User) -> str:
    """Say how much starts within the day, of which the part names the first few; what is late counts no more."""
    look = Look(timezone.now())
    counts = counts_within(user, look.window, look.pages())
    return counted(counts, look.now) if counts.total else ""


def _some(name: str, rows: Any) -> dict[str, Any]:
    """Give the first rows, and whether there are more."""
    found = list(rows[: SHOWN + 1])
    return {name: found[:SHOWN], f"{name}_more": len(found) > SHOWN}


_PARTS: Mapping[str, tuple[Callable[[User], dict[str, Any]], ...]] = {
    "home-head": (_state, _counts, _running, _coming),
    "home-figures": (_figures, _counts),
    "home-failed": (_failed,),
    "home-pulse": (),
    "home-now": (_running,),
    "home-next": (_coming,),
}
FRAGMENTS = {name: f"parts/{name}.html" for name in _PARTS}


def _finding(context: Mapping[str, Any]) -> str:
    """The page's title is its finding."""
    failed, running = context["needing"], len(context["running"])
    if failed:
        return "1 run needs you" if failed == 1 else f"{capped(failed).capitalize()} runs need you"
    if running:
        many = f"More than {SHOWN} runs" if context["running_more"] else plural(running, "run")
        return f"{many} in progress"
    return "Nothing is running" if context["troubles"] else "All quiet"
