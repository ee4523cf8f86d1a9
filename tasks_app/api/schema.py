"""The OpenAPI document and its page, and what drf-spectacular must be told about signing in."""

from typing import Any

from django.conf import settings
from django.contrib.auth.views import redirect_to_login
from django.http import HttpRequest
from django.http.response import HttpResponseBase
from drf_spectacular.extensions import OpenApiAuthenticationExtension
from drf_spectacular.openapi import AutoSchema
from drf_spectacular.renderers import OpenApiJsonRenderer2
from drf_spectacular.views import SpectacularJSONAPIView, SpectacularSwaggerView
from rest_framework.permissions import AllowAny
from rest_framework.request import Request
from rest_framework.views import APIView

from tasks_app.api.auth import ScopePermission


class BearerScheme(OpenApiAuthenticationExtension):  # type: ignore[no-untyped-call]
    """API keys, and access tokens."""

    target_class = "tasks_app.api.auth.BearerAuthentication"
    name = ["apiKey", "accessToken"]  # noqa: RUF012  # as the base class declares it

    def get_security_definition(self, auto_schema: AutoSchema) -> list[dict[str, Any]]:
        """Describe the Authorization header, once for each of what it may hold."""
        of_sign_in = "An access token from `POST /api/auth/token`: `Authorization: Bearer eyJ…`."
        return [
            {"type": "http", "scheme": "bearer", "description": "An API key: `Authorization: Bearer crn_…`."},
            {"type": "http", "scheme": "bearer", "bearerFormat": "JWT", "description": of_sign_in},
        ]


class SessionScheme(OpenApiAuthenticationExtension):  # type: ignore[no-untyped-call]
    """The pages' session."""

    target_class = "tasks_app.api.auth.SessionAuthentication"
    name = "session"

    def get_security_definition(self, auto_schema: AutoSchema) -> dict[str, Any]:
        """Describe the cookie."""
        return {
            "type": "apiKey",
            "in": "cookie",
            "name": settings.SESSION_COOKIE_NAME,
            "description": "The pages' session; whatever changes something needs X-CSRFToken too.",
        }


class Readers(ScopePermission):
    """Who may read what the API can do: those who have signed in, or everybody with API_DOCS_PUBLIC."""

    def has_permission(self, request: Request, view: APIView) -> bool:
        """Let them read."""
        return settings.API_DOCS_PUBLIC or super().has_permission(request, view)


class Schema(SpectacularJSONAPIView):
    """The OpenAPI 3.1 document, as JSON."""

    permission_classes = (Readers,)
    renderer_classes = [OpenApiJsonRenderer2]  # noqa: RUF012  # as drf-spectacular declares it


class Docs(SpectacularSwaggerView):
    """Swagger UI, from the files of its wheel."""

    authentication_classes = ()
    permission_classes = (AllowAny,)
    url_name = "api:schema"
    template_name = "pages/api-docs.html"

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        """Ask strangers to sign in, as every page does."""
        if not (settings.API_DOCS_PUBLIC or request.user.is_authenticated):
            return redirect_to_login("/api/docs/", "/sign-in/")
        answer: HttpResponseBase = super().dispatch(request, *args, **kwargs)
        # For sign-ins in windows of other sites, which there are none of, drf-spectacular lets those reach this one.
        answer.headers["Cross-Origin-Opener-Policy"] = "same-origin"
        return answer
