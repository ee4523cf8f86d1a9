"""Pages without the frame of a person: their theme, and the error pages that Django draws without it or not at all."""

from collections.abc import Awaitable, Callable
from inspect import iscoroutinefunction

from asgiref.sync import sync_to_async
from django.conf import settings
from django.http import HttpRequest, HttpResponse, HttpResponseBase, HttpResponseNotAllowed
from django.template.loader import render_to_string
from django.urls import Resolver404, ResolverMatch, resolve, reverse
from django.utils.decorators import sync_and_async_middleware

THEMES = ("light", "dark")
_PAGES = "tasks_app.web."

Answer = Callable[[HttpRequest], HttpResponseBase]
AsyncAnswer = Callable[[HttpRequest], Awaitable[HttpResponseBase]]


def theme_in_cookie(request: HttpRequest) -> str:
    """Give the theme that was chosen in this browser; "" for the system's."""
    theme = request.COOKIES.get("theme", "")
    return theme if theme in THEMES else ""


def shared(request: HttpRequest) -> dict[str, object]:
    """Give what any template may show, whoever draws it; what a page gives itself goes before. Asks no database."""
    return {"site_name": settings.SITE_NAME, "theme": theme_in_cookie(request)}


def server_error(request: HttpRequest) -> HttpResponse:
    """Say that something broke. Nothing that may be what broke is asked: no session, no person."""
    return HttpResponse(render_to_string("500.html", shared(request)), status=500)


@sync_and_async_middleware
def methods_refused(get_response: Answer | AsyncAnswer) -> Answer | AsyncAnswer:
    """Middleware: give a page to who opens or reloads the address of a button, where a view leaves the answer empty."""
    if iscoroutinefunction(get_response):

        async def answer_later(request: HttpRequest) -> HttpResponseBase:
            response = await get_response(request)
            return await sync_to_async(_refused)(request, response) if _is_bare(request, response) else response

        return answer_later

    def answer(request: HttpRequest) -> HttpResponseBase:
        response = get_response(request)
        assert isinstance(response, HttpResponseBase)
        return _refused(request, response) if _is_bare(request, response) else response

    return answer


def _is_bare(request: HttpRequest, response: HttpResponseBase) -> bool:
    is_page = request.resolver_match is not None and _is_page(request.resolver_match)
    return isinstance(response, HttpResponseNotAllowed) and is_page and not request.headers.get("HX-Request")


def _is_page(match: ResolverMatch) -> bool:
    """Say whether one of our pages stands there: the API, the admin, probes and Flower answer in their own way."""
    return match.func.__module__.startswith(_PAGES)


def _refused(request: HttpRequest, response: HttpResponseBase) -> HttpResponse:
    content = render_to_string("405.html", {"back": _above(request.path_info)}, request)
    return HttpResponse(content, status=response.status_code, headers={"Allow": response.headers["Allow"]})


def _above(path: str) -> str:
    """Give the page that is nearest above an address: where the button stands, or what it is about."""
    while (path := path.rstrip("/").rpartition("/")[0] + "/") != "/":
        try:
            match = resolve(path)
        except Resolver404:
            continue
        if _is_page(match):
            return path
    return reverse("home")
