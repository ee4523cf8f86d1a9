"""The authenticator app: setting it up, its recovery codes, and turning it off."""

from collections.abc import Callable

from django.contrib import messages as say
from django.contrib.auth import update_session_auth_hash
from django.http import HttpResponse
from django.shortcuts import redirect
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_GET, require_POST

from tasks_app.errors import CarillonError
from tasks_app.selectors.second_factor import factor_of, has_second_factor, needs_second_factor, recovery_codes_left
from tasks_app.services.passwords import sign_out_everywhere
from tasks_app.services.second_factor import (
    UNREADABLE,
    factor_begin,
    factor_confirm,
    factor_remove,
    factor_uri,
    is_readable,
    recovery_codes_make,
)
from tasks_app.services.sign_in import code_check, proof_check
from tasks_app.web.forms.field import Field
from tasks_app.web.page import Request, page, render
from tasks_app.web.passwords import code_field
from tasks_app.web.qr import qr_svg
from tasks_app.web.sign_in import address_of, refused

_PAGE = "pages/second-factor.html"


@require_GET
@page
def second_factor(request: Request) -> HttpResponse:
    """Say whether it is on, and show the next step."""
    return _draw(request)


@require_POST
@page
def second_factor_begin(request: Request) -> HttpResponse:
    """Make a secret, which counts for nothing until it is confirmed."""
    if not has_second_factor(request.user):
        factor_begin(user=request.user)
    return redirect("second-factor")


@sensitive_post_parameters("password", "code")
@require_POST
@page
def second_factor_confirm(request: Request) -> HttpResponse:
    """Turn it on; whoever is signed in elsewhere has to do it again, with the code."""
    password = request.POST.get("password", "")

    def confirm() -> HttpResponse:
        proof_check(user=request.user, password=password, address=address_of(request))
        codes = factor_confirm(user=request.user, code=request.POST.get("code", ""))
        sign_out_everywhere(user=request.user, password=password)
        update_session_auth_hash(request, request.user)
        return _codes(request, codes, "Your second factor is on")

    return _tried(request, "confirm", confirm)


@sensitive_post_parameters("password", "code")
@require_POST
@page
def second_factor_codes(request: Request) -> HttpResponse:
    """Make new recovery codes; the old ones are worthless then."""

    def renew() -> HttpResponse:
        _prove(request)
        return _codes(request, recovery_codes_make(user=request.user), "Your new recovery codes")

    return _tried(request, "codes", renew)


@sensitive_post_parameters("password", "code")
@require_POST
@page
def second_factor_off(request: Request) -> HttpResponse:
    """Turn it off, with password and code."""

    def turn_off() -> HttpResponse:
        _prove(request)
        factor_remove(user=request.user)
        say.success(request, "Your second factor is off. From now on your password alone signs you in.")
        return redirect("second-factor")

    return _tried(request, "off", turn_off)


def _prove(request: Request) -> None:
    address = address_of(request)
    proof_check(user=request.user, password=request.POST.get("password", ""), address=address)
    code_check(user=request.user, code=request.POST.get("code", ""), address=address)


def _tried(request: Request, form: str, act: Callable[[], HttpResponse]) -> HttpResponse:
    try:
        return act()
    except CarillonError as refusal:
        return refused(_draw(request, form=form, refusal=refusal), refusal)


def _codes(request: Request, codes: list[str], title: str) -> HttpResponse:
    # Answered at once and not after a redirect, because in between they would have to be kept somewhere.
    return render(request, "pages/recovery-codes.html", {"codes": "\n".join(codes), "heading": title}, status=201)


def _draw(request: Request, *, form: str = "", refusal: CarillonError | None = None) -> HttpResponse:
    factor = factor_of(request.user)
    context: dict[str, object] = {"is_needed": needs_second_factor(request.user), "failed": form}
    if factor is not None and factor.confirmed_at is None:
        secret = factor_begin(user=request.user)
        context |= {
            "qr": qr_svg(factor_uri(user=request.user, secret=secret)),
            "secret": " ".join(secret[at : at + 4] for at in range(0, len(secret), 4)),
        }
    elif factor is not None:
        context |= {"since": factor.confirmed_at, "left": recovery_codes_left(request.user)}
        context |= {} if is_readable(factor) else {"unreadable": UNREADABLE}
    drawn = {name: _fields(refusal if name == form else None, name) for name in ("confirm", "codes", "off")}
    return render(request, _PAGE, {**context, **drawn}, status=400 if refusal else 200)


def _fields(refusal: CarillonError | None, form: str) -> list[Field]:
    said = [refusal.message] if refusal else []
    is_code = refusal is not None and ("code" in refusal.fields or refusal.error_code == "invalid_code")
    help = "The six digits that the app shows now." if form == "confirm" else "Of the app, or a recovery code."
    password = Field(
        path="password",
        label="Your password",
        kind="password",
        is_required=True,
        attributes={"autocomplete": "current-password"},
        errors=[] if is_code else said,
    )
    return [code_field(said if is_code else [], help=help), password]
