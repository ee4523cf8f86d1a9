"""New task and edit task: choose a type, fill the form, save; the schedule's preview beside it."""

import uuid
from collections.abc import Callable
from functools import partial
from http import HTTPStatus

from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.views.decorators.http import require_http_methods, require_POST

from tasks_app.catalogue import BY_KEY, Example
from tasks_app.errors import CarillonError, Stale
from tasks_app.handlers import registry
from tasks_app.models import ScheduledTask
from tasks_app.selectors.access import Deed, why_not
from tasks_app.selectors.catalogue import example_offers, examples_about, in_groups, type_offers, types_about
from tasks_app.selectors.payloads import masked_payload
from tasks_app.selectors.task_list import queue_names
from tasks_app.selectors.tasks import task_deleted
from tasks_app.services.audit import shows_payload
from tasks_app.services.borrowing import check_calendar
from tasks_app.services.payloads import meant_payload
from tasks_app.services.specs import TaskSpec
from tasks_app.services.tasks import task_create, task_run_now, task_update
from tasks_app.web import query
from tasks_app.web.forms import calendar
from tasks_app.web.forms.changed import began_with, changed
from tasks_app.web.forms.pick import Picker
from tasks_app.web.forms.rows import BUTTONS, rows_mark
from tasks_app.web.forms.schedule import ScheduleForm
from tasks_app.web.forms.task import TaskForm, type_info
from tasks_app.web.objects import task_or_404
from tasks_app.web.once import Outcome, done_once
from tasks_app.web.page import Request, actor_of, page, render, status_of, zone_of
from tasks_app.web.preview import preview
from tasks_app.web.revisions import overtaken
from tasks_app.web.signed_out import kept
from tasks_app.web.zones import zone_offers

FRAGMENTS = {"payload-fields": "parts/payload-fields.html", "schedule-kinds": "parts/schedule-kinds.html"}
_REDRAW = (*BUTTONS, "_refresh", "_preview", "_apply")


@require_http_methods(["GET", "POST"])
@page
def task_new(request: Request) -> HttpResponse:
    """Choose a type, then fill its form."""
    example = BY_KEY.get(request.GET.get("example", ""))
    name = example.type if example else request.GET.get("type", "")
    if not name:
        return _choose(request)
    chosen = type_info(name)
    if not chosen.is_known or registry.get(name).internal:
        raise Http404
    if request.method == "GET":
        zone = zone_of(request)
        given = request.GET.get("name", "")
        form = (
            TaskForm.example(chosen, example, zone=zone) if example else TaskForm.blank(chosen, zone=zone, name=given)
        )
        return _draw(request, form, example=example)
    form = TaskForm.posted(chosen, request.POST, kept={}, picker=Picker(request.user))

    def save() -> ScheduledTask:
        spec = TaskSpec(type=chosen.name, **form.fields())
        return task_create(owner=request.user, spec=spec, actor=actor_of(request))

    return _save(request, form, save, done="The task has been made.", example=example)


@require_http_methods(["GET", "POST"])
@page
def task_edit(request: Request, task_id: uuid.UUID) -> HttpResponse:
    """Edit a task; somebody else's edit in between is said, not overwritten."""
    try:
        task = task_or_404(request, task_id, Deed.MANAGE)
    except Http404:
        return _of_deleted(request, task_id)
    is_shown = shows_payload(request.user, task)
    if request.method == "GET":
        return _draw(request, TaskForm.of(task, shows_payload=is_shown), task=task)
    held, mark = masked_payload(task), rows_mark(task.payload)
    picker, shape = Picker(task.owner, request.user), type_info(task.type)
    form = TaskForm.posted(shape, request.POST, kept=held, shows_payload=is_shown, mark=mark, picker=picker)
    form.mean = lambda payload, origins: meant_payload(request.user, task, payload, origins=origins)
    form.vet = lambda named: check_calendar(request.user, task, named)
    version = query.whole(request.POST, "version")

    def save() -> ScheduledTask:
        return task_update(task=task, changes=form.fields(), actor=actor_of(request), expected_version=version)

    return _save(request, form, save, done="Saved.", task=task)


def _of_deleted(request: Request, task_id: uuid.UUID) -> HttpResponse:
    """Keep what was typed for a task that was deleted meanwhile, to be saved once it is back."""
    task = task_deleted(request.user, task_id, Deed.MANAGE)
    if task is None or request.method != "POST" or request.headers.get("HX-Request"):
        raise Http404
    form = TaskForm.of(task, shows_payload=shows_payload(request.user, task))
    began = began_with(form.context(queues=queue_names(), owner=task.owner, editor=request.user))
    about = {"name": task.name, "changed": partial(changed, began)}
    return kept(request, status=404, template="pages/task-deleted.html", **about)


@require_POST
@page
def task_preview(request: Request) -> HttpResponse:
    """Say what the schedule in the form means."""
    try:
        task = task_or_404(request, uuid.UUID(request.GET["task"])) if "task" in request.GET else None
    except ValueError:
        raise Http404 from None
    form = ScheduleForm.posted(request.POST)
    shown = preview(form, reader=request.user, task=task, **calendar.read(request.POST))
    return render(request, "parts/preview.html", {"preview": shown})


def _choose(request: Request) -> HttpResponse:
    """Offer the types and the examples; what this person may not use stands there with the reason."""
    words = query.text(request.GET, "search")
    context = {
        "search": words,
        "types": types_about(type_offers(request.user), words),
        "groups": in_groups(examples_about(example_offers(request.user, zone_of(request)), words)),
    }
    return render(request, "pages/task-types.html", context, fragments={"type-choice": "parts/type-choice.html"})


def _save(  # noqa: PLR0913  # what a form is drawn with again
    request: Request,
    form: TaskForm,
    save: Callable[[], ScheduledTask],
    *,
    done: str,
    task: ScheduledTask | None = None,
    example: Example | None = None,
) -> HttpResponse:
    if any(name in request.POST for name in _REDRAW):
        form.errors = {}
        if "_apply" in request.POST or "_preview" in request.POST:
            form.errors |= preview(form.schedule, reader=request.user, task=task, **calendar.kept(form.values)).faults
        return _draw(request, form, task=task, example=example)
    if form.errors:
        form.check(task.owner if task else request.user)
        return _draw(request, form, task=task, example=example, status=400)
    try:
        outcome = done_once(request, lambda: _saved(request, save, is_run=form.run_now))
    except CarillonError as error:
        return _draw(request, form, task=task, example=example, status=_refuse(request, form, error))
    messages.success(request, done)
    if outcome.refusal:
        messages.error(request, outcome.refusal)
    return redirect(outcome.then)


def _saved(request: Request, save: Callable[[], ScheduledTask], *, is_run: bool) -> Outcome:
    """Save, and run it once where that was asked for; a refused run leaves what was saved."""
    task = save()
    detail = reverse("task-detail", args=[task.pk])
    if not is_run:
        return Outcome(detail)
    try:
        run = task_run_now(task=task, actor=actor_of(request))
    except CarillonError as error:
        return Outcome(detail, f"It was not run: {error.message}")
    return Outcome(reverse("run-detail", args=[run.pk]))


def _refuse(request: Request, form: TaskForm, error: CarillonError) -> int:
    """Bring a refusal to the form; gives the HTTP status."""
    if isinstance(error, Stale):
        return HTTPStatus.PRECONDITION_FAILED
    form.refuse(error)
    return status_of(error)


def _draw(
    request: Request,
    form: TaskForm,
    *,
    task: ScheduledTask | None = None,
    example: Example | None = None,
    status: int = 200,
) -> HttpResponse:
    owner = task.owner if task else request.user
    drawn = form.context(queues=queue_names(), owner=owner, editor=request.user)
    reason = why_not(owner, registry.get(form.type.name)) if form.type.is_known else ""
    context = {
        **drawn,
        "why_not": reason,
        "unplaced": [text for text in drawn["unplaced"] if text != f"type: {reason}"],
        "task": task,
        "type": form.type,
        "example": example,
        "preview": preview(form.schedule, reader=request.user, task=task, **calendar.kept(form.values)),
        "has_errors": drawn["has_errors"] and status != HTTPStatus.OK,
        "overtaken": overtaken(request, task) if task and status == HTTPStatus.PRECONDITION_FAILED else None,
        "zones": zone_offers(),
        "back": reverse("task-detail", args=[task.pk]) if task else reverse("task-new"),
    }
    return render(request, "pages/task-form.html", context, fragments=FRAGMENTS, status=status)
