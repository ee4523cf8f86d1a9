"""Who is asking: a session cookie with its CSRF token, an API key or an access token. And what a key's scope allows."""

from typing import TYPE_CHECKING

from django.contrib.auth.models import User
from django.http import HttpRequest, HttpResponse
from rest_framework.authentication import BaseAuthentication, CSRFCheck
from rest_framework.authentication import SessionAuthentication as DrfSessionAuthentication
from rest_framework.exceptions import AuthenticationFailed
from rest_framework.permissions import BasePermission
from rest_framework.request import Request

from tasks_app.api.errors import Refused
from tasks_app.models import ApiKey, TokenSignIn
from tasks_app.selectors.api_keys import PREFIX
from tasks_app.selectors.second_factor import lacks_second_factor
from tasks_app.services.api_keys import api_key_find
from tasks_app.services.tokens import token_find

if TYPE_CHECKING:
    from rest_framework.views import APIView

REALM = 'Bearer realm="carillon"'
_DOTS_OF_A_JWT = 2
SCOPES = (ApiKey.Scope.READ, ApiKey.Scope.RUN, ApiKey.Scope.MANAGE)


class BearerAuthentication(BaseAuthentication):
    """`Authorization: Bearer` with an API key (`crn_…`) or an access token.

    One that is not valid is refused, also beside a valid session.
    """

    def authenticate(self, request: Request) -> tuple[User, ApiKey | TokenSignIn] | None:
        """Give the user and what they were known by; None when the request carries no bearer token."""
        scheme, _, token = request.headers.get("Authorization", "").partition(" ")
        if scheme.lower() != "bearer":
            return None
        token = token.strip()
        if token.count(".") == _DOTS_OF_A_JWT and not token.startswith(PREFIX):
            sign_in = token_find(token)
            if sign_in is None:
                raise AuthenticationFailed("This access token is not valid any more; refresh it.", "invalid_token")
            return sign_in.user, sign_in
        key = api_key_find(token)
        if key is None:
            raise AuthenticationFailed("This API key is not valid; it may have ended or been revoked.", "invalid_key")
        return key.user, key

    def authenticate_header(self, request: Request) -> str:
        """Say how to sign in; this makes the answer to strangers a 401."""
        return REALM


class SessionAuthentication(DrfSessionAuthentication):
    """The pages' sign-in. The body stays unread: the token comes in the X-CSRFToken header."""

    def authenticate(self, request: Request) -> tuple[User, None] | None:
        """Give the session's user, unless they must set up a second factor first."""
        found: tuple[User, None] | None = super().authenticate(request)
        if found is not None and lacks_second_factor(found[0]):
            raise Refused(403, "Set up your second factor on the pages first.", code="second_factor_setup_required")
        return found

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
        require_scope(request.auth, scope_of(view, request.method or ""))
        return True


def require_scope(key: object, needed: ApiKey.Scope) -> None:
    """Refuse a key whose scope is too small with 403; whoever signed in otherwise has every scope."""
    if isinstance(key, ApiKey) and SCOPES.index(ApiKey.Scope(key.scope)) < SCOPES.index(needed):
        message = f"This needs a key with the scope {needed.value}; this one has {key.scope}."
        raise Refused(403, message, code="insufficient_scope")


def scope_of(view: "APIView", method: str) -> ApiKey.Scope:
    """Give the scope that an operation needs: what it declares; reading is `read`, all else `manage`."""
    handler = getattr(view, method.lower(), None)
    default = ApiKey.Scope.READ if method in ("GET", "HEAD", "OPTIONS") else ApiKey.Scope.MANAGE
    return getattr(handler, "scope", None) or default


def scopes_within(scope: str) -> list[str]:
    """Give every scope that this one includes."""
    return [known.value for known in SCOPES[: SCOPES.index(ApiKey.Scope(scope)) + 1]]
