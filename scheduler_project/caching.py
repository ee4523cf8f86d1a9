"""No cache keeps what it was not told to: a page, an answer or a redirect is for the one who asked."""

from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.utils.deprecation import MiddlewareMixin


class NothingIsKept(MiddlewareMixin):
    """Writes `no-store` where an answer says nothing; static files say for themselves how long they may be kept."""

    def process_response(self, request: HttpRequest, response: HttpResponseBase) -> HttpResponseBase:
        """Add the header to pages, errors and redirects alike."""
        response.headers.setdefault("Cache-Control", "no-store")
        return response
