"""How Django REST framework and its schema generator are set up: every answer JSON, every input strict."""

from typing import Any

REST_FRAMEWORK: dict[str, Any] = {
    "DEFAULT_AUTHENTICATION_CLASSES": [
        "tasks_app.api.auth.BearerAuthentication",
        "tasks_app.api.auth.SessionAuthentication",
    ],
    "DEFAULT_PERMISSION_CLASSES": ["tasks_app.api.auth.ScopePermission"],
    "DEFAULT_PARSER_CLASSES": ["tasks_app.api.body.StrictParser"],
    "DEFAULT_RENDERER_CLASSES": ["tasks_app.api.render.SafeJsonRenderer"],
    "DEFAULT_CONTENT_NEGOTIATION_CLASS": "tasks_app.api.render.JsonOnly",
    "DEFAULT_METADATA_CLASS": None,
    "DEFAULT_SCHEMA_CLASS": "drf_spectacular.openapi.AutoSchema",
    "EXCEPTION_HANDLER": "tasks_app.api.errors.exception_handler",
    "URL_FORMAT_OVERRIDE": None,
}


def spectacular(version: str) -> dict[str, Any]:
    """Give the settings of the OpenAPI document."""
    return {
        "TITLE": "Carillon",
        "DESCRIPTION": "Tasks that run on time, their runs, and what they left behind.",
        "VERSION": version,
        "SCHEMA_PATH_PREFIX": "/api",
        "POSTPROCESSING_HOOKS": [],
        "COMPONENT_SPLIT_PATCH": False,
        "OAS_VERSION": "3.1.1",
        "SWAGGER_UI_DIST": "SIDECAR",
        "SWAGGER_UI_FAVICON_HREF": "SIDECAR",
        "SERVE_INCLUDE_SCHEMA": False,
    }
