"""The one HTTP client for addresses that users give: nothing else here calls out."""

from tasks_app.services.outbound.calls import (
    Answer,
    Call,
    Misdirected,
    NotSent,
    OutboundError,
    Refused,
    TooLarge,
    Unclear,
)
from tasks_app.services.outbound.client import download, send
from tasks_app.services.outbound.urls import NotAllowed, check_url

__all__ = [
    "Answer",
    "Call",
    "Misdirected",
    "NotAllowed",
    "NotSent",
    "OutboundError",
    "Refused",
    "TooLarge",
    "Unclear",
    "check_url",
    "download",
    "send",
]
