"""The one HTTP client for addresses that users give: nothing else here calls out."""

from tasks_app.services.outbound.calls import (
    Answer,
    Call,
    Misdirected,
    NotSent,
    OutboundError,
    Refused,
    Unclear,
)
from tasks_app.services.outbound.client import send
from tasks_app.services.outbound.urls import NotAllowed, check_url

__all__ = [
    "Answer",
    "Call",
    "Misdirected",
    "NotAllowed",
    "NotSent",
    "OutboundError",
    "Refused",
    "Unclear",
    "check_url",
    "send",
]
