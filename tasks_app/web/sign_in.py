"""Sign in, sign out, a new password, and the choice of a theme."""

from typing import Any, cast

from django.conf import settings
from django.contrib import messages
from django.contrib.auth.forms import AuthenticationForm, PasswordChangeForm
from django.contrib.auth.views import LoginView, LogoutView, PasswordChangeView
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse, reverse_lazy
from django.utils.html import format_html
from django.views.decorators.http import require_POST

from tasks_app.services import audit
from tasks_app.services.first_sign_in import USER_NAME, password_file
from tasks_app.services.people import zone_adopt
from tasks_app.web.forms.field import Field
from tasks_app.web.page import THEMES, Request, frame, local_next, zone_of_browser

YEAR_SECONDS = 31_536_000


class SignInForm(AuthenticationForm):
    """Django's own, in our words."""

    error_messages = {  # noqa: RUF012  # as the base class declares it
        **AuthenticationForm.error_messages,
        "invalid_login": "No user has this name and this password. Small and capital letters differ.",
    }


class SignIn(LoginView):
    """Django's own sign-in; `next` is followed only on this host."""

    form_class = SignInForm
    template_name = "pages/sign-in.html"
    redirect_authenticated_user = True

    def form_valid(self, form: AuthenticationForm) -> HttpResponse:
        """Sign in; the first password is forgotten by that, so its user is told to choose one."""
        is_first = form.get_user().get_username() == USER_NAME and password_file().exists()
        response = super().form_valid(form)
        zone_adopt(user=form.get_user(), timezone=zone_of_browser(self.request))
        if is_first:
            text = 'The one-time password is not written down any more: <a href="{}">choose your own</a>.'
            messages.warning(self.request, format_html(text, reverse("password")))
        return response

    def get_context_data(self, **kwargs: object) -> dict[str, object]:
        """Add what the frame shows."""
        theme = self.request.COOKIES.get("theme", "")
        return {
            **super().get_context_data(**kwargs),
            "site_name": settings.SITE_NAME,
            "theme": theme if theme in THEMES else "",
        }


class SignOut(LogoutView):
    """Django's own sign-out, by POST only."""


class Password(PasswordChangeView):
    """Choose a new password; other browsers of this person are signed out by that."""

    template_name = "pages/password.html"
    success_url = reverse_lazy("settings")

    def form_valid(self, form: PasswordChangeForm) -> HttpResponse:
        """Say what has happened, and what follows."""
        messages.success(self.request, "Your password is changed. Your other browsers must sign in again.")
        audit.note("password.change", form.user)
        return super().form_valid(form)

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        """Give the fields as every form draws them; what was typed is not sent back."""
        context = super().get_context_data(**kwargs)
        fields = [
            Field(
                path=name,
                label=label,
                kind="password",
                is_required=True,
                attributes={"autocomplete": "current-password" if name == "old_password" else "new-password"},
                errors=[str(error) for error in context["form"].errors.get(name, [])],
            )
            for name, label in _PASSWORDS.items()
        ]
        return {**context, **frame(cast(Request, self.request)), "fields": fields}


_PASSWORDS = {"old_password": "Your password now", "new_password1": "A new one", "new_password2": "The new one again"}


@require_POST
def theme(request: HttpRequest) -> HttpResponse:
    """Remember the theme in a cookie, for pages and for strangers alike."""
    response = redirect(local_next(request))
    chosen = request.POST.get("theme", "")
    if chosen in THEMES:
        response.set_cookie("theme", chosen, max_age=YEAR_SECONDS, samesite="Lax", secure=request.is_secure())
    else:
        response.delete_cookie("theme")
    return response
