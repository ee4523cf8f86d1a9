"""The one HTTP client for addresses that users give: nothing else here calls out."""

from tasks_app.services.outbound.client import Answer, Call, NotSent, OutboundError, Refused, Unclear, send
from tasks_app.services.outbound.urls import NotAllowed, check_url

__all__ = ["Answer", "Call", "NotAllowed", "NotSent", "OutboundError", "Refused", "Unclear", "check_url", "send"]
