"""What the development mailbox has kept."""

import email
import email.policy
from dataclasses import dataclass
from email.message import EmailMessage
from pathlib import Path


@dataclass(frozen=True)
class Mail:
    """One message as the SMTP server received it."""

    recipient: str
    subject: str
    message_id: str
    text: str


def received(directory: Path) -> list[Mail]:
    """Give the messages, oldest first."""
    return [_mail(path) for path in sorted(directory.glob("*.eml"))]


def _mail(path: Path) -> Mail:
    message = email.message_from_bytes(path.read_bytes(), policy=email.policy.default)
    assert isinstance(message, EmailMessage)
    body = message.get_body(("plain",))
    assert body is not None
    return Mail(message["X-Envelope-To"], message["Subject"], message["Message-ID"], body.get_content())
