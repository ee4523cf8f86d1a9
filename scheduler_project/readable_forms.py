"""Forms are read once, before anything else asks for them; one that cannot be read is a bad request.

Django reads a form when its CSRF check does, and once more for the page that says what was wrong. That page would fail
for the same reason, and a mistake of the sender would become one of the server.
"""

from django.core.exceptions import BadRequest, SuspiciousOperation
from django.http import HttpRequest, HttpResponse, UnreadablePostError
from django.http.multipartparser import MultiPartParserError
from django.utils.deprecation import MiddlewareMixin
from django.views.defaults import bad_request

from tasks_app.api.middleware import is_api

_UNREADABLE = (BadRequest, MultiPartParserError, SuspiciousOperation, UnreadablePostError)


class ReadableForms(MiddlewareMixin):
    """Stands before everything that looks into a form."""

    def process_request(self, request: HttpRequest) -> HttpResponse | None:
        """Read the form of a page; under /api/ bodies are not forms, whatever they say."""
        if is_api(request):
            request._mark_post_parse_error()  # type: ignore[attr-defined]  # no form: the body stays unread
            return None
        try:
            _ = request.POST
        except _UNREADABLE as fault:
            request._mark_post_parse_error()  # type: ignore[attr-defined]  # read as empty by the page that says so
            return bad_request(request, fault)
        return None
