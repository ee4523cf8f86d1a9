"""The section "Shared with" of a task's page: its buttons go back there, and taking a share back asks first."""

import uuid
from urllib.parse import urlencode

from django.contrib import messages as say
from django.http import HttpResponse, QueryDict
from django.shortcuts import redirect
from django.urls import reverse
from django.views.decorators.http import require_http_methods, require_POST

from tasks_app.errors import CarillonError, Invalid
from tasks_app.models import ScheduledTask
from tasks_app.selectors.access import Deed
from tasks_app.services.sharing import share_remove, share_set
from tasks_app.web import query
from tasks_app.web.objects import task_or_404
from tasks_app.web.page import Request, act, actor_of, page, render


@require_POST
@page
def task_share(request: Request, task_id: uuid.UUID) -> HttpResponse:
    """Share the task with a user or a group, or change what they may do with it."""
    task, receiver, name = task_or_404(request, task_id, Deed.MANAGE), _receiver(request.POST), _name(request.POST)
    level = request.POST.get("level", "")
    try:
        share_set(task=task, level=level, actor=actor_of(request), **{receiver: name})
    except CarillonError as error:
        said = _told(error) if isinstance(error, Invalid) else error.message
        say.error(request, said, extra_tags="shares")  # beside the form: one comes back to where it stands
        return redirect(_back(task_id, share=name, as_a=receiver, level=level))
    say.success(request, f"Shared with {name}.")
    return redirect(_back(task_id))


@require_http_methods(["GET", "POST"])
@page
def task_unshare(request: Request, task_id: uuid.UUID) -> HttpResponse:
    """Take a share back, after asking; the question's address says which."""
    task, told = task_or_404(request, task_id, Deed.MANAGE), request.POST if "name" in request.POST else request.GET
    receiver, name = _receiver(told), _name(told)
    if request.method == "GET":
        return _ask(request, task, receiver, name) if _is_shared(task, receiver, name) else redirect(_back(task_id))
    return act(
        request,
        lambda: share_remove(task=task, actor=actor_of(request), **{receiver: name}),
        success=f"No longer shared with {name}.",
        then=_back(task_id),
    )


def _ask(request: Request, task: ScheduledTask, receiver: str, name: str) -> HttpResponse:
    who = f"{'Its members' if receiver == 'group' else 'They'} see it no more"
    context = {
        "title": f"Stop sharing “{task.name}” with {name}?",
        "text": f"{who}, nor its runs and files, unless another share or their role lets them.",
        "verb": "Stop sharing",
        "back": _back(task.pk),
    }
    return render(request, "pages/confirm.html", context)


def _is_shared(task: ScheduledTask, receiver: str, name: str) -> bool:
    shares = task.shares.select_related("user", "group")
    return any(one.receiver == name and bool(one.group_id) == (receiver == "group") for one in shares)


def _receiver(data: QueryDict) -> str:
    return "group" if data.get("kind") == "group" else "user"


def _name(data: QueryDict) -> str:
    return query.text(data, "name")


def _back(task_id: uuid.UUID, **typed: str) -> str:
    """The section of the task's page, with what was typed and refused, so that it can be mended there."""
    kept = f"?{urlencode(typed)}" if typed else ""
    return f"{reverse('task-detail', args=[task_id])}{kept}#shares"


def _told(error: Invalid) -> str:
    """The faults in one sentence each: the page says them above itself."""
    faults = [fault.message for found in error.fields.values() for fault in found]
    return " ".join(faults) or error.message
