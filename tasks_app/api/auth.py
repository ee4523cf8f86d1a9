"""Who is asking: a session cookie with its CSRF token, or an API key. And what a key's scope lets it do."""

from typing import TYPE_CHECKING

from django.contrib.auth.models import User
from django.http import HttpRequest, HttpResponse
from rest_framework.authentication import BaseAuthentication, CSRFCheck
from rest_framework.authentication import SessionAuthentication as DrfSessionAuthentication
from rest_framework.exceptions import AuthenticationFailed
from rest_framework.permissions import BasePermission
from rest_framework.request import Request

from tasks_app.api.errors import Refused
from tasks_app.models import ApiKey
from tasks_app.services.api_keys import api_key_find

if TYPE_CHECKING:
    from rest_framework.views import APIView

REALM = 'Bearer realm="carillon"'
SCOPES = (ApiKey.Scope.READ, ApiKey.Scope.RUN, ApiKey.Scope.MANAGE)


class BearerAuthentication(BaseAuthentication):
    """`Authorization: Bearer crn_…`. A key that is not valid is refused, also beside a valid session."""

    def authenticate(self, request: Request) -> tuple[User, ApiKey] | None:
        """Give the key's user and the key; None when the request carries no bearer token."""
        scheme, _, token = request.headers.get("Authorization", "").partition(" ")
        if scheme.lower() != "bearer":
            return None
        key = api_key_find(token.strip())
        if key is None:
            raise AuthenticationFailed("This API key is not valid; it may have ended or been revoked.", "invalid_key")
        return key.user, key

    def authenticate_header(self, request: Request) -> str:
        """Say how to sign in; this makes the answer to strangers a 401."""
        return REALM


class SessionAuthentication(DrfSessionAuthentication):
    """The pages' sign-in. The body stays unread: the token comes in the X-CSRFToken header."""

    def enforce_csrf(self, request: Request) -> None:
        """Refuse a request that may come from another site."""
        check = CSRFCheck(_nothing)
        check.process_request(request._request)
        if reason := check.process_view(request._request, _nothing, (), {}):
            raise Refused(403, f"Send the CSRF token in the X-CSRFToken header ({reason}).", code="csrf_failed")


def _nothing(_: HttpRequest) -> HttpResponse:
    """What the check would stand before, if it were a middleware."""
    return HttpResponse()


class ScopePermission(BasePermission):
    """Everybody must be signed in, and a key's scope must cover the operation. What one may see, selectors say."""

    def has_permission(self, request: Request, view: "APIView") -> bool:
        """Refuse strangers with 401, and keys whose scope is too small with 403."""
        if not request.user.is_authenticated:
            return False
        needed = scope_of(view, request.method or "")
        key = request.auth
        if isinstance(key, ApiKey) and SCOPES.index(ApiKey.Scope(key.scope)) < SCOPES.index(needed):
            message = f"This needs a key with the scope {needed.value}; this one has {key.scope}."
            raise Refused(403, message, code="insufficient_scope")
        return True


def scope_of(view: "APIView", method: str) -> ApiKey.Scope:
    """Give the scope that an operation needs: what it declares; reading is `read`, all else `manage`."""
    handler = getattr(view, method.lower(), None)
    default = ApiKey.Scope.READ if method in ("GET", "HEAD", "OPTIONS") else ApiKey.Scope.MANAGE
    return getattr(handler, "scope", None) or default


def scopes_within(scope: str) -> list[str]:
    """Give every scope that this one includes."""
    return [known.value for known in SCOPES[: SCOPES.index(ApiKey.Scope(scope)) + 1]]
