"""What every page shares: who asks, in which zone, the frame around it, and answering with one fragment alone."""

from collections.abc import Callable, Mapping
from functools import update_wrapper
from typing import Any, Concatenate, ParamSpec

from django.conf import settings
from django.contrib import messages
from django.contrib.auth.middleware import get_user
from django.contrib.auth.models import User
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import redirect
from django.template.loader import render_to_string
from django.utils import timezone
from django.utils.cache import patch_vary_headers
from django.utils.http import url_has_allowed_host_and_scheme

from tasks_app import recurrence
from tasks_app.errors import CarillonError, Invalid
from tasks_app.selectors.home import standing
from tasks_app.selectors.people import theme_of_person, zone_of_person
from tasks_app.services.limiter import LimiterAway, TooMany
from tasks_app.web import say
from tasks_app.web.alone import theme_in_cookie
from tasks_app.web.navigation import keys, navigation
from tasks_app.web.settings_side import settings_groups
from tasks_app.web.signed_out import is_somebody_elses, to_nobody, to_sign_in

P = ParamSpec("P")
PERSON = "X-Person"
"""Says whom a fragment is for: a page whose session has ended goes on for nobody else (signed-out.js)."""


class Request(HttpRequest):
    """A request of somebody who has signed in."""

    user: User


View = Callable[Concatenate[Request, P], HttpResponseBase]


def page(view: View[P]) -> Callable[Concatenate[HttpRequest, P], HttpResponseBase]:
    """Ask strangers to sign in, take no form of somebody else's, and show times in the reader's zone."""

    def shown(request: HttpRequest, /, *args: P.args, **kwargs: P.kwargs) -> HttpResponseBase:
        if not request.user.is_authenticated:
            return to_sign_in(request)
        if is_somebody_elses(request):
            return to_nobody(request)
        request.user = get_user(request)  # itself: what stands for it costs three calls for each look at it
        with timezone.override(zone_of(request)):
            response: HttpResponseBase = view(request, *args, **kwargs)  # type: ignore[arg-type]  # the user is a User now
        response.headers.setdefault("Cache-Control", "no-store")
        if request.headers.get("HX-Request"):
            response.headers[PERSON] = str(request.user.pk)
        return response

    update_wrapper(shown, view)
    return shown


def zone_of(request: HttpRequest) -> str:
    """The zone of the reader: the one they have chosen, else what their browser says, else the platform's."""
    return zone_of_person(request.user) or zone_of_browser(request) or settings.TIME_ZONE


def zone_of_browser(request: HttpRequest) -> str:
    """The zone that the browser told us, if we know it."""
    zone = request.COOKIES.get("zone", "")
    return zone if zone in recurrence.zone_names() else ""


def part_wanted(request: HttpRequest) -> str:
    """The id of the part of a page that htmx asks for; empty where the whole page is wanted."""
    return request.headers.get("HX-Target", "") if request.headers.get("HX-Request") else ""


def render(
    request: Request,
    template: str,
    context: Mapping[str, Any] | None = None,
    *,
    fragments: Mapping[str, str] | None = None,
    status: int = 200,
) -> HttpResponse:
    """Answer with the page, or with the one fragment that htmx asked for by its id."""
    wanted = (fragments or {}).get(part_wanted(request))
    if wanted:
        own = {"is_fragment": True, "site_name": settings.SITE_NAME}
        content = render_to_string(wanted, {**own, **(context or {})}, request)
    else:
        content = render_to_string(template, {**frame(request), **(context or {})}, request)
    # What somebody typed is drawn again, refused or not, and must not break the page.
    response = HttpResponse(content.encode("utf-8", "replace"), status=status)
    patch_vary_headers(response, ("HX-Request", "HX-Target", "Cookie"))
    return response


def frame(request: Request) -> dict[str, Any]:
    """Give what the frame around a page shows."""
    now = standing(request.user)
    return {
        "site_name": settings.SITE_NAME,
        "environment": settings.ENVIRONMENT,
        "theme": theme_in_cookie(request) or theme_of_person(request.user),
        "needs_person": now.needs_person,
        "is_running": now.is_running,
        "navigation": navigation(request.user, request.path, now.needs_person),
        "keys": keys(),
        "settings_groups": settings_groups(request.user, request.path),
    }


def local_next(request: HttpRequest, fallback: str = "/") -> str:
    """Where to go afterwards: a `next` that stays on this host, or the fallback."""
    wanted = str(request.POST.get("next") or request.GET.get("next") or "")
    is_local = url_has_allowed_host_and_scheme(
        wanted, allowed_hosts={request.get_host()}, require_https=request.is_secure()
    )
    # A word alone would be looked for among the names of views.
    return wanted if is_local and wanted.startswith(("/", "http://", "https://")) else fallback


def actor_of(request: Request) -> str:
    """The name under which the platform notes what this person does."""
    return f"user:{request.user.get_username()}"


def status_of(error: CarillonError) -> int:
    """Give the status with which a page says a refusal."""
    known = {Invalid: 400, TooMany: 429, LimiterAway: 503}
    return next((status for kind, status in known.items() if isinstance(error, kind)), 409)


def act(request: Request, action: Callable[[], Any], *, success: str, then: str, undo: str = "") -> HttpResponse:
    """Do what a button asks for and go back; a refusal is said on the page that one comes back to.

    `undo` is the address that takes it back, offered beside the success.
    """
    try:
        action()
    except CarillonError as error:
        messages.error(request, error.message)
    else:
        say.done(request, success, undo=undo)
    return redirect(then)
