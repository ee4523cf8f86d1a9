"""One deed on all runs that match the filters: a page that says how many, and then step by step."""

import secrets
import uuid
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.contrib import messages
from django.core import signing
from django.core.exceptions import SuspiciousOperation
from django.db.models import QuerySet
from django.http import HttpResponse, QueryDict
from django.shortcuts import redirect
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_http_methods

from tasks_app.models import TaskRun
from tasks_app.selectors.access import Deed, may
from tasks_app.selectors.run_walk import run_find
from tasks_app.services import sweeps
from tasks_app.services.sweeps import Progress, Sweep, Verb
from tasks_app.web.page import Request, actor_of, page, render
from tasks_app.web.run_filters import all_filters_of, kept
from tasks_app.web.words import plural

CAP = 10_000
SHOWN = 10
_SALT = "carillon.sweep"
_DAY_SECONDS = 86_400
_DEEDS = {"retry": Deed.RUN, "dismiss": Deed.RUN, "cancel": Deed.CANCEL}
_ASKS = {"retry": "Run {} again?", "dismiss": "Dismiss {}?", "cancel": "Cancel {}?"}
_BUTTONS = {"retry": "Run them again", "dismiss": "Dismiss them", "cancel": "Cancel them"}
_DONE = {
    "retry": ("{} started again; the earlier ones stay as they were.", "No run was started again."),
    "dismiss": ("{} dismissed; they stay in the history.", "No run was dismissed."),
    "cancel": ("{} cancelled, or asked to stop.", "No run was cancelled."),
}


@dataclass(frozen=True)
class Plan:
    """What was confirmed: it travels through the pages, signed for one person."""

    query: str
    at: datetime
    total: int
    token: str
    progress: Progress
    note: str = ""

    def signed(self, user_id: int) -> str:
        """Write it into a form."""
        parts = (self.query, self.at.timestamp(), self.total, self.token, self.note)
        cursor = str(self.progress.cursor or "")
        told = (cursor, self.progress.done, self.progress.left)
        return signing.dumps([user_id, *parts, *told], salt=_SALT, compress=True)

    @classmethod
    def read(cls, text: str, user_id: int) -> "Plan":
        """Read it from a form of this person's; raises SuspiciousOperation for any other."""
        try:
            owner, query, at, total, token, note, cursor, done, left = signing.loads(
                text, salt=_SALT, max_age=_DAY_SECONDS
            )
        except (signing.BadSignature, ValueError, TypeError) as error:
            raise SuspiciousOperation("This is no form of ours, or it is too old.") from error
        if owner != user_id:
            raise SuspiciousOperation("This form is somebody else's.")
        progress = Progress(uuid.UUID(cursor) if cursor else None, done, left)
        return cls(query, datetime.fromtimestamp(at, timezone.get_default_timezone()), total, token, progress, note)


@require_http_methods(["GET", "POST"])
@page
def run_many(request: Request, verb: str) -> HttpResponse:
    """GET says what would be done with how many; POST does it, as far as it comes in 10 s."""
    return _confirm(request, Verb(verb)) if request.method == "GET" else _go_on(request, Verb(verb))


def _confirm(request: Request, verb: Verb) -> HttpResponse:
    query, now = kept(request.GET), timezone.now()
    filters = all_filters_of(request.GET, now=now)
    back = f"{reverse('run-list')}?{query}"
    if filters.read is not None and filters.read.faults:
        messages.error(request, "The search was not understood, so nothing is done with what it finds.")
        return redirect(back)
    found = run_find(request.user, filters)
    rows = sweeps.fitting(found.rows, verb)
    total = rows.values("id")[: CAP + 1].count()
    first = list(rows[:SHOWN])
    context: dict[str, Any] = {
        "verb": verb.value,
        "back": back,
        "total": total,
        "runs": [(run, may(request.user, _DEEDS[verb], run)) for run in first],
        "more": _more(total - len(first), is_cut=total > CAP),
        "title": _ASKS[verb].format(_counted(total)),
        "button": _BUTTONS[verb],
        "since": found.since,
        "walk": found.walk,
    }
    if first:
        newest = uuid.UUID(int=first[0].id.int + 1)
        plan = Plan(query, now, min(total, CAP), secrets.token_urlsafe(16), Progress(newest))
        context["plan"] = plan.signed(request.user.pk)
    return render(request, "pages/run-many.html", context)


def _go_on(request: Request, verb: Verb) -> HttpResponse:
    plan = Plan.read(request.POST.get("plan", ""), request.user.pk)
    note = plan.note or request.POST.get("note", "").strip()[:500]
    sweep = Sweep(verb, request.user, actor_of(request), plan.token, _rows(request, plan), note)
    progress = sweeps.sweep_on(sweep, plan.progress)
    back = f"{reverse('run-list')}?{plan.query}"
    if progress.cursor is None:
        said = _told(verb, progress)
        (messages.success if progress.done else messages.warning)(request, said)
        return redirect(back)
    later = Plan(plan.query, plan.at, plan.total, plan.token, progress, note)
    context = {
        "verb": verb.value,
        "back": back,
        "plan": later.signed(request.user.pk),
        "seen": progress.seen,
        "total": max(plan.total, progress.seen),
        "is_capped": plan.total >= CAP,
        "stopped": progress.stopped,
        "left": sorted(progress.left.items()),
    }
    return render(request, "pages/run-many-on.html", context)


def _rows(request: Request, plan: Plan) -> QuerySet[TaskRun]:
    """The runs that were counted: spans of time reach back from when that was."""
    return run_find(request.user, all_filters_of(QueryDict(plan.query), now=plan.at)).rows


def _told(verb: Verb, progress: Progress) -> str:
    some, none = _DONE[verb]
    said = [some.format(plural(progress.done, "run")) if progress.done else none]
    if progress.left:
        count = sum(progress.left.values())
        why = "; ".join(
            f"{many:,} {reason[0].lower()}{reason[1:].rstrip('.')}" for reason, many in progress.left.items()
        )
        said.append(f"{plural(count, 'run')} {'was' if count == 1 else 'were'} left alone: {why}.")
    return " ".join(said)


def _counted(total: int) -> str:
    return f"more than {CAP:,} runs" if total > CAP else plural(total, "run")


def _more(count: int, *, is_cut: bool) -> str:
    return "" if count <= 0 else f"and {count - 1:,}+ more" if is_cut else f"and {count:,} more"
