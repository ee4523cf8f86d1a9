"""Messages that offer the way back beside what they say."""

from django.contrib import messages
from django.contrib.messages.storage.base import Message
from django.http import HttpRequest

_UNDO = "undo:"


def done(request: HttpRequest, text: str, *, undo: str = "") -> None:
    """Say what was done; `undo` is the address to which a POST takes it back."""
    messages.success(request, text, extra_tags=f"{_UNDO}{undo}" if undo else "")


def way_back(message: Message) -> str:
    """The address that takes back what a message says; "" where there is none."""
    tags = message.extra_tags or ""
    return tags.removeprefix(_UNDO) if tags.startswith(_UNDO) else ""
