"""Settings: who you are here, your time zone, and your API keys."""

import uuid
from datetime import timedelta

from django.contrib import messages as say
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_http_methods

from tasks_app.errors import CarillonError, Invalid
from tasks_app.models import ApiKey
from tasks_app.selectors.api_keys import api_keys_of
from tasks_app.selectors.people import zone_of_person
from tasks_app.selectors.people_list import manages_people, role_of
from tasks_app.services import strict_json
from tasks_app.services.api_keys import api_key_create, api_key_revoke
from tasks_app.services.people import email_change, profile_update
from tasks_app.services.sign_in import proof_check
from tasks_app.web.forms.field import Choice, Errors, Field, messages
from tasks_app.web.page import Request, act, page, render, zone_of, zone_of_browser
from tasks_app.web.sign_in import address_of
from tasks_app.web.zones import zone_offers

LIFETIMES = {"": "Never", "30": "In 30 days", "90": "In 90 days", "365": "In a year"}
_START = {"name": "", "scope": ApiKey.Scope.READ.value, "days": "90"}


@require_http_methods(["GET", "POST"])
@page
def settings(request: Request) -> HttpResponse:
    """Show what the platform knows about the person, and take what they choose: a form for each choice."""
    typed = {"email": request.user.email, "timezone": zone_of_person(request.user)}
    if request.method == "GET":
        return _draw_settings(request, typed, {})
    typed |= {name: request.POST[name] for name in typed if name in request.POST}
    typed |= _suggested(request)
    try:
        for name, choose in (("email", _choose_email), ("timezone", _choose_zone)):
            if name in request.POST:
                say.success(request, choose(request, typed[name]))
    except Invalid as error:
        return _draw_settings(request, typed, error.fields, status=400)
    return redirect("settings")


def _suggested(request: Request) -> dict[str, str]:
    """What the button of a suggestion puts in the place of what was typed."""
    try:
        path, value = strict_json.read(request.POST.get("_apply", ""))
    except (ValueError, TypeError):
        return {}
    return {"timezone": value} if path == "timezone" and isinstance(value, str) else {}


def _choose_email(request: Request, email: str) -> str:
    if email.strip() != request.user.email:
        _prove(request)
    email_change(user=request.user, email=email)
    if request.user.email:
        return f"News of tasks that fail goes to {request.user.email}."
    return "Nobody is told by mail any more when your tasks fail."


def _prove(request: Request) -> None:
    """Whoever reads that mail can choose the password, so a browser that was left open is not enough."""
    try:
        proof_check(user=request.user, password=request.POST.get("password", ""), address=address_of(request))
    except CarillonError as refusal:
        raise Invalid.at("password", refusal.error_code, refusal.message) from None


def _choose_zone(request: Request, name: str) -> str:
    chosen = profile_update(user=request.user, timezone=name).timezone
    if chosen:
        return f"Pages show times in {chosen}, and your new tasks are planned in it."
    return f"Pages show times as your browser says: {zone_of(request)}."


def _draw_settings(request: Request, typed: dict[str, str], errors: Errors, *, status: int = 200) -> HttpResponse:
    email = Field(
        path="email",
        label="E-mail",
        kind="email",
        value=typed["email"],
        help="Where we write when a task of yours fails for good, or you forgot your password. Empty: nobody is told.",
        attributes={"autocomplete": "email"},
        errors=messages(errors, "email"),
    )
    return render(
        request,
        "pages/settings.html",
        {
            "email": email,
            "password": _password(errors),
            "zone": _zone(request, typed, errors),
            "zones": zone_offers(),
            "role": role_of(request.user),
            "manages_people": manages_people(request.user),
        },
        status=status,
    )


def _password(errors: Errors) -> Field:
    return Field(
        path="password",
        label="Your password, to change the address",
        kind="password",
        is_required=True,
        attributes={"autocomplete": "current-password"},
        errors=messages(errors, "password"),
    )


def _zone(request: Request, typed: dict[str, str], errors: Errors) -> Field:
    browser = zone_of_browser(request)
    usual = f"as your browser says, {browser}" if browser else "as your browser says"
    return Field(
        path="timezone",
        label="Your time zone",
        kind="zone",
        value=typed["timezone"],
        help=f"Pages show times in it, and new tasks are planned in it. Empty: {usual}.",
        errors=messages(errors, "timezone"),
    )


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


@require_http_methods(["GET", "POST"])
@page
def api_key_revoke_view(request: Request, key_id: uuid.UUID) -> HttpResponse:
    """Make one of one's own keys worthless, after asking here."""
    key = get_object_or_404(api_keys_of(request.user), id=key_id)
    if request.method == "GET":
        context = {
            "title": f"Revoke “{key.name}”?",
            "text": "Programs that use it are refused from then on. It cannot be brought back: "
            "they would need a new key.",
            "verb": "Revoke the key",
            "back": reverse("api-key-list"),
        }
        return render(request, "pages/confirm.html", context)
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
