"""Mail from handlers: one address per message, once per run whatever happens, the sender fixed by the settings."""

import hashlib
import smtplib
from dataclasses import dataclass, field
from typing import Annotated
from urllib.parse import urlsplit

from django.conf import settings
from django.core.exceptions import ValidationError
from django.core.mail import EmailMessage
from django.core.validators import EmailValidator
from pydantic import AfterValidator, Field
from pydantic_core import PydanticCustomError

from tasks_app.errors import Permanent
from tasks_app.handlers.context import RunContext

MAX_RECIPIENTS = 50
_LOCAL_PART_LIMIT = 64
_PERMANENT_FROM = 500
_is_email = EmailValidator(allowlist=[])


class MailUndelivered(Exception):
    """The mail server could not take some messages now; the next attempt sends those and no others."""


def _checked_address(value: str) -> str:
    """Take one bare address: no display name, no list, no address literal."""
    try:
        _is_email(value)
    except ValidationError:
        raise PydanticCustomError("email", "Must be one e-mail address, like ada@example.com") from None
    if "[" in value or len(value.rpartition("@")[0]) > _LOCAL_PART_LIMIT:
        raise PydanticCustomError("email", "Must be one e-mail address, like ada@example.com")
    return value


def _checked_recipients(values: list[str]) -> list[str]:
    if len({value.casefold() for value in values}) < len(values):
        raise PydanticCustomError("duplicate", "Each address may stand here once")
    return values


EmailAddress = Annotated[
    str, AfterValidator(_checked_address), Field(max_length=254, json_schema_extra={"format": "email"})
]
Recipients = Annotated[list[EmailAddress], AfterValidator(_checked_recipients), Field(max_length=MAX_RECIPIENTS)]


@dataclass
class Outcome:
    """What became of one message per recipient."""

    sent: list[str] = field(default_factory=list)
    refused: dict[str, str] = field(default_factory=dict)
    failed: dict[str, str] = field(default_factory=dict)

    def settle(self) -> None:
        """Raise for what was not sent: to be tried again if that can help, for good otherwise."""
        if self.failed:
            raise MailUndelivered(f"The mail server did not take the mail: {_list(self.failed)}")
        if self.refused:
            raise Permanent(f"The mail server refuses: {_list(self.refused)}")


def send_each(ctx: RunContext, recipients: list[str], *, subject: str, body: str) -> Outcome:
    """Send the same text to each recipient; one that fails does not keep the others from theirs."""
    outcome = Outcome()
    for address in recipients:
        ctx.check_stop()
        _send_once(ctx, address, subject, body, outcome)
    return outcome


def _send_once(ctx: RunContext, address: str, subject: str, body: str, outcome: Outcome) -> None:
    try:
        # Idempotent, because mail programs and servers drop a second message with the same Message-ID.
        with ctx.effect(f"mail:{address.casefold()}", idempotent=True) as effect:
            was_sent = effect.done
            if not was_sent:
                _send(address, subject, body, message_id(effect.id))
    except OSError as error:  # smtplib's exceptions are among them
        _note_failure(outcome, address, error)
        ctx.log(f"Mail to {address} failed: {error}", level="warning")
        return
    ctx.log(f"{address} has had this mail already" if was_sent else f"Mailed {address}")
    outcome.sent.append(address)


def _send(address: str, subject: str, body: str, message_id: str) -> None:
    headers = {"Message-ID": message_id}
    EmailMessage(subject, body, settings.DEFAULT_FROM_EMAIL, [address], headers=headers).send()


def message_id(effect_id: str) -> str:
    """Give the Message-ID of an effect: always the same one, in the characters that mail allows."""
    digest = hashlib.sha256(effect_id.encode()).hexdigest()[:32]
    return f"<{digest}@{urlsplit(settings.BASE_URL).hostname or 'localhost'}>"


def _note_failure(outcome: Outcome, address: str, error: OSError) -> None:
    code, text = _answer(error)
    target = outcome.refused if code >= _PERMANENT_FROM else outcome.failed
    target[address] = text


def _answer(error: OSError) -> tuple[int, str]:
    """Give the server's code and words; 0 when it did not get to answer."""
    code: int
    words: bytes | str
    if isinstance(error, smtplib.SMTPRecipientsRefused):
        code, words = next(iter(error.recipients.values()))
    elif isinstance(error, smtplib.SMTPResponseException):
        code, words = error.smtp_code, error.smtp_error
    else:
        return 0, str(error) or type(error).__name__
    return code, f"{code} {words.decode(errors='replace') if isinstance(words, bytes) else words}"


def _list(answers: dict[str, str]) -> str:
    return "; ".join(f"{address} ({text})" for address, text in answers.items())
