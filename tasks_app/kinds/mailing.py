"""Mail from handlers: one address per message, once per run whatever happens, the sender fixed by the settings."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date
from email.mime.base import MIMEBase
from itertools import islice

from django.db import transaction

from tasks_app.errors import Permanent, RetryLater
from tasks_app.handlers.context import EffectHandle, RunContext
from tasks_app.kinds.addresses import EmailAddress, Recipients, canonical, check_addresses, check_recipients
from tasks_app.kinds.letters import Attachment, Letter, attachment_parts, message_id, message_of
from tasks_app.services.mail_quota import mail_day, mail_give_back, mail_left, mail_reserve, seconds_to_next_day
from tasks_app.services.mail_server import MailRefused, MailServer, MailServerAway, SenderRefused

__all__ = [
    "EmailAddress",
    "MailUndelivered",
    "Outcome",
    "Recipients",
    "check_addresses",
    "check_recipients",
    "check_room",
    "message_id",
    "send_each",
    "send_letters",
]

_BATCH = 50
_LOGGED_ONE_BY_ONE = 100
# A server that defers so many in a row defers us, not them.
_MOST_DEFERRED_IN_A_ROW = 20
_TOLD = 5


class MailUndelivered(Exception):
    """The mail server could not take some messages now; the next attempt sends those and no others."""


@dataclass
class Outcome:
    """What became of one message per recipient."""

    sent: list[str] = field(default_factory=list)
    already: list[str] = field(default_factory=list)
    refused: dict[str, str] = field(default_factory=dict)
    failed: dict[str, str] = field(default_factory=dict)
    trouble: str = ""
    is_capped: bool = False

    @property
    def count(self) -> int:
        """How many were dealt with."""
        return len(self.sent) + len(self.already) + len(self.refused) + len(self.failed)

    def settle(self) -> None:
        """Raise for what was not sent: to be tried again if that can help, for good otherwise."""
        self.settle_later()
        if self.refused:
            raise Permanent(f"The mail server refuses: {_list(self.refused)}")

    def settle_later(self) -> None:
        """Raise for what may be sent later: the cap of the day, a server that is away or busy."""
        if self.is_capped:
            raise RetryLater(
                seconds_to_next_day() + 1,
                f"The daily limit of mails is reached: {len(self.sent)} were sent now, the rest waits until 00:00 UTC.",
            )
        if self.trouble:
            raise MailUndelivered(f"The mail server cannot be used now: {self.trouble}")
        if self.failed:
            raise MailUndelivered(f"The mail server did not take the mail: {_list(self.failed)}")


def send_each(
    ctx: RunContext, recipients: list[str], *, subject: str, body: str, attachments: Sequence[Attachment] = ()
) -> Outcome:
    """Send the same text to each recipient; one that fails does not keep the others from theirs."""
    letters = [Letter(address, subject, body) for address in recipients]
    return send_letters(ctx, letters, total=len(letters), attachments=attachments)


def send_letters(
    ctx: RunContext,
    letters: Iterable[Letter],
    *,
    total: int,
    attachments: Sequence[Attachment] = (),
    reports_progress: bool = False,
) -> Outcome:
    """Send each letter once per root run, over one connection, counted against the owner's daily limit.

    Leaves early, with what is known so far, when the limit is reached or the server cannot be used.
    """
    outcome = Outcome()
    with MailServer() as server:
        sending = _Sending(ctx, server, outcome, attachment_parts(attachments), total=total)
        for batch in _batches(iter(letters)):
            sending.send(batch)
            if reports_progress:
                ctx.progress(min(outcome.count, total), total, f"{outcome.count} of {total}")
            if outcome.is_capped or outcome.trouble:
                break
    return outcome


def check_room(ctx: RunContext, wanted: int) -> None:
    """Wait for tomorrow, before anything is sent, when the owner's limit has no room left for so many today."""
    if ctx.owner_id is None:
        return
    left = mail_left(user_id=ctx.owner_id, day=mail_day())
    if wanted > left:
        raise RetryLater(
            seconds_to_next_day() + 1,
            f"{wanted} mails are to be sent and the daily limit leaves {left}; this waits until 00:00 UTC.",
        )


class _Sending:
    """The sending of one run's letters."""

    def __init__(
        self, ctx: RunContext, server: MailServer, outcome: Outcome, parts: list[MIMEBase], *, total: int
    ) -> None:
        self._ctx = ctx
        self._server = server
        self._outcome = outcome
        self._parts = parts
        self._logs_each = total <= _LOGGED_ONE_BY_ONE
        self._deferred_in_a_row = 0
        self._day: date = mail_day()

    def send(self, batch: list[Letter]) -> None:
        """Begin the effects of a batch together, then settle each by itself."""
        self._ctx.check_stop()
        self._day = mail_day()
        handles = self._ctx.effect_batch([_key(letter.address) for letter in batch], reserve=self._reserve)
        self._outcome.is_capped = len(handles) < len(batch)
        reached = 0
        try:
            for letter, handle in zip(batch, handles, strict=False):
                if reached:
                    self._ctx.check_stop()
                reached += 1
                self._send_once(letter, handle)
                if self._outcome.trouble:
                    break
        finally:
            self._give_up(handles[reached:])
        if not self._logs_each:
            self._ctx.log(f"{len(self._outcome.sent)} mails sent so far")

    def _send_once(self, letter: Letter, handle: EffectHandle) -> None:
        if handle.done:
            self._outcome.already.append(letter.address)
            self._say(f"{letter.address} has had this mail already")
            return
        try:
            self._server.hand_over(message_of(letter, handle.id, self._parts), letter.address)
        except MailRefused as error:
            self._note_refusal(letter.address, handle, error)
        except MailServerAway as error:
            self._outcome.trouble = str(error)
            if not error.is_in_doubt:
                self._give_up([handle])
        else:
            handle.confirm()
            self._deferred_in_a_row = 0
            self._outcome.sent.append(letter.address)
            self._say(f"Mailed {letter.address}")

    def _note_refusal(self, address: str, handle: EffectHandle, error: MailRefused) -> None:
        self._give_up([handle])
        self._ctx.log(f"Mail to {address} was not taken: {error}", level="warning")
        if isinstance(error, SenderRefused) and not error.is_temporary:
            raise Permanent(f"The mail server takes no mail from this platform: {error}")
        if not error.is_temporary:
            self._outcome.refused[address] = str(error)
            return
        self._outcome.failed[address] = str(error)
        self._deferred_in_a_row += 1
        if self._deferred_in_a_row >= _MOST_DEFERRED_IN_A_ROW:
            self._outcome.trouble = f"it put off {self._deferred_in_a_row} in a row ({error})"

    def _reserve(self, wanted: int) -> int:
        owner_id = self._ctx.owner_id
        return wanted if owner_id is None else mail_reserve(user_id=owner_id, day=self._day, wanted=wanted)

    def _give_up(self, handles: Sequence[EffectHandle]) -> None:
        """Note that these were certainly not handed over, and take them out of the day's count."""
        open_handles = [handle for handle in handles if not handle.done]
        if not open_handles:
            return
        with transaction.atomic():
            for handle in open_handles:
                handle.not_done()
            if self._ctx.owner_id is not None:
                mail_give_back(user_id=self._ctx.owner_id, day=self._day, count=len(open_handles))

    def _say(self, line: str) -> None:
        if self._logs_each:
            self._ctx.log(line)


def _key(address: str) -> str:
    return f"mail:{canonical(address)}"


def _batches(letters: Iterator[Letter]) -> Iterator[list[Letter]]:
    while batch := list(islice(letters, _BATCH)):
        yield batch


def _list(answers: dict[str, str]) -> str:
    told = "; ".join(f"{address} ({text})" for address, text in islice(answers.items(), _TOLD))
    return f"{told}; and {len(answers) - _TOLD} more" if len(answers) > _TOLD else told
