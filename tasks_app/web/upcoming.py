"""Upcoming: what will start, how much of it at once, and which minutes are crowded."""

import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.http import HttpResponse
from django.utils import timezone
from django.views.decorators.http import require_safe

from tasks_app.handlers import registry
from tasks_app.selectors.access import sees_all
from tasks_app.selectors.home import postponed
from tasks_app.selectors.kept_plans import planning_owners
from tasks_app.selectors.planned import NamedTask, PlannedFilters, tasks_named
from tasks_app.selectors.task_list import queue_names
from tasks_app.services.crowding import Crowd, crowd_size, crowded_minutes, crowds
from tasks_app.services.kept_day import ENTRIES as DAY_ENTRIES
from tasks_app.services.kept_day import NAMES, ROWS
from tasks_app.services.load import Counts, Load
from tasks_app.services.planned_runs import load_within
from tasks_app.services.upcoming import Upcoming, upcoming_slots
from tasks_app.web import agenda, lanes, load_chart, query, words
from tasks_app.web.look import FILTERS, ORDERS, SPAN_LABELS, SPAN_WORDS, SPANS, Look, local, moment, written
from tasks_app.web.page import Request, page, render
from tasks_app.web.spread import CHOICES, told

LANES, CROWDS = ROWS, 8
# How many tasks the agenda names in each of its parts; the span of an hour is the place to see all.
ENTRIES = {"hour": 100, "day": DAY_ENTRIES, "week": DAY_ENTRIES}


@dataclass(frozen=True)
class CrowdRow:
    """A crowded minute, those like it, and the first of its tasks."""

    at: str
    clock: str
    others: str
    task_count: int
    movable_count: int
    tasks: list[NamedTask]
    rest: int


@require_safe
@page
@query.tidied
def upcoming(request: Request) -> HttpResponse:
    """Show the load of the span, its crowded minutes, its tasks and its hours."""
    look = Look.of(request.GET, timezone.now())
    load = load_within(request.user, look.window, look.filters, look.pages(), most=ENTRIES[look.span])
    context = {
        "look": look,
        "load": load,
        "sentence": sentence(load, look),
        "chart": load_chart.draw(load, look),
        "spread": told(request),
        "postponed": postponed(request.user),
        "next": None if load.total else _next(request, look.filters),
        "has_tasks": bool(load.total or _next(request, PlannedFilters())),
        **_what_starts(request, load, look),
        **_controls(request, look, load),
        **_addresses(look),
    }
    return render(request, "pages/upcoming.html", context)


def _what_starts(request: Request, load: Load, look: Look) -> dict[str, Any]:
    """Give crowded minutes, lanes and agenda, their tasks read at once."""
    most = ENTRIES[look.span]
    found, crowd_count = crowds(load, most=CROWDS)
    rows = load.most_often(LANES) if look.order else load.soonest(LANES)
    named = {task for task, _ in rows} | agenda.wanted(load, most)
    tasks = tasks_named(request.user, named.union(*(crowd.tasks[:NAMES] for crowd in found)))
    return {
        "crowded_finding": crowded_finding(load, found),
        "crowds": [_crowd_row(crowd, look, tasks) for crowd in found],
        "crowds_rest": crowd_count - len(found),
        "crowd_size": crowd_size(load),
        "choices": CHOICES,
        "lanes": lanes.draw(load, look, rows, tasks),
        "lanes_rest": load.task_count - len(rows),
        "agenda": agenda.draw(load, look, tasks, most=most),
    }


def _controls(request: Request, look: Look, load: Load) -> dict[str, Any]:
    """Give what narrows the page: spans, filters and the order of the lanes."""
    types = [(one.name, one.title) for one in registry.all()]
    selects = [
        query.select(request.GET, "type", "Any type", types),
        query.select(request.GET, "queue", "Any queue", [(name, name) for name in queue_names()]),
    ]
    if sees_all(request.user):
        owners = [(name, name) for name in planning_owners(request.user, load.owners)]
        selects.append(query.select(request.GET, "owner", "Any owner", owners))
    spans = [
        {"label": SPAN_LABELS[name], "href": look.at(name, _start(look)).href(), "is_here": name == look.span}
        for name in SPANS
    ]
    orders = query.select(request.GET, "order", ORDERS[""], [item for item in ORDERS.items() if item[0]])
    return {"selects": selects, "spans": spans, "orders": orders, "shows_owner": sees_all(request.user)}


def _addresses(look: Look) -> dict[str, Any]:
    """Give where one goes from here, and what its forms keep of where one is."""
    before, after = look.beside()
    parameters = look.parameters()
    return {
        "before": before.href() if before else "",
        "after": after.href(),
        "now_href": look.at(look.span, None).href(),
        "everything": parameters,
        "unfiltered": [item for item in parameters if item[0] not in FILTERS],
        "unordered": [item for item in parameters if item[0] != "order"],
    }


def _start(look: Look) -> int | None:
    return int(look.start.timestamp()) if look.start else None


def sentence(load: Load, look: Look) -> str:
    """Say the whole page: "212 runs of 37 tasks in the next 24 hours; busiest minute: 03:00 with 41 runs."."""
    when = f"in the next {SPAN_WORDS[look.span]}"
    if look.start:
        when = f"from {words.clock(moment(look.window.start), look.now)} to {_end(look)}"
    return counted(load.counts(), look.now, f" {when}") if load.total else f"Nothing starts {when}."


def counted(load: Counts, now: datetime, when: str = "") -> str:
    """Say how much starts, and when most of it does."""
    more = "" if load.is_complete else "More than "
    said = f"{more}{words.plural(load.total, 'run')} of {words.plural(load.task_count, 'task')}{when}"
    busiest, runs = load.busiest()
    if runs <= 1:
        return f"{said}; no two in one minute." if load.total > 1 else f"{said}."
    return f"{said}; busiest minute: {words.clock(moment(busiest), now)} with {runs:,} runs."


def _end(look: Look) -> str:
    """The end of the window; its day is named where it is another one than that of the start."""
    start, end = local(look.window.start), local(look.window.end)
    return f"{end:%H:%M}" if end.date() == start.date() else words.clock(end, look.now)


def crowded_finding(load: Load, found: list[Crowd]) -> str:
    """The title of the crowded minutes is what they come to."""
    if not found:
        return f"No crowded minute: at most {words.plural(max(load.tasks, default=0), 'task')} at once"
    minutes = words.plural(len(crowded_minutes(load)), "crowded minute")
    return f"{minutes}, with up to {found[0].task_count:,} tasks at once"


def _crowd_row(crowd: Crowd, look: Look, tasks: Mapping[uuid.UUID, NamedTask]) -> CrowdRow:
    shown = [tasks[task] for task in crowd.tasks[:NAMES] if task in tasks]
    others = crowd.minutes[1:]
    return CrowdRow(
        at=written(moment(crowd.minutes[0])),
        clock=words.clock(moment(crowd.minutes[0]), look.now),
        others=f"and {len(others):,} more like it, to {local(others[-1]):%a %H:%M}" if others else "",
        task_count=crowd.task_count,
        movable_count=crowd.movable_count,
        tasks=shown,
        rest=crowd.task_count - len(shown),
    )


def _next(request: Request, filters: PlannedFilters) -> Upcoming | None:
    """What starts first of all, when nothing does within the span."""
    found = upcoming_slots(request.user, until=None, limit=1, filters=filters)
    return found[0] if found else None
