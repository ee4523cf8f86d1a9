"""Backfill of a task: a form, what it would do, and the start."""

import uuid
from dataclasses import dataclass
from typing import Any

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_http_methods

from tasks_app.errors import CarillonError
from tasks_app.models import ScheduledTask
from tasks_app.selectors.access import Deed
from tasks_app.services.backfill_slots import Plan, Slot
from tasks_app.services.backfills import backfill_create, backfill_preview
from tasks_app.states import OPEN
from tasks_app.web.forms.backfill import BackfillForm
from tasks_app.web.objects import task_or_404
from tasks_app.web.once import Outcome, done_once
from tasks_app.web.page import Request, actor_of, page, render, status_of
from tasks_app.web.words import in_zone, plural

FRAGMENTS = {"backfill-plan": "parts/backfill-plan.html"}
SHOWN = 100
_ORDER = ("missing", "skipped", "cancelled", "failed", "succeeded", *sorted(OPEN), "planned")


@dataclass(frozen=True)
class Row:
    """One slot, in the task's zone."""

    slot: Slot
    at: Any
    runs: bool


@require_http_methods(["GET", "POST"])
@page
def task_backfill(request: Request, task_id: uuid.UUID) -> HttpResponse:
    """GET shows what the fields mean; POST starts it."""
    task = task_or_404(request, task_id, Deed.RUN)
    form = BackfillForm.of(task, request.POST if request.method == "POST" else request.GET, now=timezone.now())
    try:
        if request.method == "POST":
            return redirect(done_once(request, lambda: _started(request, task, form)).then)
        plan = backfill_preview(task=task, spec=form.spec())
    except CarillonError as error:
        form.errors = dict(error.fields)
        status = status_of(error) if request.method == "POST" else 200
        return _draw(request, form, {"refusal": "" if form.errors else error.message}, status=status)
    return _draw(request, form, {"plan": plan, **_shown(task, form, plan)})


def _started(request: Request, task: ScheduledTask, form: BackfillForm) -> Outcome:
    batch = backfill_create(task=task, spec=form.spec(), actor=actor_of(request))
    messages.success(request, f"Started: {plural(batch.total, 'slot')}, oldest first.")
    return Outcome(reverse("batch-detail", args=[batch.pk]))


def _draw(request: Request, form: BackfillForm, found: dict[str, Any], *, status: int = 200) -> HttpResponse:
    fields = form.fields()
    faults = [(fields[name].label, one.message) for name, errors in form.errors.items() for one in errors]
    context = {"task": form.task, "fields": fields, "values": form.values, "faults": faults, **found}
    context["spans"] = form.spans(timezone.now())
    return render(request, "pages/backfill.html", context, fragments=FRAGMENTS, status=status)


def _shown(task: ScheduledTask, form: BackfillForm, plan: Plan) -> dict[str, Any]:
    """Every slot while they are few, otherwise those that would run."""
    chosen, reprocess = {slot.at for slot in plan.chosen}, form.values["reprocess"]
    listed = plan.slots if len(plan.slots) <= SHOWN else plan.chosen
    rows = [Row(slot, in_zone(slot.at, task.timezone), slot.at in chosen) for slot in listed[:SHOWN]]
    return {
        "rows": rows,
        "more": len(listed) - len(rows),
        "counts": [(word, plan.counts[word]) for word in _ORDER if word in plan.counts],
        "is_anew": reprocess == "all" and "succeeded" in plan.counts,
        "is_again": reprocess == "failed" and "failed" in plan.counts,
    }
