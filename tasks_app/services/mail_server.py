"""Handing mail to the server: one connection for many messages, and what the server said in words that can be acted on.

The stages are driven one by one, because only so can it be known that a message which met a lost connection was
certainly not taken: servers end connections after a number of messages, and the next one then goes over a new one.
"""

import contextlib
import smtplib
from types import TracebackType
from typing import Any

from django.conf import settings
from django.core.mail import EmailMessage, get_connection
from django.core.mail.backends.smtp import EmailBackend
from django.core.mail.message import sanitize_address

_PERMANENT_FROM = 500
_SERVICE_ENDS = 421


class MailRefused(Exception):
    """The server answered that it does not take this message: for good, or (`is_temporary`) not now."""

    def __init__(self, code: int, words: bytes | str) -> None:
        text = words.decode(errors="replace") if isinstance(words, bytes) else words
        super().__init__(f"{code} {' '.join(text.split())[:200]}")
        self.is_temporary = code < _PERMANENT_FROM


class SenderRefused(MailRefused):
    """The server does not take mail from the platform's own sender: no message would fare better."""


class MailServerAway(Exception):
    """The server cannot be reached, or left; `is_in_doubt`: perhaps after it had taken the message."""

    def __init__(self, message: str, *, is_in_doubt: bool) -> None:
        super().__init__(message)
        self.is_in_doubt = is_in_doubt


class MailServer:
    """A connection to the configured server, opened when first needed and kept until the block ends."""

    def __init__(self) -> None:
        # Whatever backend the settings name; only SMTP has a connection worth keeping.
        self._backend: Any = get_connection()
        self._sender = sanitize_address(settings.DEFAULT_FROM_EMAIL, "utf-8")

    def __enter__(self) -> "MailServer":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._drop()

    def hand_over(self, message: EmailMessage, recipient: str) -> None:
        """Give one message for one recipient to the server; returns once it has taken responsibility for it."""
        if not isinstance(self._backend, EmailBackend):
            self._backend.send_messages([message])
            return
        mail: Any = message.message()
        content = mail.as_bytes(linesep="\r\n")
        smtp = self._ready_for(sanitize_address(recipient, "utf-8"))
        code: int
        words: bytes | str
        try:
            code, words = smtp.data(content)
        except smtplib.SMTPDataError as error:
            code, words = error.smtp_code, error.smtp_error
        except OSError as error:
            self._drop()
            raise MailServerAway(_told(error), is_in_doubt=True) from error
        if code != 250:  # noqa: PLR2004  # taken
            self._reset(code)
            raise MailRefused(code, words)

    def _ready_for(self, recipient: str) -> smtplib.SMTP:
        """Bring the conversation to where the message itself comes; a connection that has aged is replaced once."""
        was_open = self._backend.connection is not None
        try:
            return self._envelope(recipient)
        except MailServerAway:
            self._drop()
            if not was_open:
                raise
        return self._envelope(recipient)

    def _envelope(self, recipient: str) -> smtplib.SMTP:
        try:
            self._backend.open()
            smtp: smtplib.SMTP = self._backend.connection
            smtp.ehlo_or_helo_if_needed()
            self._expect(smtp.mail(self._sender), SenderRefused)
            self._expect(smtp.rcpt(recipient), MailRefused)
        except OSError as error:  # smtplib's exceptions are among them
            self._drop()
            raise MailServerAway(_told(error), is_in_doubt=False) from error
        return smtp

    def _expect(self, answer: tuple[int, bytes], refusal: type[MailRefused]) -> None:
        code, words = answer
        if code == _SERVICE_ENDS:
            raise smtplib.SMTPServerDisconnected(f"421 {words.decode(errors='replace')}")
        if code not in (250, 251):
            self._reset(code)
            raise refusal(code, words)

    def _reset(self, code: int) -> None:
        try:
            if code == _SERVICE_ENDS:
                self._drop()
            else:
                self._backend.connection.rset()
        except OSError:
            self._drop()

    def _drop(self) -> None:
        if isinstance(self._backend, EmailBackend):
            with contextlib.suppress(OSError):
                self._backend.close()
            self._backend.connection = None


def _told(error: OSError) -> str:
    if isinstance(error, smtplib.SMTPResponseException):
        return f"{error.smtp_code} {error.smtp_error!r}"
    return str(error) or type(error).__name__
