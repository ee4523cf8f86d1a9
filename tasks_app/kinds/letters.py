"""One mail for one person, and how it looks on the wire."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from email import encoders
from email.mime.base import MIMEBase
from email.utils import formataddr
from urllib.parse import urlsplit

from django.conf import settings
from django.core.mail import EmailMultiAlternatives

Attachment = tuple[str, str, bytes]
_DEFAULT_TYPE = ("application", "octet-stream")


@dataclass(frozen=True)
class Letter:
    """What one person is to get."""

    address: str
    subject: str
    text: str
    html: str = ""
    name: str = ""
    reply_to: str = ""


def message_id(effect_id: str) -> str:
    """Give the Message-ID of an effect: always the same one, in the characters that mail allows."""
    digest = hashlib.sha256(effect_id.encode()).hexdigest()[:32]
    return f"<{digest}@{urlsplit(settings.BASE_URL).hostname or 'localhost'}>"


def attachment_parts(attachments: Sequence[Attachment]) -> list[MIMEBase]:
    """Encode attachments once for all the mails that they hang on."""
    return [_part(name, content_type, content) for name, content_type, content in attachments]


def message_of(letter: Letter, effect_id: str, parts: Sequence[MIMEBase]) -> EmailMultiAlternatives:
    """Build the message; the sender is the platform's, and programs that answer mail are asked not to."""
    message = EmailMultiAlternatives(
        subject=letter.subject,
        body=letter.text,
        from_email=settings.DEFAULT_FROM_EMAIL,
        to=[formataddr((letter.name, letter.address)) if letter.name else letter.address],
        reply_to=[letter.reply_to] if letter.reply_to else None,
        headers={"Message-ID": message_id(effect_id), "Auto-Submitted": "auto-generated"},
    )
    if letter.html:
        message.attach_alternative(letter.html, "text/html")
    for part in parts:
        message.attach(part)
    return message


def _part(name: str, content_type: str, content: bytes) -> MIMEBase:
    """Whatever its type, a file is carried as bytes: its line ends and characters are its own."""
    main, _, sub = content_type.partition(";")[0].strip().partition("/")
    is_plain = main.isalnum() and sub.replace("-", "").replace(".", "").replace("+", "").isalnum()
    part = MIMEBase(*((main, sub) if is_plain and main not in ("multipart", "message") else _DEFAULT_TYPE))
    part.set_payload(content)
    encoders.encode_base64(part)
    part.add_header("Content-Disposition", "attachment", filename=_one_line(name))
    return part


def _one_line(text: str) -> str:
    return "".join(character if character.isprintable() else "_" for character in text)
