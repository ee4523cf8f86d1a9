"""Moving tasks off a crowded minute: choose and see where they land, do it, and take it back."""

import re
import uuid
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_POST

from tasks_app.models import ScheduledTask
from tasks_app.selectors.access import Deed, may, sees_all
from tasks_app.selectors.planned import tasks_shown
from tasks_app.services.crowding import Crowd, crowd_at
from tasks_app.services.load import MINUTE, Load, minutes_of
from tasks_app.services.spreading import MOST, Spread, tasks_spread
from tasks_app.services.starts import Window, starts_within
from tasks_app.services.upcoming import spread_delay
from tasks_app.web import words
from tasks_app.web.look import Look, local, read
from tasks_app.web.page import Request, actor_of, local_next, page, render

CHOICES = (5, 10, 15, 30, 60)
USUAL = 10
BASELINE, ROOM = 84, 60
_WAS = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}:\d{1,6}:\d{1,6}", re.ASCII)
_KEY = "upcoming-spread"
_DAY = timedelta(days=1)


@dataclass(frozen=True)
class Candidate:
    """A task of a crowded minute, when it starts and when it would; a steady one starts again within the hour."""

    task: ScheduledTask
    starts_at: datetime
    would_start_at: datetime
    is_steady: bool

    @property
    def is_chosen(self) -> bool:
        """What is spread already, or cannot be, is left out unless somebody says otherwise."""
        return not self.is_steady and not self.task.spread_seconds


@dataclass(frozen=True)
class Landing:
    """A minute from the crowded one on and how many would start in it, as a bar."""

    clock: str
    count: int
    x: float
    width: float
    height: float
    is_named: bool

    @property
    def y(self) -> float:
        """Its upper end."""
        return BASELINE - self.height

    @property
    def word_y(self) -> float:
        """Where a word above it stands."""
        return self.y - 6

    @property
    def middle(self) -> float:
        """Where a word above it is centred."""
        return round(self.x + self.width / 2, 3)


@require_http_methods(["GET", "POST"])
@page
def upcoming_spread(request: Request) -> HttpResponse:
    """Show what would move and where to; then move it."""
    if request.method == "POST":
        return _move(request)
    look, at = Look.of(request.GET, timezone.now()), read(request.GET.get("at", ""))
    minutes = _minutes(request.GET.get("minutes", ""))
    crowd, candidates = _candidates(request, look, at, minutes) if at else (None, [])
    if at is None or crowd is None or not candidates:
        messages.warning(request, "Nothing that could be spread starts in that minute any more.")
        return redirect(look.href())
    chosen = [one for one in candidates if one.is_chosen]
    landings = _landings(chosen, at, minutes)
    context = {
        "candidates": candidates,
        "left_out": len(crowd.tasks) - len(candidates),
        "chosen_count": len(chosen),
        "minutes": minutes,
        "choices": [_choice(look, one, at=request.GET["at"], is_here=one == minutes) for one in CHOICES],
        "landings": landings,
        "most": max((landing.count for landing in landings), default=0),
        "back": look.href(),
        "clock": words.clock(at, look.now),
        "shows_owner": sees_all(request.user),
    }
    return render(request, "pages/upcoming-spread.html", context)


def _choice(look: Look, minutes: int, *, at: str, is_here: bool) -> dict[str, Any]:
    href = look.href("upcoming-spread", at=at, minutes=str(minutes))
    return {"label": f"{minutes} min", "href": href, "is_here": is_here}


def _minutes(text: str) -> int:
    return next((minutes for minutes in CHOICES if str(minutes) == text), USUAL)


def _candidates(request: Request, look: Look, at: datetime, minutes: int) -> tuple[Crowd, list[Candidate]]:
    """Find again what starts in that minute: the page that led here may be old."""
    window = Window.of(at, at + timedelta(minutes=2))
    load = Load(starts_within(request.user, window, look.filters), minutes_of(window))
    crowd = crowd_at(load, [window.start])
    starts = {
        task: next(second for second in group.seconds if second >= window.start)
        for group in load.groups
        for task in group.tasks
    }
    wanted = [*crowd.movable, *crowd.steady][:MOST]
    tasks = tasks_shown(request.user, wanted)
    shown = [tasks[task] for task in wanted if task in tasks and may(request.user, Deed.MANAGE, tasks[task])]
    return crowd, [_candidate(task, local(starts[task.id]), minutes, crowd) for task in shown]


def _candidate(task: ScheduledTask, starts_at: datetime, minutes: int, crowd: Crowd) -> Candidate:
    on_time = starts_at - spread_delay(task, task.spread_seconds)
    return Candidate(task, starts_at, on_time + spread_delay(task, minutes * MINUTE), task.id in crowd.steady)


def _landings(chosen: Sequence[Candidate], at: datetime, minutes: int) -> list[Landing]:
    """Give the minutes in which the chosen ones would start."""
    counts = Counter(int((one.would_start_at - at).total_seconds()) // MINUTE for one in chosen)
    most, share = max(counts.values(), default=1), 100 / minutes
    return [
        Landing(
            clock=f"{timezone.localtime(at + timedelta(minutes=place)):%H:%M}",
            count=counts[place],
            x=round(place * share + share * 0.12, 3),
            width=round(share * 0.76, 3),
            height=round(ROOM * counts[place] / most, 1),
            is_named=place % max(1, minutes // 5) == 0,
        )
        for place in range(minutes)
    ]


# -- moving, and taking it back


def _move(request: Request) -> HttpResponse:
    minutes = _minutes(request.POST.get("minutes", ""))
    tasks = _posted(request, request.POST.getlist("task"))
    back = local_next(request, reverse("upcoming"))
    if not tasks:
        messages.warning(request, "No task was chosen, and nothing has changed.")
        return redirect(back)
    done = tasks_spread(wanted=[(task, minutes * MINUTE) for task in tasks], actor=actor_of(request))
    _tell_refusals(request, done)
    moved = [one for one in done if one.refusal is None and one.before_seconds != one.task.spread_seconds]
    if moved:
        request.session[_KEY] = {
            "minutes": minutes,
            "moved": [_kept(one) for one in moved],
            "at": timezone.now().isoformat(),
            "is_new": True,
        }
    return redirect(back)


@require_POST
@page
def upcoming_spread_undo(request: Request) -> HttpResponse:
    """Put tasks back to how they were spread before, unless somebody has changed that since."""
    was = [text.split(":") for text in request.POST.getlist("was") if _WAS.fullmatch(text)][:MOST]
    shown = tasks_shown(request.user, [uuid.UUID(parts[0]) for parts in was])
    tasks = {str(task.id): task for task in shown.values() if may(request.user, Deed.MANAGE, task)}
    if was and not tasks and _KEY not in request.session:
        raise Http404
    known = [(tasks[name], int(before), int(after)) for name, before, after in was if name in tasks]
    wanted = [(task, before) for task, before, after in known if task.spread_seconds == after]
    done = tasks_spread(wanted=wanted, actor=actor_of(request))
    request.session.pop(_KEY, None)
    _tell_refusals(request, done)
    count = sum(one.refusal is None for one in done)
    messages.success(request, f"Taken back: {words.plural(count, 'task')} {_start(count)} as before.")
    if len(wanted) < len(was):
        messages.warning(
            request, f"{words.plural(len(was) - len(wanted), 'task')} had been changed or deleted since, and stay so."
        )
    return redirect(local_next(request, reverse("upcoming")))


def _start(count: int) -> str:
    return "starts" if count == 1 else "start"


def _posted(request: Request, names: Sequence[str]) -> list[ScheduledTask]:
    """Give the tasks with these ids; what one may not see does not exist."""
    try:
        ids = list(dict.fromkeys(uuid.UUID(name) for name in names[:MOST]))
    except ValueError as error:
        raise Http404 from error
    tasks = tasks_shown(request.user, ids)
    if len(tasks) < len(ids) or not all(may(request.user, Deed.MANAGE, task) for task in tasks.values()):
        raise Http404
    return [tasks[task] for task in ids]


def _tell_refusals(request: Request, done: Sequence[Spread]) -> None:
    for one in done:
        if one.refusal is not None:
            messages.error(request, f"“{one.task.name}” stays as it is: {one.refusal.message}")


def _kept(one: Spread) -> dict[str, Any]:
    """What the next page tells of it."""
    due = [instant.isoformat() if instant else "" for instant in (one.before_due_at, one.task.next_due_at)]
    was = f"{one.task.id}:{one.before_seconds}:{one.task.spread_seconds}"
    return {"id": str(one.task.id), "name": one.task.name, "was": was, "due": due}


def told(request: Request) -> dict[str, Any] | None:
    """Give what was moved last, within a day: the tasks, when they start, and what takes it back; `is_new` once."""
    kept = request.session.get(_KEY, {})
    at = datetime.fromisoformat(kept["at"]) if "at" in kept else None
    if at is None or timezone.now() - at > _DAY:
        return None
    if kept["is_new"]:
        request.session[_KEY] = {**kept, "is_new": False}
    moved = [
        {**one, "due": [datetime.fromisoformat(text) if text else None for text in one["due"]]} for one in kept["moved"]
    ]
    return {**kept, "count": words.plural(len(moved), "task"), "moved": moved, "at": at}
