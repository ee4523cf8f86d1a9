"""Who must have a second factor and has none is led to the page where they set it up, whatever they ask for."""

from collections.abc import Callable
from typing import Any

from django.conf import settings
from django.core.exceptions import MiddlewareNotUsed
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import redirect
from django.urls import ResolverMatch, reverse
from django.utils.deprecation import MiddlewareMixin

from tasks_app.selectors.second_factor import lacks_second_factor

_SET_UP = {"second-factor", "second-factor-begin", "second-factor-confirm", "sign-out", "theme"}
_PROBES = {"healthz", "readyz", "statusz"}


def _is_api(match: ResolverMatch) -> bool:
    """The API answers for itself; its documentation is a page like others, unless strangers may read it."""
    return "api" in match.namespaces and (match.view_name != "api:docs" or settings.API_DOCS_PUBLIC)


class RequiredFactorMiddleware(MiddlewareMixin):
    """Stands behind the authentication. The API refuses by itself, in its own words."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        if settings.SIGN_IN.second_factor == "none":
            raise MiddlewareNotUsed
        super().__init__(get_response)

    def process_view(self, request: HttpRequest, _: Any, __: Any, ___: Any) -> HttpResponseBase | None:
        """Lead away."""
        match = request.resolver_match
        is_free = match is None or match.view_name in _SET_UP | _PROBES or _is_api(match)
        if is_free or not request.user.is_authenticated or not lacks_second_factor(request.user):
            return None
        place = reverse("second-factor")
        if request.headers.get("HX-Request"):
            return HttpResponse(status=204, headers={"HX-Redirect": place})
        return redirect(place)
