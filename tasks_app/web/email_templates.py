"""Mail templates under Settings: list, make, edit with a live preview, delete.

The HTML of a preview is answered by an address of its own that allows nothing, inside a sandboxed frame, as in the
development mailbox.
"""

import uuid
from typing import Any

from django.contrib import messages as say
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.views.decorators.clickjacking import xframe_options_sameorigin
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from tasks_app.errors import CarillonError, Conflict, FieldError, Invalid, Stale
from tasks_app.models import EmailTemplate
from tasks_app.selectors.access import manages_all, sees_all, visible_tasks
from tasks_app.selectors.email_templates import (
    can_edit_template,
    lent_template_names,
    tasks_using,
    template_names,
    visible_templates,
)
from tasks_app.services.email_templates import (
    FIELDS,
    Shown,
    email_template_create,
    email_template_delete,
    email_template_preview,
    email_template_update,
)
from tasks_app.web.forms import email_template as form
from tasks_app.web.forms.choices import choice_source
from tasks_app.web.forms.field import Errors, unplaced
from tasks_app.web.page import Request, act, page, render

_FRAME_POLICY = (
    "sandbox allow-popups allow-popups-to-escape-sandbox; default-src 'none'; img-src data:; "
    "style-src 'unsafe-inline'; frame-ancestors 'self'"
)
_MOST_TASKS = 5

choice_source(
    "email-templates",
    lambda user: ((name, name) for name in template_names(user)),
    make="email-template-new",
    lent=lambda owner, editor: ((name, name) for name in lent_template_names(owner, editor)),
)


@require_safe
@page
def email_template_list(request: Request) -> HttpResponse:
    """List one's own templates and the shared ones."""
    rows = visible_templates(request.user)[:500]
    return render(request, "pages/email-template-list.html", {"templates": rows, "sees_all": sees_all(request.user)})


@require_http_methods(["GET", "POST"])
@page
def email_template_new(request: Request) -> HttpResponse:
    """Make a template, from nothing or as a copy."""
    if request.method == "GET":
        return _draw(request, _start(request), {})
    values = form.read(request.POST, is_staff=manages_all(request.user))
    try:
        made = email_template_create(owner=request.user, values=values)
    except CarillonError as error:
        return _refuse(request, values, error)
    say.success(request, f"“{made.name}” is kept. Choose it in a task that sends e-mail.")
    return redirect("email-template-list")


@require_http_methods(["GET", "POST"])
@page
def email_template_edit(request: Request, template_id: uuid.UUID) -> HttpResponse:
    """Edit a template; one that is only shared with the reader is shown."""
    row = _found(request, template_id)
    if request.method == "GET":
        return _draw(request, _values_of(row), {}, row=row)
    if not can_edit_template(request.user, row):
        raise PermissionDenied("This template is shared with you; only its owner and administrators change it.")
    values = form.read(request.POST, is_staff=manages_all(request.user))
    raw = request.POST.get("version", "")
    version = int(raw) if raw.isascii() and raw.isdigit() and len(raw) < 10 else None  # noqa: PLR2004
    try:
        email_template_update(template=row, by=request.user, changes=values, expected_version=version)
    except CarillonError as error:
        return _refuse(request, values, error, row=row)
    say.success(request, "Saved. Runs from now on send it so.")
    return redirect("email-template-list")


@require_http_methods(["GET", "POST"])
@page
def email_template_remove(request: Request, template_id: uuid.UUID) -> HttpResponse:
    """Ask, then delete."""
    row = _found(request, template_id)
    if not can_edit_template(request.user, row):
        raise PermissionDenied("This template is shared with you; only its owner and administrators delete it.")
    edit = reverse("email-template-edit", args=[row.pk])
    if request.method == "GET":
        text = "No task sends it. It is gone for good; what was mailed with it stays mailed."
        context = {"title": f"Delete “{row.name}”?", "text": text, "verb": "Delete", "back": edit}
        return render(request, "pages/confirm.html", context)
    is_used = tasks_using(row).exists()
    return act(
        request,
        lambda: email_template_delete(template=row, by=request.user),
        success=f"“{row.name}” is deleted.",
        then=edit if is_used else reverse("email-template-list"),
    )


@require_POST
@page
def email_template_show(request: Request) -> HttpResponse:
    """Show subject and text of what is being typed; nothing is stored."""
    try:
        context: dict[str, Any] = {"shown": _shown(request), "problems": []}
    except Invalid as error:
        context = {"shown": None, "problems": [fault for faults in error.fields.values() for fault in faults]}
    return render(request, "parts/email-preview.html", context, fragments={"mail-preview": "parts/email-preview.html"})


@require_POST
@xframe_options_sameorigin
@page
def email_template_html(request: Request) -> HttpResponse:
    """The HTML of what is being typed, from which nothing can be loaded, run or sent."""
    try:
        content = _shown(request).mail.html
    except Invalid:
        content = ""
    response = HttpResponse(f'<base target="_blank">{content}')
    response["Content-Security-Policy"] = _FRAME_POLICY
    return response


def _shown(request: Request) -> Shown:
    typed = form.read(request.POST, is_staff=False)
    values = form.sample(request.POST)
    return email_template_preview(subject=typed["subject"], text=typed["text"], html=typed["html"], values=values)


def _found(request: Request, template_id: uuid.UUID) -> EmailTemplate:
    row = visible_templates(request.user).filter(pk=template_id).first()
    if row is None:
        raise Http404
    return row


def _start(request: Request) -> dict[str, Any]:
    raw = request.GET.get("from", "")
    try:
        row = _found(request, uuid.UUID(raw)) if raw else None
    except ValueError:
        raise Http404 from None
    if row is None:
        return {**form.START}
    return {**_values_of(row), "name": f"{row.name[:90]} (copy)", "is_shared": False}


def _values_of(row: EmailTemplate) -> dict[str, Any]:
    return {name: getattr(row, name) for name in FIELDS}


def _refuse(
    request: Request, values: dict[str, Any], error: CarillonError, *, row: EmailTemplate | None = None
) -> HttpResponse:
    values = {"is_shared": False, **values}
    if isinstance(error, Stale):
        text = "Somebody has changed it since you opened this page. Save again to put what you see in its place."
        say.warning(request, text)
        return _draw(request, values, {}, row=row and _found(request, row.pk), status=412)
    errors = error.fields or {"": [FieldError(error.error_code, error.message)]}
    return _draw(request, values, errors, row=row, status=409 if isinstance(error, Conflict) else 400)


def _draw(
    request: Request, values: dict[str, Any], errors: Errors, *, row: EmailTemplate | None = None, status: int = 200
) -> HttpResponse:
    can_edit = row is None or can_edit_template(request.user, row)
    drawn = form.fields(values, errors, is_staff=manages_all(request.user) and can_edit, can_edit=can_edit)
    uses = tasks_using(row) if row else visible_tasks(request.user).none()
    seen = visible_tasks(request.user).filter(pk__in=uses.values("pk")).order_by("name")
    context = {
        "template": row,
        "fields": drawn,
        "sample": form.sample_field(request.POST.get("sample")),
        "unplaced": unplaced(errors, drawn),
        "has_errors": bool(errors),
        "can_edit": can_edit,
        "use_count": uses.count() if can_edit else 0,
        "tasks": seen[:_MOST_TASKS],
    }
    return render(request, "pages/email-template-form.html", context, status=status)
