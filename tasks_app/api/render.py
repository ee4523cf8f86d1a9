"""Writing JSON that always succeeds: rows that are stored must be shown, whatever is in them."""

import json
import math
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from rest_framework.negotiation import BaseContentNegotiation
from rest_framework.renderers import BaseRenderer

if TYPE_CHECKING:
    from collections.abc import Iterable

    from rest_framework.parsers import BaseParser
    from rest_framework.request import Request


class SafeJsonRenderer(BaseRenderer):
    """Escapes all but ASCII, so that no text can fail to be encoded; numbers that JSON has no word for become null."""

    media_type = "application/json"
    format = "json"
    charset = None
    render_style = "text"

    def render(
        self, data: Any, accepted_media_type: str | None = None, renderer_context: Mapping[str, Any] | None = None
    ) -> bytes:
        """Write the answer; an answer without content has no bytes."""
        if data is None:
            return b""
        try:
            return json.dumps(data, allow_nan=False).encode()
        except ValueError:
            return json.dumps(_finite(data)).encode()


class JsonOnly(BaseContentNegotiation):
    """Whatever the caller would accept, the answer is JSON: an error must never become a 406 about itself."""

    def select_parser(self, request: "Request", parsers: "Iterable[BaseParser]") -> "BaseParser":
        """Give the only one."""
        return next(iter(parsers))

    def select_renderer(
        self, request: "Request", renderers: "Iterable[BaseRenderer]", format_suffix: str | None = None
    ) -> tuple[BaseRenderer, str]:
        """Give the first; the schema and its page bring their own."""
        renderer = next(iter(renderers))
        return renderer, renderer.media_type or "application/json"


def _finite(value: Any) -> Any:
    if isinstance(value, dict):
        return {str(key): _finite(child) for key, child in value.items()}
    if isinstance(value, list | tuple):
        return [_finite(child) for child in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value
