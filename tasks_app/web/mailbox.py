"""The development mailbox, for superusers: what the platform has sent, as the loopback SMTP server kept it.

Only plain text is shown in the page. HTML is answered by an address of its own that allows nothing, inside a
sandboxed frame.
"""

import re
from dataclasses import dataclass
from datetime import UTC, datetime
from email import policy
from email.message import EmailMessage
from email.parser import BytesParser
from pathlib import Path
from urllib.parse import quote

from django.conf import settings
from django.http import Http404, HttpResponse
from django.views.decorators.clickjacking import xframe_options_sameorigin
from django.views.decorators.http import require_safe

from tasks_app.selectors.access import reads_mailbox
from tasks_app.web import query
from tasks_app.web.page import Request, page, render

SIZE = 50
_NAME = re.compile(r"[0-9a-z-]{1,80}")
_HEAD = re.compile(r"<head\b[^>]*>", re.IGNORECASE)
_LINK = re.compile(r"https?://[^\s<>\"]+")


@dataclass(frozen=True)
class Mail:
    """One kept message."""

    name: str
    at: datetime
    message: EmailMessage

    @property
    def subject(self) -> str:
        """The subject, or a word for its absence."""
        return str(self.message.get("Subject", "")) or "(no subject)"

    @property
    def recipients(self) -> str:
        """For whom it was, as the SMTP server heard it."""
        return str(self.message.get("X-Envelope-To") or self.message.get("To", ""))

    @property
    def sender(self) -> str:
        """From whom it says it is."""
        return str(self.message.get("From", ""))

    def body(self, kind: str) -> str:
        """The text or HTML of the message, or nothing."""
        part = self.message.get_body((kind,))
        if part is None:
            return ""
        try:
            return str(part.get_content())
        except (LookupError, ValueError):  # an unknown character set
            return str(part.get_payload())

    @property
    def attachments(self) -> list[str]:
        """The names of what hangs on it."""
        return [part.get_filename() or part.get_content_type() for part in self.message.iter_attachments()]


@require_safe
@page
def mailbox(request: Request) -> HttpResponse:
    """List what was sent, the newest first."""
    _require_reader(request)
    names = sorted((path.stem for path in _directory().glob("*.eml")), reverse=True)
    number = query.number(request.GET, "page", most=1000)
    shown = names[(number - 1) * SIZE : number * SIZE]
    mails = [mail for mail in (_read(name) for name in shown) if mail]
    context = {"mails": mails, "page": number, "has_next": len(names) > number * SIZE}
    return render(request, "pages/mailbox.html", context)


@require_safe
@page
def mail_detail(request: Request, name: str) -> HttpResponse:
    """Show one message as text, with a frame for its HTML."""
    mail = _mail_or_404(request, name)
    text = mail.body("plain")
    context = {"mail": mail, "parts": _with_links(text), "has_html": bool(mail.body("html"))}
    return render(request, "pages/mail-detail.html", context)


@require_safe
@xframe_options_sameorigin
@page
def mail_html(request: Request, name: str) -> HttpResponse:
    """The HTML of a message, from which nothing can be loaded, run or sent; mail carries its styles inside.

    Its links open beside the page, since our own pages refuse to be shown in a frame.
    """
    response = HttpResponse(
        _HEAD.sub(r'\g<0><base target="_blank">', _mail_or_404(request, name).body("html"), count=1)
    )
    response["Content-Security-Policy"] = (
        "sandbox allow-popups allow-popups-to-escape-sandbox; default-src 'none'; img-src data:; "
        "style-src 'unsafe-inline'; frame-ancestors 'self'"
    )
    return response


def _with_links(text: str) -> list[tuple[str, str]]:
    """Cut the text into pieces, each with the address that it links to or nothing."""
    parts, end = [], 0
    for match in _LINK.finditer(text):
        parts += [
            (text[end : match.start()], ""),
            (match.group(), quote(match.group(), safe=":/?#[]@!$&'()*+,;=%-._~")),
        ]
        end = match.end()
    return [*parts, (text[end:], "")]


def _require_reader(request: Request) -> None:
    if not reads_mailbox(request.user):
        raise Http404


def _mail_or_404(request: Request, name: str) -> Mail:
    _require_reader(request)
    mail = _read(name) if _NAME.fullmatch(name) else None
    if mail is None:
        raise Http404
    return mail


def _directory() -> Path:
    return Path(settings.MAILBOX_DIR)


def _read(name: str) -> Mail | None:
    path = _directory() / f"{name}.eml"
    try:
        content = path.read_bytes()
        at = datetime.fromtimestamp(path.stat().st_mtime, UTC)
    except FileNotFoundError:
        return None
    return Mail(name, at, BytesParser(policy=policy.default).parsebytes(content))
