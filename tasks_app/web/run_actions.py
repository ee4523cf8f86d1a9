"""What the buttons of a run do."""

import uuid

from django.contrib import messages
from django.core.exceptions import PermissionDenied, SuspiciousOperation
from django.http import HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.views.decorators.http import require_http_methods, require_POST

from tasks_app.errors import CarillonError, FieldError, Invalid
from tasks_app.handlers.locks import with_locked
from tasks_app.models import TaskRun
from tasks_app.selectors.access import Deed, may
from tasks_app.selectors.payloads import masked_payload, model_of
from tasks_app.services import runs, settling
from tasks_app.services.audit import shows_payload
from tasks_app.services.payloads import meant_payload
from tasks_app.web import words
from tasks_app.web.forms.aside import typed_before, with_typed
from tasks_app.web.forms.draw import draw_payload
from tasks_app.web.forms.field import faulty, unplaced
from tasks_app.web.forms.fold import fold
from tasks_app.web.forms.locked import lock, take_out
from tasks_app.web.forms.named import numbered
from tasks_app.web.forms.pick import Picker, pick_lists
from tasks_app.web.forms.read import Reader
from tasks_app.web.forms.rows import BUTTONS, Rows
from tasks_app.web.forms.shape import Shape
from tasks_app.web.forms.task import type_info
from tasks_app.web.forms.ways import brought_home
from tasks_app.web.objects import run_or_404
from tasks_app.web.once import Outcome, done_once
from tasks_app.web.page import Request, act, actor_of, local_next, page, render, status_of

FRAGMENTS = {"payload-fields": "parts/payload-fields.html"}
SETTLED = {
    "yes": "Noted: it happened. A retry does not do it again.",
    "no": "Noted: it did not happen. A retry does it.",
}
Errors = dict[str, list[FieldError]]


def _detail(run_id: uuid.UUID) -> str:
    return reverse("run-detail", args=[run_id])


@require_http_methods(["GET", "POST"])
@page
def run_cancel(request: Request, run_id: uuid.UUID) -> HttpResponse:
    """End a run that waits, ask one that runs to stop: for good, so pages ask first, by that of a GET."""
    run = run_or_404(request, run_id, Deed.CANCEL)
    back = local_next(request, _detail(run_id))
    if request.method == "GET":
        return _ask_to_cancel(request, run, back) if run.can_cancel else redirect(_detail(run_id))
    return act(
        request,
        lambda: runs.run_cancel(run=run, actor=actor_of(request)),
        success="It has been asked to stop." if run.status == "running" else "The run is cancelled.",
        then=back,
    )


def _never(run: TaskRun) -> str:
    if run.failures or run.crashes:
        return "It has been tried before, and will not be tried again."
    return "This run will not begin."


def _ask_to_cancel(request: Request, run: TaskRun, back: str) -> HttpResponse:
    name = run.task.name if run.task else words.type_title(run.type)
    context = {
        "title": f"Cancel {name}?",
        "text": f"{_never(run)} That is for good.",
        "verb": "Cancel the run",
        "back": back,
    }
    if run.status == "running":
        text = "The run is asked to stop. What it has done already stays done."
        context |= {"title": f"Stop {name}?", "text": text, "verb": "Stop the run"}
    return render(request, "pages/confirm.html", context)


@require_POST
@page
def run_dismiss(request: Request, run_id: uuid.UUID) -> HttpResponse:
    """Take a failure off the list, with the note that says why."""
    run, note = run_or_404(request, run_id, Deed.RUN), request.POST.get("note", "").strip()
    return act(
        request,
        lambda: runs.run_dismiss(run=run, actor=actor_of(request), note=note),
        success="Dismissed. It stays in the history.",
        then=local_next(request, _detail(run_id)),
        undo=reverse("run-undismiss", args=[run_id]),
    )


@require_POST
@page
def run_undismiss(request: Request, run_id: uuid.UUID) -> HttpResponse:
    """Put a dismissed failure back on the list."""
    run = run_or_404(request, run_id, Deed.RUN)
    return act(
        request,
        lambda: runs.run_undismiss(run=run, actor=actor_of(request)),
        success="It needs somebody again.",
        then=local_next(request, _detail(run_id)),
    )


@require_POST
@page
def run_effect_settle(request: Request, run_id: uuid.UUID, effect_id: int) -> HttpResponse:
    """Say whether a side effect of which nobody knew has happened."""
    run, word, note = (
        run_or_404(request, run_id, Deed.RUN),
        request.POST.get("happened"),
        request.POST.get("note", "").strip(),
    )
    if word not in SETTLED:
        raise SuspiciousOperation("Neither button was pressed.")
    return act(
        request,
        lambda: settling.effect_settle(
            run=run, effect_id=effect_id, happened=word == "yes", actor=actor_of(request), note=note
        ),
        success=SETTLED[word],
        then=_detail(run_id),
    )


@require_http_methods(["GET", "POST"])
@page
def run_retry(request: Request, run_id: uuid.UUID) -> HttpResponse:
    """POST runs it again as it was; the form changes the payload first."""
    run = run_or_404(request, run_id, Deed.RUN)
    if request.method == "POST" and "changed" not in request.POST:
        return _again(request, run, None, None)
    if not (shows_payload(request.user, run) and may(request.user, Deed.MANAGE, run)):
        raise PermissionDenied("You may see this run, but not what it was given, or not change it.")
    if request.method == "GET":
        return _editor(request, run, masked_payload(run), {}, None)
    chosen = type_info(run.type)
    reader = Reader(chosen.schema, request.POST, masked_payload(run), picker=Picker(run.owner, request.user))
    payload = take_out(reader.payload(), reader.errors, chosen.locked)
    if any(name in request.POST for name in (*BUTTONS, "_refresh")):
        return _editor(request, run, payload, {}, reader)
    if reader.errors:
        return _editor(request, run, payload, reader.errors, reader, status=400)
    return _again(request, run, payload, reader)


def _again(request: Request, run: TaskRun, payload: dict[str, object] | None, reader: Reader | None) -> HttpResponse:
    origins = reader.origins if reader else {}

    def start() -> Outcome:
        meant = None if payload is None else meant_payload(request.user, run, payload, origins=origins)
        again = runs.run_retry(run=run, actor=actor_of(request), payload=meant)
        return Outcome(_detail(again.pk))

    try:
        outcome = done_once(request, start)
    except Invalid as error:
        faults = brought_home(error.fields, reader.left if reader else {}, {})
        return _editor(request, run, payload or {}, faults, reader, status=400)
    except CarillonError as error:
        messages.error(request, error.message)
        if payload is None:
            return redirect(_detail(run.pk))
        return _editor(request, run, payload, {}, reader, status=status_of(error))
    messages.success(request, "This is the new run; the earlier one stays as it was.")
    return redirect(outcome.then)


def _editor(  # noqa: PLR0913  # what the form is drawn with
    request: Request,
    run: TaskRun,
    payload: dict[str, object],
    errors: Errors,
    reader: Reader | None,
    *,
    status: int = 200,
) -> HttpResponse:
    """Draw the form: of what the run was given, or of what `reader` has read."""
    chosen = type_info(run.type)
    errors = numbered(chosen.schema, payload, errors)
    shown, as_json = with_locked(model_of(run.type), payload, chosen.locked), reader.as_json if reader else {}
    fields = draw_payload(chosen.schema, shown, errors, owner=run.owner, editor=request.user, as_json=as_json)
    if reader is not None:
        fields = with_typed(Rows(came_from=reader.came_from).told(fields), reader.posted)
    fields = lock(fields, chosen.locked)
    wrong = faulty(fields)
    context = {
        "run": run,
        "title": run.task.name if run.task else run.type,
        "payload_lists": pick_lists(fields, Picker(run.owner, request.user)),
        "payload_fold": fold(fields, chosen.schema, payload),
        "payload_aside": typed_before(Shape(chosen.schema, chosen.schema), fields, reader.posted) if reader else [],
        "form": {"payload": payload},
        "faulty": wrong,
        "focus": wrong[0].path if wrong else "",
        "unplaced": unplaced(errors, fields),
        "has_errors": bool(errors),
    }
    return render(request, "pages/run-retry.html", context, fragments=FRAGMENTS, status=status)
