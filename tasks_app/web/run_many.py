"""One deed on many runs, all that match the filters or those that were ticked.

A page says how many, and then it goes step by step.
"""

import uuid
from collections import Counter
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.contrib import messages
from django.core import signing
from django.core.exceptions import SuspiciousOperation
from django.http import HttpResponse, QueryDict
from django.shortcuts import redirect
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_http_methods

from tasks_app.errors import CarillonError
from tasks_app.models import TaskRun
from tasks_app.selectors.access import may
from tasks_app.selectors.run_list import RunFilters
from tasks_app.selectors.run_terms import NEEDS
from tasks_app.selectors.walk import Found
from tasks_app.services.runs import AGAIN
from tasks_app.services.sweep_state import CAP, Plan, Verb
from tasks_app.services.sweeps import Foreseen, fitting, foreseen, left_alone, sweep_begin, sweep_go_on, sweep_plan
from tasks_app.states import Status
from tasks_app.web import query, run_undo, sweep_words
from tasks_app.web.page import Request, actor_of, page, render
from tasks_app.web.run_filters import all_filters_of, faults_of, kept
from tasks_app.web.words import plural

SHOWN = 10
TICKED = "ticked"
"""The mark of the form around the boxes, which means those and never all that match, also where none is ticked."""
_MOST_TICKED = 100
_SALT = "carillon.sweep"
_DAY_SECONDS = 86_400
_LONGEST_NOTE = 500
_ASKS = {"retry": "Run {} again?", "dismiss": "Dismiss {}?", "cancel": "Cancel {}?"}
_BUTTONS = {"retry": "Run {} again", "dismiss": "Dismiss {}", "cancel": "Cancel {}"}


@dataclass(frozen=True)
class Form:
    """What was confirmed: it travels through the pages, signed for one person."""

    back: str
    at: datetime
    token: uuid.UUID
    plan: Plan

    def signed(self, user_id: int) -> str:
        """Write it into a form."""
        plan = self.plan
        counted = (plan.verb, plan.total, str(plan.cursor or ""), str(plan.floor or ""))
        ticked = [[one.hex for one in plan.filters.ids]] if plan.filters.ids else []
        return signing.dumps(
            [user_id, self.back, self.at.timestamp(), str(self.token), *counted, *ticked], salt=_SALT, compress=True
        )

    @classmethod
    def read(cls, text: str, user_id: int, verb: Verb) -> "Form":
        """Read it from a form of this person's; raises SuspiciousOperation for any other."""
        try:
            owner, back, at, token, counted, total, cursor, floor, *ticked = signing.loads(
                text, salt=_SALT, max_age=_DAY_SECONDS
            )
        except (signing.BadSignature, ValueError, TypeError) as error:
            raise SuspiciousOperation("This is no form of ours, or it is too old.") from error
        if owner != user_id or counted != verb:
            raise SuspiciousOperation("This form is somebody else's, or for something else.")
        when = datetime.fromtimestamp(at, timezone.get_default_timezone())
        ids = tuple(uuid.UUID(one) for one in ticked[0]) if ticked else ()
        filters = _filters(QueryDict(back), ids, when)
        plan = Plan(verb, filters, total, *(uuid.UUID(one) if one else None for one in (cursor, floor)))
        return cls(back, when, uuid.UUID(token), plan)


@require_http_methods(["GET", "POST"])
@page
def run_many(request: Request, verb: str) -> HttpResponse:
    """GET says what would be done with how many; POST does it, as far as it comes in 10 s."""
    return _confirm(request, Verb(verb)) if request.method == "GET" else _go_on(request, Verb(verb))


def _confirm(request: Request, verb: Verb) -> HttpResponse:
    ids, now, asked = _ticked(request.GET), timezone.now(), back_of(request.GET)
    filters = _filters(request.GET, ids, now)
    back = f"{reverse('run-list')}?{asked}"
    if refused := "" if ids else _refused(request.GET, filters):
        messages.warning(request, refused)
        return redirect(back)
    plan, found = sweep_plan(user=request.user, verb=verb, filters=filters)
    known = Foreseen() if ids else foreseen(found.rows, plan)
    left = left_alone(list(found.rows), verb) if ids else Counter({AGAIN: known.again})
    first = list(fitting(found.rows, verb, is_ticked=bool(ids) or known.again > 0)[:SHOWN])
    total = plan.total - known.again
    context: dict[str, Any] = {
        "verb": verb.value,
        "can_undo": verb is Verb.DISMISS and not plan.is_capped,
        "back": back,
        "total": total,
        "runs": [(run, may(request.user, verb.deed, run)) for run in first],
        "more": _more(total - len(first), is_cut=plan.is_capped),
        "title": _ASKS[verb].format(_counted(plan, total)) if total else "Nothing to do",
        "button": _BUTTONS[verb].format("it" if total == 1 else "them"),
        "since": found.since,
        "walk": found.walk,
        "left_alone": sweep_words.beforehand(left, ticked=bool(ids)),
        "dismissed": known.dismissed,
        "why_none": "" if total else _why_none(found, is_ticked=bool(ids)),
        "without": _without_dismissed(request.GET, filters),
    }
    if plan.cursor is not None and total:
        context["plan"] = Form(asked, now, uuid.uuid4(), plan).signed(request.user.pk)
    return render(request, "pages/run-many.html", context)


def _go_on(request: Request, verb: Verb) -> HttpResponse:
    sent = request.POST.get("plan", "")
    form = Form.read(sent, request.user.pk, verb)
    back, note = f"{reverse('run-list')}?{form.back}", request.POST.get("note", "").strip()[:_LONGEST_NOTE]
    try:
        sweep_begin(user=request.user, token=form.token, plan=form.plan, note=note)
    except CarillonError as error:
        messages.error(request, error.message)
        return redirect(back)
    progress = sweep_go_on(user=request.user, token=form.token, actor=actor_of(request))
    if progress.can_undo:
        run_undo.offer(request, form.token)
        return redirect(back)
    if progress.is_finished:
        (messages.success if progress.done else messages.warning)(request, sweep_words.finished(progress))
        return redirect(back)
    context = {
        "verb": verb.value,
        "back": back,
        "plan": sent,
        "seen": progress.seen,
        "total": max(min(form.plan.total, CAP), progress.seen),
        "is_capped": form.plan.is_capped,
        "stopped": progress.stopped,
        "left": sorted(progress.left.items()),
    }
    return render(request, "pages/run-many-on.html", context)


def back_of(data: QueryDict) -> str:
    """Give the filters and the page of the list from which somebody came."""
    before = query.identifier(data, "before")
    return "&".join(part for part in (kept(data), f"before={before}" if before else "") if part)


def _ticked(data: QueryDict) -> tuple[uuid.UUID, ...]:
    found = []
    for name in data.getlist("run")[:_MOST_TICKED]:
        with suppress(ValueError):
            found.append(uuid.UUID(name))
    return tuple(found)


def _refused(data: QueryDict, filters: RunFilters) -> str:
    """Say why an address without one id is about no runs: who names runs, however badly, never means all that match."""
    if TICKED in data or "run" in data:
        return "Tick the runs that you mean."
    if faults_of(data, filters):
        return "The search was not understood, so nothing is done with what it finds."
    return "" if filters.is_any else "Narrow the list first, or tick the runs that you mean."


def _filters(data: QueryDict, ids: tuple[uuid.UUID, ...], now: datetime) -> RunFilters:
    return RunFilters(ids=ids, now=now) if ids else all_filters_of(data, now=now)


def _without_dismissed(data: QueryDict, filters: RunFilters) -> str:
    """The address that asks about the same but for what was dismissed; "" where the list has no such name."""
    if filters.status != Status.FAILED:
        return ""
    asked = data.copy()
    asked["status"] = NEEDS
    return f"?{kept(asked)}"


def _why_none(found: Found[TaskRun], *, is_ticked: bool) -> str:
    if found.rows.exists():
        return "No run that matches is in a state for this."
    return "None of the runs that you ticked is there any more." if is_ticked else "No run matches any more."


def _counted(plan: Plan, total: int) -> str:
    return f"more than {CAP:,} runs" if plan.is_capped else plural(total, "run")


def _more(count: int, *, is_cut: bool) -> str:
    return "" if count <= 0 else f"and {count - 1:,}+ more" if is_cut else f"and {count:,} more"
