"""The OpenAPI document and its page, and what drf-spectacular must be told about signing in."""

from typing import Any

from django.conf import settings
from drf_spectacular.extensions import OpenApiAuthenticationExtension
from drf_spectacular.openapi import AutoSchema
from drf_spectacular.renderers import OpenApiJsonRenderer2
from drf_spectacular.views import SpectacularJSONAPIView, SpectacularSwaggerView
from rest_framework.permissions import AllowAny


class BearerScheme(OpenApiAuthenticationExtension):  # type: ignore[no-untyped-call]
    """API keys, and access tokens."""

    target_class = "tasks_app.api.auth.BearerAuthentication"
    name = ["apiKey", "accessToken"]  # noqa: RUF012  # as the base class declares it

    def get_security_definition(self, auto_schema: AutoSchema) -> list[dict[str, Any]]:
        """Describe the Authorization header, once for each of what it may hold."""
        token = "An access token from `POST /api/auth/token`: `Authorization: Bearer eyJ…`."
        return [
            {"type": "http", "scheme": "bearer", "description": "An API key: `Authorization: Bearer crn_…`."},
            {"type": "http", "scheme": "bearer", "bearerFormat": "JWT", "description": token},
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


class Schema(SpectacularJSONAPIView):
    """The OpenAPI 3.1 document, as JSON. Open to all: it tells nothing about what is stored."""

    authentication_classes = ()
    permission_classes = (AllowAny,)
    renderer_classes = [OpenApiJsonRenderer2]  # noqa: RUF012  # as drf-spectacular declares it


class Docs(SpectacularSwaggerView):
    """Swagger UI, from the files of its wheel."""

    authentication_classes = ()
    permission_classes = (AllowAny,)
    url_name = "api:schema"
