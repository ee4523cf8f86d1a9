"""The admin's site: unfold's, behind the one sign-in of the platform.

It has no sign-in of its own, it does not exist for those who are not staff, and it shows times in the reader's zone, as
the pages do.
"""

from collections.abc import Callable
from functools import wraps
from typing import Any

from django.conf import settings
from django.contrib.admin.exceptions import DisallowedModelAdminLookup
from django.contrib.admin.helpers import ACTION_CHECKBOX_NAME
from django.contrib.auth.views import LogoutView, redirect_to_login
from django.http import Http404, HttpRequest, HttpResponseBase
from django.shortcuts import redirect
from django.template.response import SimpleTemplateResponse
from django.urls import reverse
from django.utils import timezone
from django.views.defaults import bad_request
from unfold.sites import UnfoldAdminSite

from tasks_app.web.page import zone_of

View = Callable[..., HttpResponseBase]


class CarillonAdminSite(UnfoldAdminSite):  # type: ignore[misc]  # unfold is untyped
    """Staff only; see the module."""

    index_title = "Dashboard"

    def admin_view(self, view: View, cacheable: bool = False) -> View:
        """Ask strangers to sign in, and tell people without rights nothing."""
        inner = super().admin_view(view, cacheable)

        @wraps(view)
        def guarded(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
            if not request.user.is_authenticated:
                return self._to_sign_in(request)
            if not self.has_permission(request) or _names_nothing(request):
                raise Http404
            with timezone.override(zone_of(request)):
                try:
                    return _drawn(inner(request, *args, **kwargs))
                except DisallowedModelAdminLookup as error:  # what a list does not offer is no fault of ours to log
                    return bad_request(request, error)

        return guarded

    def login(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponseBase:
        """Send people to the platform's sign-in."""
        index = reverse("admin:index", current_app=self.name)
        if not request.user.is_authenticated:
            return redirect_to_login(request.GET.get("next") or index, settings.LOGIN_URL)
        if not self.has_permission(request):
            raise Http404
        return redirect(index)

    def logout(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponseBase:
        """Sign out of the whole platform; by POST only."""
        return LogoutView.as_view(next_page=settings.LOGOUT_REDIRECT_URL)(request)

    def _to_sign_in(self, request: HttpRequest) -> HttpResponseBase:
        if request.path == reverse("admin:logout", current_app=self.name):
            return redirect(settings.LOGIN_URL)
        return redirect_to_login(request.get_full_path(), settings.LOGIN_URL)


def _names_nothing(request: HttpRequest) -> bool:
    """Say whether the address holds a NUL, which is in no row, and which PostgreSQL does not even compare with."""
    asked = [value for values in request.GET.lists() for value in values[1]]
    return any("\0" in text for text in (request.path, *asked, *request.POST.getlist(ACTION_CHECKBOX_NAME)))


def _drawn(response: HttpResponseBase) -> HttpResponseBase:
    """Draw the page now: later the reader's zone is no longer in force."""
    if isinstance(response, SimpleTemplateResponse) and not response.is_rendered:
        response.render()
    return response
