"""What the buttons of a task do: each is a POST that goes back to a page; the destructive ones ask on a page first."""

import uuid
from collections.abc import Callable
from datetime import datetime

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.views.decorators.http import require_http_methods, require_POST

from tasks_app.catalogue import FIRST
from tasks_app.errors import CarillonError, Invalid
from tasks_app.recurrence import ScheduleError, check_timezone
from tasks_app.recurrence.moments import Unreadable, read_instant
from tasks_app.recurrence.zones import load_zone
from tasks_app.selectors.access import Deed
from tasks_app.services import tasks
from tasks_app.services.bulk_deeds import reason_of
from tasks_app.services.specs import TaskSpec
from tasks_app.web import task_bulk
from tasks_app.web.objects import task_or_404
from tasks_app.web.once import Outcome, done_once
from tasks_app.web.page import Request, act, actor_of, local_next, page, render, zone_of

_YEARS = range(1970, 9001)
_LENT, _MOST_LENT = ("calendar", "payload."), 20


def _detail(task_id: uuid.UUID) -> str:
    return reverse("task-detail", args=[task_id])


@require_POST
@page
def task_run_now(request: Request, task_id: uuid.UUID) -> HttpResponse:
    """Start a run, for another instant than now if one is given, and go to it."""
    task = task_or_404(request, task_id, Deed.RUN)

    def start() -> Outcome:
        instant = _instant(request.POST.get("scheduled_for", ""), task.timezone)
        run = tasks.task_run_now(task=task, actor=actor_of(request), scheduled_for=instant)
        return Outcome(reverse("run-detail", args=[run.pk]))

    try:
        return redirect(done_once(request, start).then)
    except CarillonError as error:
        messages.error(request, error.message)
        return redirect(_detail(task_id))


@require_POST
@page
def task_pause(request: Request, task_id: uuid.UUID) -> HttpResponse:
    """Pause, with the note that others will read."""
    task, note = task_or_404(request, task_id, Deed.CANCEL), request.POST.get("note", "").strip()
    return act(
        request,
        lambda: tasks.task_pause(task=task, actor=actor_of(request), note=note),
        success="Paused. Nothing is planned until you resume it.",
        then=local_next(request, _detail(task_id)),
    )


@require_POST
@page
def task_resume(request: Request, task_id: uuid.UUID) -> HttpResponse:
    """Plan again from now on."""
    task = task_or_404(request, task_id, Deed.CANCEL)
    return act(
        request,
        lambda: tasks.task_resume(task=task, actor=actor_of(request)),
        success="Resumed. What would have run during the pause is not made up for.",
        then=local_next(request, _detail(task_id)),
    )


@require_http_methods(["GET", "POST"])
@page
def task_cancel(request: Request, task_id: uuid.UUID) -> HttpResponse:
    """End the task for good, after asking."""
    task = task_or_404(request, task_id, Deed.CANCEL)
    if request.method == "GET":
        return _ask(
            request,
            title=f"Cancel “{task.name}”?",
            text="It will never run by itself again. Runs that wait are cancelled, those that run are asked to stop.",
            verb="Cancel the task",
            back=_detail(task_id),
        )
    return act(
        request,
        lambda: tasks.task_cancel(task=task, actor=actor_of(request)),
        success="The task is cancelled.",
        then=_detail(task_id),
    )


@require_http_methods(["GET", "POST"])
@page
def task_delete(request: Request, task_id: uuid.UUID) -> HttpResponse:
    """Take the task away, after asking."""
    task = task_or_404(request, task_id, Deed.MANAGE)
    if request.method == "GET":
        return _ask(
            request,
            title=f"Delete “{task.name}”?",
            text="It goes from every list and runs no more. Its runs stay in the history. "
            "You can bring it back for a day.",
            verb="Delete the task",
            back=_detail(task_id),
        )
    return task_bulk.delete_one(request, task)


@require_POST
@page
def task_duplicate(request: Request, task_id: uuid.UUID) -> HttpResponse:
    """Make a paused copy and open it for editing."""
    task = task_or_404(request, task_id, Deed.MANAGE)

    def copy(*without: str) -> Outcome:
        made = tasks.task_duplicate(task=task, owner=request.user, actor=actor_of(request), without=without)
        lost = " and ".join(path.removeprefix("payload.") for path in without)
        said = f"It is without its {lost}, which you cannot use." if without else ""
        return Outcome(reverse("task-edit", args=[made.pk]), said)

    try:
        outcome = done_once(request, lambda: _without_what_is_lent(copy))
    except CarillonError as error:
        messages.error(request, f"It was not copied: {reason_of(error)}" if error.fields else error.message)
        return redirect(_detail(task_id))
    messages.success(request, "This is the copy. It is paused until you resume it.")
    if outcome.refusal:
        messages.warning(request, outcome.refusal)
    return redirect(outcome.then)


def _without_what_is_lent(copy: Callable[..., Outcome]) -> Outcome:
    """Copy; where that names what is not the new owner's to use, without it, if it can be without."""
    lent: list[str] = []
    first: Invalid | None = None
    while True:
        try:
            return copy(*lent)
        except Invalid as error:
            first = first or error
            found = [path for path in _unknown(error) if path.startswith(_LENT) and path not in lent]
            if not found or len(lent) > _MOST_LENT:
                raise first from None
            lent += sorted(found)


def _unknown(error: Invalid) -> list[str]:
    return [path for path, faults in error.fields.items() if all(fault.code == "unknown" for fault in faults)]


@require_POST
@page
def task_example(request: Request) -> HttpResponse:
    """Make the example that an empty list offers: harmless, useful, and easy to change."""
    spec = TaskSpec(
        name=FIRST.name,
        type=FIRST.type,
        payload=FIRST.payload,
        schedule=FIRST.schedule,
        timezone=zone_of(request),
        description="An example. Change it, or delete it.",
        tags=("example",),
    )
    try:
        task = tasks.task_create(owner=request.user, spec=spec, actor=actor_of(request))
    except CarillonError as error:
        messages.error(request, error.message)
        return redirect("task-list")
    messages.success(request, "This is your first task. Run it now, or make it your own.")
    return redirect("task-detail", task_id=task.pk)


def _instant(text: str, zone: str) -> datetime | None:
    """Read what a dialog gave as wall time of the task's zone; raises Invalid with a sentence."""
    if not text.strip():
        return None
    try:
        instant = read_instant(text, load_zone(check_timezone(zone)))
    except Unreadable as error:
        raise Invalid(f"It was not started: {error.problem.message}.") from None
    except ScheduleError as error:
        raise Invalid(f"It was not started: {error}.") from None
    if instant.year not in _YEARS:
        raise Invalid(f"It was not started: the year must be between {_YEARS.start} and {_YEARS.stop - 1}.")
    return instant


def _ask(request: Request, *, title: str, text: str, verb: str, back: str) -> HttpResponse:
    return render(request, "pages/confirm.html", {"title": title, "text": text, "verb": verb, "back": back})
