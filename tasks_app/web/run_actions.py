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
from tasks_app.web.forms.draw import draw_payload
from tasks_app.web.forms.field import unplaced
from tasks_app.web.forms.fold import fold
from tasks_app.web.forms.locked import lock, take_out
from tasks_app.web.forms.named import numbered
from tasks_app.web.forms.read import Reader
from tasks_app.web.forms.rows import BUTTONS, Rows
from tasks_app.web.forms.task import type_info
from tasks_app.web.objects import run_or_404
from tasks_app.web.page import Request, act, actor_of, local_next, page, render

FRAGMENTS = {"payload-fields": "parts/payload-fields.html"}
SETTLED = {
    "yes": "Noted: it happened. A retry does not do it again.",
    "no": "Noted: it did not happen. A retry does it.",
}
Errors = dict[str, list[FieldError]]


def _detail(run_id: uuid.UUID) -> str:
    return reverse("run-detail", args=[run_id])


@require_POST
@page
def run_cancel(request: Request, run_id: uuid.UUID) -> HttpResponse:
    """End a run that waits, ask one that runs to stop."""
    run = run_or_404(request, run_id, Deed.CANCEL)
    return act(
        request,
        lambda: runs.run_cancel(run=run, actor=actor_of(request)),
        success="It has been asked to stop." if run.status == "running" else "The run is cancelled.",
        then=local_next(request, _detail(run_id)),
    )


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
        return _again(request, run, None, Rows())
    if not (shows_payload(request.user, run) and may(request.user, Deed.MANAGE, run)):
        raise PermissionDenied("You may see this run, but not what it was given, or not change it.")
    if request.method == "GET":
        return _editor(request, run, masked_payload(run), {}, Rows())
    chosen = type_info(run.type)
    reader = Reader(chosen.schema, request.POST, masked_payload(run))
    payload = take_out(reader.payload(), reader.errors, chosen.locked)
    rows = Rows(origins=reader.origins, came_from=reader.came_from)
    if any(name in request.POST for name in (*BUTTONS, "_refresh")):
        return _editor(request, run, payload, {}, rows)
    if reader.errors:
        return _editor(request, run, payload, reader.errors, rows, status=400)
    return _again(request, run, payload, rows)


def _again(request: Request, run: TaskRun, payload: dict[str, object] | None, rows: Rows) -> HttpResponse:
    try:
        meant = None if payload is None else meant_payload(request.user, run, payload, origins=rows.origins)
        again = runs.run_retry(run=run, actor=actor_of(request), payload=meant)
    except Invalid as error:
        return _editor(request, run, payload or {}, error.fields, rows, status=400)
    except CarillonError as error:
        messages.error(request, error.message)
        return redirect(_detail(run.pk))
    messages.success(request, "This is the new run; the earlier one stays as it was.")
    return redirect(_detail(again.pk))


def _editor(  # noqa: PLR0913  # what the form is drawn with
    request: Request, run: TaskRun, payload: dict[str, object], errors: Errors, rows: Rows, *, status: int = 200
) -> HttpResponse:
    chosen = type_info(run.type)
    errors = numbered(chosen.schema, payload, errors)
    shown = with_locked(model_of(run.type), payload, chosen.locked)
    drawn = draw_payload(chosen.schema, shown, errors, owner=run.owner, editor=request.user)
    fields = lock(rows.told(drawn), chosen.locked)
    context = {
        "run": run,
        "title": run.task.name if run.task else run.type,
        "payload_fold": fold(fields, chosen.schema, payload),
        "form": {"payload": payload},
        "unplaced": unplaced(errors, fields),
        "has_errors": bool(errors),
    }
    return render(request, "pages/run-retry.html", context, fragments=FRAGMENTS, status=status)
