"""The section "Shared with" of a task's page: each of its buttons is a POST that goes back there."""

import uuid

from django.http import HttpResponse
from django.urls import reverse
from django.views.decorators.http import require_POST

from tasks_app.errors import CarillonError, Invalid
from tasks_app.selectors.access import Deed
from tasks_app.services.sharing import share_remove, share_set
from tasks_app.web import query
from tasks_app.web.objects import task_or_404
from tasks_app.web.page import Request, act, actor_of, page


@require_POST
@page
def task_share(request: Request, task_id: uuid.UUID) -> HttpResponse:
    """Share the task with a user or a group, or change what they may do with it."""
    task, receiver, name = task_or_404(request, task_id, Deed.MANAGE), _receiver(request), _name(request)

    def share() -> None:
        try:
            share_set(task=task, level=request.POST.get("level", ""), actor=actor_of(request), **{receiver: name})
        except Invalid as error:
            raise _told(error) from error

    return act(request, share, success=f"Shared with {name}.", then=_back(task_id))


@require_POST
@page
def task_unshare(request: Request, task_id: uuid.UUID) -> HttpResponse:
    """Take a share back."""
    task, receiver, name = task_or_404(request, task_id, Deed.MANAGE), _receiver(request), _name(request)
    return act(
        request,
        lambda: share_remove(task=task, actor=actor_of(request), **{receiver: name}),
        success=f"No longer shared with {name}.",
        then=_back(task_id),
    )


def _receiver(request: Request) -> str:
    return "group" if request.POST.get("kind") == "group" else "user"


def _name(request: Request) -> str:
    return query.text(request.POST, "name")


def _back(task_id: uuid.UUID) -> str:
    return reverse("task-detail", args=[task_id]) + "#shares"


def _told(error: Invalid) -> CarillonError:
    """The faults in one sentence each: the page says them above itself."""
    faults = [fault.message for found in error.fields.values() for fault in found]
    return CarillonError(" ".join(faults) or error.message)
