"""What surrounds every request: its id, who asks and from where; and the refusals that the audit log is told of."""

import re
import uuid
from http import HTTPStatus

from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.utils.deprecation import MiddlewareMixin

from tasks_app import caller
from tasks_app.caller import Caller, Who
from tasks_app.models import ApiKey
from tasks_app.services import audit

HEADER = "X-Request-ID"
_GIVEN = re.compile(r"[A-Za-z0-9_.:-]{1,64}", re.ASCII)


class CallerMiddleware(MiddlewareMixin):
    """Stands outside of all others. A request id that comes with the request is taken over if it is a plain word."""

    def process_request(self, request: HttpRequest) -> None:
        """Name the request and remember who calls."""
        given = request.headers.get(HEADER, "")
        request.request_id = given if _GIVEN.fullmatch(given) else uuid.uuid4().hex  # type: ignore[attr-defined]
        caller.enter(
            Caller(
                request_id=request.request_id,  # type: ignore[attr-defined]
                address=str(request.META.get("REMOTE_ADDR") or "")[:45],
                find=lambda: who(request),
                later={},
            )
        )

    def process_response(self, request: HttpRequest, response: HttpResponseBase) -> HttpResponseBase:
        """Note what was read and refused, and put the id on the answer."""
        try:
            if response.status_code == HTTPStatus.FORBIDDEN:
                audit.note_later(
                    "request.refuse",
                    key="refused",
                    is_bounded=True,
                    outcome=audit.REFUSED,
                    name=f"{request.method} {request.path}",
                )
            audit.write_later()
        finally:
            caller.leave()
        response.headers[HEADER] = getattr(request, "request_id", "")
        return response


def who(request: HttpRequest) -> Who:
    """Say who has signed in, by an API key or by a session. DRF leaves what it has found at the request itself."""
    user = getattr(request, "user", None)
    if user is None or not user.is_authenticated:
        return Who()
    key = getattr(request, "auth", None)
    if isinstance(key, ApiKey):
        return Who(f"key:{user.get_username()}/{key.name}", user.pk, "key")
    return Who(f"user:{user.get_username()}", user.pk, "session")
