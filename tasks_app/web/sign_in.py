"""Sign in, sign out, and the choice of a theme."""

from django.conf import settings
from django.contrib.auth.views import LoginView, LogoutView
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.views.decorators.http import require_POST

from tasks_app.web.page import THEMES, local_next

YEAR_SECONDS = 31_536_000


class SignIn(LoginView):
    """Django's own sign-in; `next` is followed only on this host."""

    template_name = "pages/sign-in.html"
    redirect_authenticated_user = True

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
