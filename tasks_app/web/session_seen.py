"""Notes from where a session was used, for its person to see; behind the authentication."""

from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.utils.deprecation import MiddlewareMixin

from tasks_app.services.sessions import session_seen


class SessionSeen(MiddlewareMixin):
    """Looks at sessions that were read for the answer, and reads none for itself."""

    def process_response(self, request: HttpRequest, response: HttpResponseBase) -> HttpResponseBase:
        """Note it."""
        if request.session.accessed:
            session_seen(request)
        return response
