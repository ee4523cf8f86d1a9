"""Handing a person's tasks to another: in steps that the reader goes on with, and what stayed, with the reasons."""

import uuid
from typing import Any

from django.contrib import messages as say
from django.contrib.auth.models import User
from django.http import Http404, HttpResponse
from django.shortcuts import redirect
from django.views.decorators.http import require_http_methods, require_POST

from tasks_app.errors import CarillonError
from tasks_app.selectors.access import visible_tasks
from tasks_app.selectors.people_list import manages_people, people
from tasks_app.services import hand_overs
from tasks_app.services.hand_overs import (
    HandOver,
    hand_over_begin,
    hand_over_go_on,
    hand_over_kept,
    hand_over_progress,
)
from tasks_app.web import once, query
from tasks_app.web.objects import missing_or_refused
from tasks_app.web.page import Request, page, render
from tasks_app.web.people import draw_person, person_of
from tasks_app.web.words import plural

_MOST_PAGES = 100_000


@require_POST
@page
def person_hand_over(request: Request, person_id: int) -> HttpResponse:
    """Begin to hand the person's tasks to another; the same form sent twice goes on with the same hand-over."""
    person, name = person_of(request, person_id), request.POST.get("receiver", "").strip()
    receiver = people(request.user).filter(username=name, is_active=True).first() if name.isprintable() else None
    if receiver is None:
        said = "There is no such person to hand them to. Their user name stands on the page People."
        return draw_person(request, person, status=400, typed=name, fault=said)
    token = _token(request, person, receiver)
    try:
        hand_over_begin(by=request.user, token=token, giver=person, receiver=receiver)
        hand_over_go_on(by=request.user, token=token)
    except CarillonError as error:
        return draw_person(request, person, status=400, typed=name, fault=error.message)
    return redirect("hand-over", hand_over_id=token)


@require_http_methods(["GET", "POST"])
@page
def hand_over(request: Request, hand_over_id: uuid.UUID) -> HttpResponse:
    """Say how far it has come and what stayed; a POST goes on."""
    if not manages_people(request.user):
        raise Http404
    with missing_or_refused():
        progress = hand_over_progress(by=request.user, token=hand_over_id)
    if request.method == "POST":
        return _go_on(request, hand_over_id)
    number = query.number(request.GET, "page", most=_MOST_PAGES)
    return render(request, "pages/hand-over.html", _context(request, hand_over_id, progress, number))


def _go_on(request: Request, token: uuid.UUID) -> HttpResponse:
    try:
        hand_over_go_on(by=request.user, token=token)
    except CarillonError as error:
        say.error(request, error.message)
    return redirect("hand-over", hand_over_id=token)


def _context(request: Request, token: uuid.UUID, progress: HandOver, number: int) -> dict[str, Any]:
    people_of = people(request.user).in_bulk([progress.giver, progress.receiver])
    kept = hand_over_kept(by=request.user, token=token, progress=progress, page=number)
    ids = [task_id for task_id, _, _ in kept]
    seen = {str(pk) for pk in visible_tasks(request.user).filter(pk__in=ids).values_list("pk", flat=True)}
    first = (number - 1) * hand_overs.SHOWN
    return {
        "progress": progress,
        "giver": people_of.get(progress.giver),
        "receiver": people_of.get(progress.receiver),
        "kept": [(task_id if task_id in seen else "", name, reason) for task_id, name, reason in kept],
        "first": first + 1,
        "last": first + len(kept),
        "page": number,
        "has_next": first + len(kept) < progress.kept,
        "moved": plural(progress.moved, "task"),
        "stayed": plural(progress.kept, "task"),
        "left": plural(progress.left, "task"),
    }


def _token(request: Request, giver: User, receiver: User) -> uuid.UUID:
    """Name the hand-over by the word of the form, so that a double click is one."""
    word = request.POST.get(once.FIELD, "") or once.new_word()
    return uuid.uuid5(uuid.NAMESPACE_OID, f"{word}/{giver.pk}/{receiver.pk}")
