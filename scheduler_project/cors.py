"""Which foreign pages may call the API: none, unless CORS_ORIGINS names their origin.

They sign in by a token of their own. Cookies are never asked for (no Access-Control-Allow-Credentials), so that no page
acts with the session of whoever looks at it.
"""

from collections.abc import Awaitable, Callable
from inspect import iscoroutinefunction

from django.conf import settings
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.utils.cache import patch_vary_headers
from django.utils.decorators import sync_and_async_middleware

METHODS = "GET, HEAD, POST, PUT, PATCH, DELETE"
TAKEN_HEADERS = "Authorization, Content-Type, Idempotency-Key, If-Match, X-Request-ID"
SHOWN_HEADERS = "ETag, Idempotency-Replayed, Location, Retry-After, X-Request-ID"
REMEMBERED_SECONDS = 600

Answer = Callable[[HttpRequest], HttpResponseBase]
AsyncAnswer = Callable[[HttpRequest], Awaitable[HttpResponseBase]]


@sync_and_async_middleware
def cross_origin(get_response: Answer | AsyncAnswer) -> Answer | AsyncAnswer:
    """Middleware: answer preflights of the named origins, and let their pages read what the API says."""
    if iscoroutinefunction(get_response):

        async def answer_later(request: HttpRequest) -> HttpResponseBase:
            return _shared(request, _preflight(request) or await get_response(request))

        return answer_later

    def answer(request: HttpRequest) -> HttpResponseBase:
        return _shared(request, _preflight(request) or get_response(request))  # type: ignore[arg-type]  # not a coroutine here

    return answer


def _allowed(request: HttpRequest) -> str:
    """Give what Access-Control-Allow-Origin says; empty for strangers and outside of the API."""
    origin = request.headers.get("Origin", "")
    if not (origin and settings.CORS_ORIGINS and request.path_info.startswith("/api/")):
        return ""
    if "*" in settings.CORS_ORIGINS:
        return "*"
    return origin if origin in settings.CORS_ORIGINS else ""


def _preflight(request: HttpRequest) -> HttpResponse | None:
    if request.method != "OPTIONS" or "Access-Control-Request-Method" not in request.headers or not _allowed(request):
        return None
    response = HttpResponse(status=204)
    response.headers["Access-Control-Allow-Methods"] = METHODS
    response.headers["Access-Control-Allow-Headers"] = TAKEN_HEADERS
    response.headers["Access-Control-Max-Age"] = str(REMEMBERED_SECONDS)
    return response


def _shared(request: HttpRequest, response: HttpResponseBase) -> HttpResponseBase:
    if settings.CORS_ORIGINS and request.path_info.startswith("/api/"):
        patch_vary_headers(response, ("Origin",))
    if allowed := _allowed(request):
        response.headers["Access-Control-Allow-Origin"] = allowed
        response.headers["Access-Control-Expose-Headers"] = SHOWN_HEADERS
    return response
