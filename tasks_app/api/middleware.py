"""What surrounds every request under /api/: the optional slash, and JSON where Django would answer in HTML."""

import sys
from http import HTTPStatus
from typing import Any

from django.core.exceptions import DisallowedHost
from django.core.signals import got_request_exception
from django.dispatch import receiver
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.http.response import HttpResponseBase
from django.utils.deprecation import MiddlewareMixin

from tasks_app.api.errors import RETRY_SECONDS, error_body, plain_body, status_of

PREFIX = "/api"
_KEPT_HEADERS = ("Allow", "WWW-Authenticate", "Retry-After")
_FIRST_ERROR = 400


class ApiMiddleware(MiddlewareMixin):
    """Stands outside of all others, so that it also sees what they answer. Other paths pass untouched."""

    def process_request(self, request: HttpRequest) -> HttpResponseBase | None:
        """Take a trailing slash off its path, and refuse a host that is not ours."""
        if not is_api(request):
            return None
        if request.path_info.endswith("/"):
            request.path_info, request.path = request.path_info[:-1], request.path[:-1]
        try:
            request.get_host()
        except DisallowedHost:
            return _answer(request, error_body(request, "bad_host", "This host name is not answered here."), 400)
        return None

    def process_response(self, request: HttpRequest, response: HttpResponseBase) -> HttpResponseBase:
        """Put any error that is not in our shape into it."""
        if not is_api(request):
            return response
        if response.status_code >= _FIRST_ERROR and not _is_ours(response):
            response = _reshaped(request, response)
        response.headers.setdefault("Cache-Control", "no-store")
        return response


def is_api(request: HttpRequest) -> bool:
    """Say whether the path belongs to the API."""
    return request.path_info == PREFIX or request.path_info.startswith(f"{PREFIX}/")


@receiver(got_request_exception)
def remember_failure(request: HttpRequest, **_: Any) -> None:
    """Keep what was raised outside of the views, where Django turns it into a page before this middleware sees it."""
    request.api_failure = sys.exc_info()[1]  # type: ignore[attr-defined]


def _is_ours(response: HttpResponseBase) -> bool:
    kind = response.headers.get("Content-Type", "")
    return getattr(response, "is_api_error", False) and kind.startswith("application/json")


def _reshaped(request: HttpRequest, response: HttpResponseBase) -> HttpResponseBase:
    failure = getattr(request, "api_failure", None)
    status = status_of(failure) if isinstance(failure, Exception) else response.status_code
    shaped = _answer(request, plain_body(request, status), status)
    for name in _KEPT_HEADERS:
        if name in response.headers:
            shaped.headers[name] = response.headers[name]
    shaped.cookies = response.cookies
    return shaped


def _answer(request: HttpRequest, body: dict[str, Any], status: int) -> HttpResponse:
    response = JsonResponse(body, status=status)
    if status == HTTPStatus.SERVICE_UNAVAILABLE:
        response.headers["Retry-After"] = str(RETRY_SECONDS)
    response.is_api_error = True  # type: ignore[attr-defined]  # this middleware has made it
    return response
