"""Django's error reports and its page for DEBUG, without what the code held in its variables at that moment."""

from collections.abc import ItemsView
from typing import Any

from django.http import HttpRequest
from django.views.debug import SafeExceptionReporterFilter

HIDDEN = "hidden"


class NoVariables(SafeExceptionReporterFilter):
    """Says where it failed, and keeps local variables, posted values, cookies and settings to itself."""

    def is_active(self, request: HttpRequest | None) -> bool:
        """Always, also with DEBUG: error pages end up in tickets and screenshots."""
        return True

    def get_traceback_frame_variables(self, request: HttpRequest | None, tb_frame: Any) -> ItemsView[str, Any]:
        """Give none: a variable holds a password under any name."""
        return {}.items()

    def get_post_parameters(self, request: HttpRequest | None) -> dict[str, Any]:
        """Name what was posted, without the values."""
        return {} if request is None else dict.fromkeys(request.POST, HIDDEN)

    def get_cleansed_multivaluedict(self, request: HttpRequest, multivaluedict: Any) -> Any:
        """Name the parameters, without the values."""
        return dict.fromkeys(multivaluedict, HIDDEN)

    def get_safe_cookies(self, request: Any) -> dict[str, Any]:
        """Name the cookies, without the values."""
        return dict.fromkeys(getattr(request, "COOKIES", {}), HIDDEN)

    def get_safe_request_meta(self, request: Any) -> dict[str, Any]:
        """Give what says which request it was."""
        told = ("REQUEST_METHOD", "PATH_INFO", "SERVER_NAME", "HTTP_HOST", "HTTP_USER_AGENT", "CONTENT_TYPE")
        meta = getattr(request, "META", {})
        return {name: meta[name] for name in told if name in meta}

    def get_safe_settings(self) -> dict[str, Any]:
        """Give none."""
        return {}
