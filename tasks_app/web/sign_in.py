"""Sign in with name and password, then with a code where there is a second factor; sign out; the choice of a theme."""

from http import HTTPStatus
from typing import Any, cast

from django.contrib import messages
from django.contrib.auth import login
from django.contrib.auth.forms import AuthenticationForm
from django.contrib.auth.models import User
from django.contrib.auth.views import LoginView, LogoutView
from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils.html import format_html
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods, require_POST

from tasks_app.errors import CarillonError
from tasks_app.selectors.people import theme_of_person
from tasks_app.selectors.second_factor import has_second_factor, recovery_codes_left
from tasks_app.services.first_sign_in import USER_NAME, password_file
from tasks_app.services.limiter import LimiterAway, TooMany
from tasks_app.services.people import theme_choose, zone_adopt
from tasks_app.services.second_factor import is_of_the_app
from tasks_app.services.sign_in import DEVICE_SECONDS, code_check, device_token, password_check
from tasks_app.web.alone import THEMES, shared
from tasks_app.web.half_way import half_way_begin, half_way_end, half_way_of
from tasks_app.web.page import local_next, zone_of_browser
from tasks_app.web.words import plural

YEAR_SECONDS = 31_536_000
DEVICE_COOKIE = "carillon_device"


class SignInForm(AuthenticationForm):
    """Django's own, which asks our service: that one counts the tries."""

    refusal: CarillonError | None = None

    def clean(self) -> dict[str, Any]:
        """Find the user; the same is said of an unknown name and of a wrong password."""
        request, typed = cast(HttpRequest, self.request), self.cleaned_data
        if typed.get("username") is None or not typed.get("password"):
            return typed
        try:
            self.user_cache = password_check(
                username=typed["username"],
                password=typed["password"],
                address=address_of(request),
                device=request.COOKIES.get(DEVICE_COOKIE, ""),
            )
        except CarillonError as refusal:
            self.refusal = refusal
            raise ValidationError(refusal.message, code=refusal.error_code) from None
        return typed


class SignIn(LoginView):
    """Django's own sign-in; `next` is followed only on this host."""

    form_class = SignInForm
    template_name = "pages/sign-in.html"
    redirect_authenticated_user = True

    def form_valid(self, form: AuthenticationForm) -> HttpResponse:
        """Sign in, or ask for the code first."""
        user = form.get_user()
        if has_second_factor(user):
            half_way_begin(self.request, user, then=self.get_success_url())
            return redirect("sign-in-code")
        return signed_in(self.request, user, then=self.get_success_url())

    def form_invalid(self, form: AuthenticationForm) -> HttpResponse:
        """Say what is wrong, with the status that programs look at."""
        return refused(super().form_invalid(form), getattr(form, "refusal", None))

    def get_context_data(self, **kwargs: object) -> dict[str, object]:
        """Add what the frame shows."""
        return {**super().get_context_data(**kwargs), **shared(self.request)}


@sensitive_post_parameters("code")
@never_cache
@require_http_methods(["GET", "POST"])
def sign_in_code(request: HttpRequest) -> HttpResponse:
    """Ask somebody whose password was right for the code of their app, or a recovery code."""
    half_way = half_way_of(request)
    if half_way is None:
        messages.warning(request, "That took too long, or was begun elsewhere. Please sign in again.")
        return redirect("sign-in")
    if request.method == "GET":
        return TemplateResponse(request, "pages/sign-in-code.html", shared(request))
    try:
        code_check(user=half_way.user, code=request.POST.get("code", ""), address=address_of(request))
    except CarillonError as refusal:
        context = {**shared(request), "error": refusal.message}
        return refused(TemplateResponse(request, "pages/sign-in-code.html", context), refusal)
    half_way_end(request)
    if not is_of_the_app(request.POST["code"]):
        _say_what_is_left(request, half_way.user)
    return signed_in(request, half_way.user, then=half_way.then)


def _say_what_is_left(request: HttpRequest, user: User) -> None:
    left = recovery_codes_left(user)
    text = (
        "You signed in with a recovery code, which is used up: {}. Make new ones, or set the second factor up"
        ' with another phone, under <a href="{}">Second factor</a>.'
    )
    remaining = f"{plural(left, 'code')} left" if left else "none is left"
    messages.warning(request, format_html(text, remaining, reverse("second-factor")))


class SignOut(LogoutView):
    """Django's own sign-out, by POST only."""


def signed_in(request: HttpRequest, user: User, *, then: str) -> HttpResponse:
    """Begin the session, under a new key; the first password is forgotten by that, so its user is told."""
    is_first = user.get_username() == USER_NAME and password_file().exists()
    login(request, user, backend="django.contrib.auth.backends.ModelBackend")
    zone_adopt(user=user, timezone=zone_of_browser(request))
    if is_first:
        text = 'The one-time password is not written down any more: <a href="{}">choose your own</a>.'
        messages.warning(request, format_html(text, reverse("password")))
    response = redirect(then)
    if chosen := theme_of_person(user):
        _keep_theme(request, response, chosen)
    response.set_cookie(
        DEVICE_COOKIE,
        device_token(user=user),
        max_age=DEVICE_SECONDS,
        path=reverse("sign-in"),
        httponly=True,
        samesite="Lax",
        secure=request.is_secure(),
    )
    return response


def address_of(request: HttpRequest) -> str:
    """The network address of the browser: the proxy's word for it only where that is trusted."""
    return str(request.META.get("REMOTE_ADDR", ""))


def refused(response: HttpResponse, refusal: CarillonError | None) -> HttpResponse:
    """Give the answer the status of what was refused, where that is not the person's fault alone."""
    if isinstance(refusal, TooMany):
        response.status_code = HTTPStatus.TOO_MANY_REQUESTS
        response.headers["Retry-After"] = str(refusal.retry_after)
    elif isinstance(refusal, LimiterAway):
        response.status_code = HTTPStatus.SERVICE_UNAVAILABLE
    return response


@require_POST
def theme(request: HttpRequest) -> HttpResponse:
    """Remember the theme: in a cookie, for the sign-in pages too, and with the person, for other browsers."""
    response = redirect(local_next(request))
    chosen = request.POST.get("theme", "")
    chosen = chosen if chosen in THEMES else ""
    if request.user.is_authenticated:
        theme_choose(user=request.user, theme=chosen)
    _keep_theme(request, response, chosen)
    return response


def _keep_theme(request: HttpRequest, response: HttpResponse, chosen: str) -> None:
    if chosen:
        response.set_cookie("theme", chosen, max_age=YEAR_SECONDS, samesite="Lax", secure=request.is_secure())
    else:
        response.delete_cookie("theme")
