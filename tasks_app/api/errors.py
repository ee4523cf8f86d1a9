"""The one shape of every error under /api/, and how each exception becomes it."""

import logging
from collections.abc import Mapping
from http import HTTPStatus
from typing import Any

from django.core.exceptions import PermissionDenied, RequestDataTooBig, SuspiciousOperation
from django.db import InterfaceError, OperationalError
from django.http import Http404, HttpRequest, UnreadablePostError
from rest_framework.exceptions import APIException, AuthenticationFailed, NotAuthenticated
from rest_framework.response import Response

from tasks_app.errors import CarillonError, Conflict, FieldError, FieldErrors, Forbidden, Invalid, NotFound, Stale
from tasks_app.services.idempotency import KeyReused
from tasks_app.services.limiter import LimiterAway, TooMany
from tasks_app.services.sealing import Unsealable
from tasks_app.services.sign_in import CodeNeeded, SignInRefused
from tasks_app.services.tokens import TokenRefused

logger = logging.getLogger(__name__)

RETRY_SECONDS = 5

SENTENCES: dict[int, tuple[str, str]] = {
    400: ("bad_request", "The request cannot be understood."),
    401: ("not_signed_in", "Sign in, or send an API key or an access token: Authorization: Bearer …"),
    403: ("forbidden", "You may not do this."),
    404: ("not_found", "There is nothing here."),
    405: ("method_not_allowed", "This address does not take that method; see the Allow header."),
    406: ("not_acceptable", "This API answers in JSON only."),
    413: ("too_large", "The request is too large."),
    415: ("unsupported_media_type", "Send JSON, with Content-Type: application/json."),
    429: ("too_many_requests", "Too many requests; wait as long as Retry-After says."),
    500: ("server_error", "Something went wrong here; the log has it under this request_id."),
    503: ("unavailable", "The database does not answer right now; try again."),
}
_OF_SERVICES: tuple[tuple[type[CarillonError] | tuple[type[CarillonError], ...], int], ...] = (
    (Invalid, 400),
    (Forbidden, 403),
    (NotFound, 404),
    (Conflict, 409),
    (Stale, 412),
    (KeyReused, 422),
    (TooMany, 429),
    (LimiterAway, 503),
    (Unsealable, 500),
    ((SignInRefused, CodeNeeded, TokenRefused), 401),
)
_OF_OTHERS: tuple[tuple[type[Exception] | tuple[type[Exception], ...], int], ...] = (
    ((NotAuthenticated, AuthenticationFailed), 401),
    (Http404, 404),
    (PermissionDenied, 403),
    (RequestDataTooBig, 413),
    ((SuspiciousOperation, UnreadablePostError), 400),
    ((OperationalError, InterfaceError), 503),
)


class Refused(CarillonError):
    """A refusal by the interface itself, with its HTTP status."""

    def __init__(self, status: int, message: str = "", *, code: str | None = None, fields: FieldErrors | None = None):
        own_code, sentence = SENTENCES[status]
        super().__init__(message or sentence, code=code or own_code, fields=fields)
        self.status = status


def error_body(request: HttpRequest, code: str, message: str, fields: FieldErrors | None = None) -> dict[str, Any]:
    """Build the shape."""
    found = {path[:200]: [_fault(error) for error in errors] for path, errors in (fields or {}).items()}
    request_id = getattr(request, "request_id", "")
    return {"error": {"code": code, "message": message, "fields": found, "request_id": request_id}}


def _fault(error: FieldError) -> dict[str, Any]:
    """Give a fault; what it does not have is left out."""
    suggestions = [error.suggestion, *error.also] if error.also else None
    more = {
        "position": error.position,
        "suggestion": error.suggestion,
        "suggestions": suggestions,
        "timezone": error.timezone or None,
    }
    return {"code": error.code, "message": error.message} | {
        name: value for name, value in more.items() if value is not None
    }


def plain_body(request: HttpRequest, status: int) -> dict[str, Any]:
    """Build the shape for a status about which nothing more is known."""
    phrase = HTTPStatus(status).phrase if status in HTTPStatus._value2member_map_ else "Error"
    code, message = SENTENCES.get(status, (phrase.lower().replace(" ", "_"), f"{phrase}."))
    return error_body(request, code, message)


def status_of(error: Exception) -> int:
    """Give the HTTP status that says what this exception means."""
    if isinstance(error, Refused):
        return error.status
    if isinstance(error, CarillonError):
        return next((status for known, status in _OF_SERVICES if isinstance(error, known)), 400)
    for known, status in _OF_OTHERS:
        if isinstance(error, known):
            return status
    return error.status_code if isinstance(error, APIException) else 500


def exception_handler(error: Exception, context: Mapping[str, Any]) -> Response:
    """Turn whatever a view raised into the shape; what nobody expected is logged and told without details."""
    request: HttpRequest = context["request"]._request
    status = status_of(error)
    if status >= HTTPStatus.INTERNAL_SERVER_ERROR:
        # While the database is away every request fails alike: a line each is enough.
        trace = None if status == HTTPStatus.SERVICE_UNAVAILABLE else error
        logger.error("%s %s failed (%s): %r", request.method, request.path, _id_of(request), error, exc_info=trace)
    response = Response(_body(request, error, status), status=status, headers=_headers(error, status))
    response.is_api_error = True  # type: ignore[attr-defined]  # the middleware leaves it as it is
    return response


def _body(request: HttpRequest, error: Exception, status: int) -> dict[str, Any]:
    if isinstance(error, CarillonError):
        return error_body(request, _code(error), error.message, error.fields)
    if isinstance(error, AuthenticationFailed):
        return error_body(request, str(error.get_codes()), str(error.detail))
    return plain_body(request, status)


def _code(error: CarillonError) -> str:
    """Where every field suffers from the same unknown-name fault, the whole error is named after it."""
    codes = {fault.code for faults in error.fields.values() for fault in faults}
    if error.error_code == Invalid.code and codes in ({"unknown_field"}, {"unknown_parameter"}):
        return codes.pop()
    return error.error_code


def _headers(error: Exception, status: int) -> dict[str, str]:
    headers = {}
    if isinstance(error, APIException) and (challenge := getattr(error, "auth_header", None)):
        headers["WWW-Authenticate"] = str(challenge)
    if isinstance(error, TooMany):
        headers["Retry-After"] = str(error.retry_after)
    if status == HTTPStatus.SERVICE_UNAVAILABLE:
        headers["Retry-After"] = str(RETRY_SECONDS)
    if isinstance(error, TooMany):
        headers["Retry-After"] = str(error.retry_after)
    return headers


def _id_of(request: HttpRequest) -> str:
    return str(getattr(request, "request_id", ""))
