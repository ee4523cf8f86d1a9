"""Where the person is signed in, in browsers and by tokens, and signing out there."""

import uuid

from django.contrib import messages as say
from django.contrib.auth import logout, update_session_auth_hash
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods, require_POST

from tasks_app.errors import CarillonError, NotFound
from tasks_app.selectors.sessions import MOST, SignedIn, has_more_sessions, session_handle, sessions_of
from tasks_app.selectors.tokens import token_sign_ins_of
from tasks_app.services.passwords import sign_out_everywhere
from tasks_app.services.sessions import session_end
from tasks_app.services.sign_in import proof_check
from tasks_app.services.tokens import token_sign_in_end
from tasks_app.web.devices import device_words
from tasks_app.web.forms.field import Field
from tasks_app.web.page import Request, act, page, render
from tasks_app.web.sign_in import address_of, refused


@sensitive_post_parameters("password")
@require_http_methods(["GET", "POST"])
@page
def sign_in_list(request: Request) -> HttpResponse:
    """List sessions and sign-ins by tokens; a POST signs out everywhere but in this browser."""
    if request.method == "GET":
        return _draw(request)
    password = request.POST.get("password", "")
    try:
        proof_check(user=request.user, password=password, address=address_of(request))
    except CarillonError as refusal:
        return refused(_draw(request, refusal.message), refusal)
    sign_out_everywhere(user=request.user, password=password)
    update_session_auth_hash(request, request.user)
    say.success(request, "You are signed out everywhere else. Your API keys go on.")
    return redirect("sign-in-list")


@require_POST
@page
def sign_in_end(request: Request, sign_in_id: uuid.UUID) -> HttpResponse:
    """End one of one's own sign-ins by tokens."""
    sign_in = get_object_or_404(token_sign_ins_of(request.user), id=sign_in_id)
    return act(
        request,
        lambda: token_sign_in_end(sign_in=sign_in),
        success="That sign-in has ended; its tokens are refused from now on.",
        then="sign-in-list",
    )


@require_POST
@page
def session_end_view(request: Request, handle: str) -> HttpResponse:
    """Sign out in one of one's own other browsers; in this one, Django's sign-out does."""
    this = request.session.session_key
    if this and handle == session_handle(this):
        logout(request)
        return redirect("sign-in")
    try:
        session_end(user=request.user, handle=handle, this=this)
    except NotFound as error:
        raise Http404(error.message) from None
    say.success(request, "That browser is signed out.")
    return redirect("sign-in-list")


def _browsers(request: Request) -> list[tuple[SignedIn, str]]:
    found = sessions_of(request.user, this=request.session.session_key)
    return [(one, device_words(one.agent)) for one in found]


def _draw(request: Request, error: str = "") -> HttpResponse:
    password = Field(
        path="password",
        label="Your password",
        kind="password",
        is_required=True,
        attributes={"autocomplete": "current-password"},
        errors=[error] if error else [],
    )
    sign_ins = list(token_sign_ins_of(request.user)[: MOST + 1])
    context = {
        "browsers": _browsers(request),
        "has_more_browsers": has_more_sessions(request.user),
        "sign_ins": sign_ins[:MOST],
        "has_more_sign_ins": len(sign_ins) > MOST,
        "most": MOST,
        "password": password,
    }
    return render(request, "pages/sign-in-list.html", context, status=400 if error else 200)
