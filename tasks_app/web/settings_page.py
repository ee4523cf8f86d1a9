"""Settings: who you are here, and your API keys."""

import uuid
from datetime import timedelta

from django.contrib import messages as say
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_POST

from tasks_app.errors import Invalid
from tasks_app.models import ApiKey
from tasks_app.selectors.api_keys import api_keys_of
from tasks_app.services.api_keys import api_key_create, api_key_revoke
from tasks_app.services.people import email_change
from tasks_app.web.forms.field import Choice, Errors, Field, messages
from tasks_app.web.page import Request, act, page, render, zone_of

LIFETIMES = {"": "Never", "30": "In 30 days", "90": "In 90 days", "365": "In a year"}
_START = {"name": "", "scope": ApiKey.Scope.MANAGE.value, "days": "90"}


@require_http_methods(["GET", "POST"])
@page
def settings(request: Request) -> HttpResponse:
    """Show what the platform knows about the person, and take where to write to."""
    if request.method == "GET":
        return _draw_settings(request, request.user.email, {})
    email = request.POST.get("email", "")
    try:
        email_change(user=request.user, email=email)
    except Invalid as error:
        return _draw_settings(request, email, error.fields, status=400)
    if request.user.email:
        say.success(request, f"News of tasks that fail goes to {request.user.email}.")
    else:
        say.success(request, "Nobody is told by mail any more when your tasks fail.")
    return redirect("settings")


def _draw_settings(request: Request, email: str, errors: Errors, *, status: int = 200) -> HttpResponse:
    field = Field(
        path="email",
        label="E-mail, for failures",
        kind="email",
        value=email,
        help="Where we write when a task of yours fails for good. Empty: nobody is told.",
        attributes={"autocomplete": "email"},
        errors=messages(errors, "email"),
    )
    return render(request, "pages/settings.html", {"zone": zone_of(request), "email": field}, status=status)


@require_http_methods(["GET", "POST"])
@page
def api_key_list(request: Request) -> HttpResponse:
    """List the keys and make new ones; the plain text is shown once, right after."""
    if request.method == "GET":
        return _draw(request, _START, {})
    posted = {name: request.POST.get(name, "") for name in ("name", "scope", "days")}
    days = int(posted["days"]) if posted["days"] in LIFETIMES and posted["days"] else None
    expires_at = timezone.now() + timedelta(days=days) if days else None
    try:
        _, plain = api_key_create(user=request.user, name=posted["name"], scope=posted["scope"], expires_at=expires_at)
    except Invalid as error:
        return _draw(request, posted, error.fields, status=400)
    # Answered at once and not after a redirect, because in between it would have to be kept somewhere.
    return _draw(request, _START, {}, plain=plain, status=201)


@require_POST
@page
def api_key_revoke_view(request: Request, key_id: uuid.UUID) -> HttpResponse:
    """Make one of one's own keys worthless."""
    key = get_object_or_404(api_keys_of(request.user), id=key_id)
    return act(
        request,
        lambda: api_key_revoke(key=key),
        success=f"“{key.name}” is revoked. Programs that use it are refused from now on.",
        then="api-key-list",
    )


def _draw(
    request: Request, values: dict[str, str], errors: Errors, *, plain: str = "", status: int = 200
) -> HttpResponse:
    scopes = ApiKey.Scope.choices
    fields = [
        Field(
            path="name",
            label="Name",
            value=values["name"],
            is_required=True,
            help="What will use it, so that you recognise it later.",
            errors=messages(errors, "name"),
        ),
        Field(
            path="scope",
            label="It may",
            kind="enum",
            is_required=True,
            choices=[Choice(value, str(label), value == values["scope"]) for value, label in scopes],
            errors=messages(errors, "scope"),
        ),
        Field(
            path="days",
            label="It ends",
            kind="enum",
            is_required=True,
            choices=[Choice(value, label, value == values["days"]) for value, label in LIFETIMES.items()],
            errors=messages(errors, "expires_at"),
        ),
    ]
    context = {
        "keys": api_keys_of(request.user),
        "fields": fields,
        "plain": plain,
        "now": timezone.now(),
    }
    return render(request, "pages/api-key-list.html", context, status=status)
