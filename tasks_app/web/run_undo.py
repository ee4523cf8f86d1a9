"""The way back from a dismissal of many runs: offered once, on the list that it leads to."""

import uuid
from contextlib import suppress
from typing import Any

from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.views.decorators.http import require_POST

from tasks_app.errors import CarillonError, NotFound
from tasks_app.services.sweeps import sweep_go_on, sweep_progress, sweep_undo
from tasks_app.web import sweep_words
from tasks_app.web.page import Request, actor_of, local_next, page, render

_KEY = "sweep_told"


def offer(request: Request, token: uuid.UUID) -> None:
    """Have the list tell what came of a sweep, with the way back beside it."""
    request.session[_KEY] = str(token)


def told(request: Request) -> dict[str, Any] | None:
    """Give, once, what came of the sweep that led to the list."""
    token = None if request.headers.get("HX-Request") else request.session.pop(_KEY, None)
    if token is None:
        return None
    with suppress(NotFound):
        progress = sweep_progress(user=request.user, token=uuid.UUID(token))
        return {"token": token, "progress": progress, "said": sweep_words.finished(progress)}
    return None


@require_POST
@page
def run_sweep_undo(request: Request, sweep_id: uuid.UUID) -> HttpResponse:
    """Put back what the sweep dismissed, as far as it comes in 10 s; sent again, it goes on."""
    back = local_next(request, reverse("run-list"))
    try:
        token = sweep_undo(user=request.user, token=sweep_id)
        progress = sweep_go_on(user=request.user, token=token, actor=actor_of(request))
    except NotFound as error:
        raise Http404 from error
    except CarillonError as error:
        messages.error(request, error.message)
        return redirect(back)
    if progress.is_finished:
        (messages.success if progress.done else messages.warning)(request, sweep_words.finished(progress))
        return redirect(back)
    context = {
        "back": back,
        "next": back,
        "seen": progress.seen,
        "total": progress.plan.total,
        "left": sorted(progress.left.items()),
    }
    return render(request, "pages/run-many-on.html", context)
