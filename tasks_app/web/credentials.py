"""Credentials under Settings: list, make, edit, delete. A secret is typed here and never shown again."""

import uuid
from collections.abc import Mapping
from typing import Any

from django.contrib import messages as say
from django.http import Http404, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.views.decorators.http import require_http_methods, require_safe

from tasks_app.errors import CarillonError, Conflict, NotFound, Stale
from tasks_app.models import Credential
from tasks_app.selectors.credentials import credential_get, credential_names, credentials_of
from tasks_app.services.credentials import (
    AUTHORISING,
    SIGNING,
    credential_create,
    credential_delete,
    credential_update,
)
from tasks_app.web.forms.choices import choice_source
from tasks_app.web.forms.credential import KINDS, fields, read, typed
from tasks_app.web.forms.field import Errors, unplaced
from tasks_app.web.page import Request, act, actor_of, page, render

choice_source(
    "credentials", lambda user: ((name, name) for name in credential_names(user, AUTHORISING)), make="credential-new"
)
choice_source(
    "signing-keys", lambda user: ((name, name) for name in credential_names(user, SIGNING)), make="credential-new"
)


@require_safe
@page
def credential_list(request: Request) -> HttpResponse:
    """List one's credentials."""
    return render(request, "pages/credential-list.html", {"credentials": credentials_of(request.user)})


@require_http_methods(["GET", "POST"])
@page
def credential_new(request: Request) -> HttpResponse:
    """Choose a kind, then fill its form."""
    kind = request.GET.get("kind", "")
    if not kind:
        return render(request, "pages/credential-kinds.html", {"kinds": KINDS.values()})
    if kind not in KINDS:
        raise Http404
    if request.method == "GET":
        return _draw(request, kind, {}, {})
    try:
        made = credential_create(owner=request.user, kind=kind, actor=actor_of(request), **read(kind, request.POST))
    except CarillonError as error:
        return _refuse(request, kind, error)
    say.success(request, f"“{made.name}” is kept. Tasks can use it by this name.")
    return redirect("credential-list")


@require_http_methods(["GET", "POST"])
@page
def credential_edit(request: Request, credential_id: uuid.UUID) -> HttpResponse:
    """Edit one's own; a secret left empty is kept."""
    row = _own(request, credential_id)
    if request.method == "GET":
        return _draw(request, row.kind, {"name": row.name, "hosts": row.hosts, **row.details}, {}, row=row)
    changes = read(row.kind, request.POST)
    if not changes["secret"]:
        del changes["secret"]
    raw = request.POST.get("version", "")
    version = int(raw) if raw.isascii() and raw.isdigit() and len(raw) < 10 else None  # noqa: PLR2004
    try:
        credential_update(credential=row, changes=changes, actor=actor_of(request), expected_version=version)
    except CarillonError as error:
        return _refuse(request, row.kind, error, row=row)
    say.success(request, "Saved.")
    return redirect("credential-list")


@require_http_methods(["GET", "POST"])
@page
def credential_remove(request: Request, credential_id: uuid.UUID) -> HttpResponse:
    """Ask, then delete one's own."""
    row = _own(request, credential_id)
    if request.method == "GET":
        context = {
            "title": f"Delete “{row.name}”?",
            "text": "The stored secret is gone for good. The service that gave it to you still takes it: end it there.",
            "verb": "Delete",
            "back": reverse("credential-edit", args=[row.pk]),
        }
        return render(request, "pages/confirm.html", context)
    return act(
        request,
        lambda: credential_delete(credential=row, actor=actor_of(request)),
        success=f"“{row.name}” is deleted.",
        then=reverse("credential-list"),
    )


def _own(request: Request, credential_id: uuid.UUID) -> Credential:
    try:
        return credential_get(request.user, credential_id)
    except NotFound as error:
        raise Http404 from error


def _refuse(request: Request, kind: str, error: CarillonError, *, row: Credential | None = None) -> HttpResponse:
    if isinstance(error, Stale):
        text = "Somebody has changed it since you opened this page. Save again to put what you see in its place."
        say.warning(request, text)
        return _draw(request, kind, typed(kind, request.POST), {}, row=row and _own(request, row.pk), status=412)
    if not error.fields:
        say.error(request, error.message)
    status = 409 if isinstance(error, Conflict) else 400
    return _draw(request, kind, typed(kind, request.POST), error.fields, row=row, status=status)


def _draw(  # noqa: PLR0913  # what the form shows
    request: Request,
    kind: str,
    values: Mapping[str, Any],
    errors: Errors,
    *,
    row: Credential | None = None,
    status: int = 200,
) -> HttpResponse:
    drawn = fields(kind, values, errors, is_new=row is None)
    context = {
        "kind": KINDS[kind],
        "fields": drawn,
        "unplaced": unplaced(errors, drawn),
        "has_errors": bool(errors),
        "credential": row,
    }
    return render(request, "pages/credential-form.html", context, status=status)
