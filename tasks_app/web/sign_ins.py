"""Where the person is signed in, in browsers and by tokens, and signing out there."""

import uuid

from django.contrib import messages as say
from django.contrib.auth import logout, update_session_auth_hash
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.urls import reverse
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods

from tasks_app.errors import CarillonError, NotFound
from tasks_app.models import db_now
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
from tasks_app.web.words import relative


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


@require_http_methods(["GET", "POST"])
@page
def sign_in_end(request: Request, sign_in_id: uuid.UUID) -> HttpResponse:
    """End one of one's own sign-ins by tokens, after asking."""
    sign_in = get_object_or_404(token_sign_ins_of(request.user), id=sign_in_id)
    if request.method == "GET":
        began = f"It began {relative(sign_in.created_at, db_now())}{_from(sign_in.address)}."
        text = f"{began} Its tokens are refused at once."
        return _ask(request, title="End this sign-in by tokens?", text=text, verb="End it")
    return act(
        request,
        lambda: token_sign_in_end(sign_in=sign_in),
        success="That sign-in has ended; its tokens are refused from now on.",
        then="sign-in-list",
    )


@require_http_methods(["GET", "POST"])
@page
def session_end_view(request: Request, handle: str) -> HttpResponse:
    """Sign out in one of one's own other browsers, after asking; in this one, Django's sign-out does."""
    this = request.session.session_key
    if request.method == "GET":
        return _ask_to_sign_out(request, handle)
    if this and handle == session_handle(this):
        logout(request)
        return redirect("sign-in")
    try:
        session_end(user=request.user, handle=handle, this=this)
    except NotFound as error:
        raise Http404(error.message) from None
    say.success(request, "That browser is signed out.")
    return redirect("sign-in-list")


def _ask_to_sign_out(request: Request, handle: str) -> HttpResponse:
    for one, said in _browsers(request):
        if one.handle == handle:
            seen = "This is the browser that you use now." if one.is_this else _seen(one)
            return _ask(request, title=f"Sign out {said}?", text=f"{seen} It has to sign in again.", verb="Sign it out")
    raise Http404


def _seen(one: SignedIn) -> str:
    when = relative(one.seen_at, db_now()) if one.seen_at else "at a time that is not known"
    return f"It was last seen {when}{_from(one.address)}."


def _from(address: str) -> str:
    return f" from {address}" if address else ""


def _ask(request: Request, *, title: str, text: str, verb: str) -> HttpResponse:
    context = {"title": title, "text": text, "verb": verb, "back": reverse("sign-in-list")}
    return render(request, "pages/confirm.html", context)


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
