"""Acting on many tasks: ask on a page of its own, do it, and say what came of it.

The form carries a token, so that it counts once, and a mark of exactly the tasks that it was made for: where others
match by the time it is sent, the page asks again.
"""

import uuid
from contextlib import suppress
from typing import Any

from django.contrib import messages
from django.db.models import QuerySet
from django.http import Http404, HttpResponse, QueryDict
from django.shortcuts import redirect
from django.urls import reverse
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from tasks_app.errors import CarillonError, NotFound
from tasks_app.models import ScheduledTask
from tasks_app.selectors.bulk import Prospect, chosen_ids, mark_of, prospect, ticked
from tasks_app.services.bulk import bulk_begin, bulk_go_on, bulk_progress, bulk_recent, bulk_undo
from tasks_app.services.bulk_deeds import ASKABLE, STATES, Order, Verb
from tasks_app.services.specs import MOST_TAGS, split_tags
from tasks_app.web import bulk_words
from tasks_app.web.page import Request, page, render, status_of
from tasks_app.web.task_query import Asked

_TICKED = 200
_KEY = "task-bulk"
_CHANGED = "What matches has changed since you looked. Nothing was done; this is what there is now."


@require_http_methods(["GET", "POST"])
@page
def task_bulk(request: Request) -> HttpResponse:
    """Show how many it is and what will happen; then do it."""
    data = request.POST if request.method == "POST" else request.GET
    asked = Asked.of(request.user, data)
    rows = _rows(asked, data)
    order = _order(data, rows)
    refusal = _why_not(asked, order, rows, data)
    if refusal or order is None or rows is None:
        messages.warning(request, refusal)
        return redirect(asked.href())
    if request.method == "POST":
        return _begin(request, asked, order, rows)
    return _ask(request, asked, order, rows, data)


@require_http_methods(["GET", "POST"])
@page
def task_bulk_progress(request: Request, bulk_id: uuid.UUID) -> HttpResponse:
    """Say how far it has come; a POST goes on."""
    try:
        if request.method == "POST":
            return _go_on(request, bulk_id)
        progress = bulk_progress(user=request.user, token=bulk_id)
    except NotFound as error:
        raise Http404 from error
    context = {
        "progress": progress,
        "token": bulk_id,
        "came_of_it": bulk_words.finished(progress),
        "said": bulk_words.halfway(progress),
        "asks": bulk_words.asked(progress.order.verb, progress.total),
    }
    return render(request, "pages/task-bulk-progress.html", context)


@require_safe
@page
def task_bulk_recent(request: Request) -> HttpResponse:
    """List what this person did with tasks within a day, each with its way back."""
    lines = [
        {
            "one": one,
            "said": bulk_words.finished(one.progress),
            "so_far": bulk_words.halfway(one.progress),
            "more": one.progress.done_count - len(one.progress.done),
        }
        for one in bulk_recent(user=request.user)
    ]
    return render(request, "pages/task-bulk-recent.html", {"lines": lines})


@require_POST
@page
def task_bulk_undo(request: Request, bulk_id: uuid.UUID) -> HttpResponse:
    """Take it back from the tasks that it was done to, unless they have changed since."""
    try:
        return _go_on(request, bulk_undo(user=request.user, token=bulk_id))
    except NotFound as error:
        raise Http404 from error
    except CarillonError as error:
        messages.error(request, error.message)
        return redirect("task-list")


def delete_one(request: Request, task: ScheduledTask) -> HttpResponse:
    """Delete one task, such that the list offers to bring it back."""
    token, back = uuid.uuid4(), reverse("task-list")
    try:
        bulk_begin(user=request.user, token=token, order=Order(verb=Verb.DELETE), ids=[task.pk], back=back)
    except CarillonError as error:
        messages.error(request, error.message)
        return redirect("task-detail", task_id=task.pk)
    return _go_on(request, token)


def told(request: Request) -> dict[str, Any] | None:
    """Give, once, what came of the action that led to the list."""
    token = None if request.headers.get("HX-Request") else request.session.pop(_KEY, None)
    if token is None:
        return None
    with suppress(NotFound):
        progress = bulk_progress(user=request.user, token=uuid.UUID(token))
        return {"token": token, "progress": progress, "said": bulk_words.finished(progress)}
    return None


def _order(data: QueryDict, rows: QuerySet[ScheduledTask] | None) -> Order | None:
    verb = next((one for one in ASKABLE if one == data.get("do")), None)
    if verb is None:
        return None
    named = data.get("tag_name", "").replace("\0", "").strip()
    # One with a comma may be there from before that was refused; it is named as it is, to be taken away.
    is_one = verb is Verb.UNTAG and "," in named and rows is not None and named in _tags(rows)
    tags = [named] if is_one else split_tags(named)
    return Order(verb=verb, note=data.get("note", "").replace("\0", ""), tags=tags)


def _rows(asked: Asked, data: QueryDict) -> QuerySet[ScheduledTask] | None:
    """All that match, or those that were ticked; None when nothing was."""
    if data.get("all"):
        return asked.rows()
    ids = []
    for name in data.getlist("task")[:_TICKED]:
        with suppress(ValueError):
            ids.append(uuid.UUID(name))
    return ticked(asked.user, ids) if ids else None


def _why_not(asked: Asked, order: Order | None, rows: QuerySet[ScheduledTask] | None, data: QueryDict) -> str:
    if order is None:
        return "Say what to do with the tasks."
    if rows is None:
        return "Tick the tasks that you mean, or choose all that match."
    if data.get("all") and asked.search.faults:
        return "The search has a part that is not understood, so it matches more than it says. Mend it first."
    return ""


def _ask(  # noqa: PLR0913  # what the page shows
    request: Request,
    asked: Asked,
    order: Order,
    rows: QuerySet[ScheduledTask],
    data: QueryDict,
    *,
    fault: str = "",
    token: str = "",
    status: int = 200,
) -> HttpResponse:
    found = prospect(request.user, rows, order.deed, STATES[order.verb])
    if not found.total:
        messages.warning(request, "No task matches any more.")
        return redirect(asked.href())
    context = {
        "order": order,
        "found": found,
        "words": bulk_words.of(order.verb),
        "said": bulk_words.before(order.verb, found),
        "searched_to": asked.found.since if data.get("all") else None,
        "walk": asked.found.walk,
        "is_older": asked.before is not None,
        "is_possible": found.acted and not found.is_too_many,
        "asks": bulk_words.asked(order.verb, found.acted),
        "more": max(0, found.acted - len(found.names)),
        "kept": [*asked.pairs(), *_kept(data, order, found)],
        "tags": _tags(rows) if order.needs_tag else [],
        "longest": MOST_TAGS * 52,  # 50 characters each, and what parts them
        "token": token or uuid.uuid4(),
        "fault": fault,
        "back": asked.href(),
    }
    return render(request, "pages/task-bulk.html", context, status=status)


def _kept(data: QueryDict, order: Order, found: Prospect) -> list[tuple[str, str]]:
    which = [("all", "1")] if data.get("all") else [("task", name) for name in data.getlist("task")[:_TICKED]]
    return [*which, ("do", order.verb.value), ("seen", found.mark)]


def _tags(rows: QuerySet[ScheduledTask]) -> list[str]:
    """Tags that the tasks have, to choose from."""
    lists = rows.order_by().exclude(tags=[]).values_list("tags", flat=True)[:500]
    return sorted({tag for tags in lists for tag in tags}, key=str.casefold)[:100]


def _begin(request: Request, asked: Asked, order: Order, rows: QuerySet[ScheduledTask]) -> HttpResponse:
    ids = chosen_ids(rows)
    token = _token(request.POST)
    if token is not None and _is_known(request, token):
        return _go_on(request, token)
    if token is None or mark_of(ids) != request.POST.get("seen"):
        return _ask(request, asked, order, rows, request.POST, fault=_CHANGED, status=409)
    try:
        bulk_begin(user=request.user, token=token, order=order, ids=ids, back=asked.href())
    except CarillonError as error:
        return _ask(
            request,
            asked,
            order,
            rows,
            request.POST,
            fault=error.message,
            token=str(token),
            status=status_of(error),
        )
    return _go_on(request, token)


def _is_known(request: Request, token: uuid.UUID) -> bool:
    """The form has been sent before: what matches now says nothing about it any more."""
    with suppress(NotFound):
        return bool(bulk_progress(user=request.user, token=token))
    return False


def _token(data: QueryDict) -> uuid.UUID | None:
    with suppress(ValueError):
        return uuid.UUID(data.get("token", ""))
    return None


def _go_on(request: Request, token: uuid.UUID) -> HttpResponse:
    progress = bulk_go_on(user=request.user, token=token)
    if not progress.is_finished:
        return redirect(reverse("task-bulk-progress", args=[token]))
    request.session[_KEY] = str(token)
    return redirect(progress.back or reverse("task-list"))  # one that the API has begun leads nowhere
