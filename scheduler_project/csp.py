"""The Content-Security-Policy of every answer: nothing but our own files, and exactly three written exceptions.

`/admin/` needs unfold's Alpine, which evaluates expressions and sets styles; `/api/docs/` is Swagger UI, which starts
from an inline script and sets styles; `/flower/` writes a policy of its own (flower_proxy.py). An answer that brings a
policy keeps it.
"""

from collections.abc import Awaitable, Callable
from inspect import iscoroutinefunction

from django.http import HttpRequest, HttpResponseBase
from django.utils.decorators import sync_and_async_middleware

HEADER = "Content-Security-Policy"
_BASE = (
    "default-src 'self'; img-src 'self' data:; object-src 'none'; base-uri 'none'; form-action 'self'; "
    "frame-ancestors 'none'"
)
STRICT = f"{_BASE}; script-src 'self'; style-src 'self'"
ADMIN = f"{_BASE}; script-src 'self' 'unsafe-inline' 'unsafe-eval'; style-src 'self' 'unsafe-inline'"
API_DOCS = f"{_BASE}; script-src 'self' 'unsafe-inline'; style-src 'self' 'unsafe-inline'"
EXCEPTIONS = {"/admin/": ADMIN, "/api/docs/": API_DOCS}

Answer = Callable[[HttpRequest], HttpResponseBase]
AsyncAnswer = Callable[[HttpRequest], Awaitable[HttpResponseBase]]


def policy_for(path: str) -> str:
    """Give the policy of a path."""
    return next((policy for start, policy in EXCEPTIONS.items() if f"{path}/".startswith(start)), STRICT)


@sync_and_async_middleware
def content_security_policy(get_response: Answer | AsyncAnswer) -> Answer | AsyncAnswer:
    """Middleware: write the policy where the answer has none."""
    if iscoroutinefunction(get_response):

        async def answer_later(request: HttpRequest) -> HttpResponseBase:
            return _with_policy(request, await get_response(request))

        return answer_later

    def answer(request: HttpRequest) -> HttpResponseBase:
        return _with_policy(request, get_response(request))  # type: ignore[arg-type]  # not a coroutine here

    return answer


def _with_policy(request: HttpRequest, response: HttpResponseBase) -> HttpResponseBase:
    response.headers.setdefault(HEADER, policy_for(request.path))
    return response
