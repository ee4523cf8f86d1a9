"""`send_email`: one mail to each of many recipients, from a template or written here, once whatever happens."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import islice
from typing import Annotated, Any
from uuid import UUID

from django.conf import settings
from django.contrib.auth import get_user_model
from pydantic import ConfigDict, Field, JsonValue

from tasks_app.errors import FieldError, Invalid, NotFound, Permanent
from tasks_app.handlers import Payload, RetryPolicy, RunContext, handler
from tasks_app.kinds.letters import Attachment
from tasks_app.kinds.mail_plan import (
    MOST_ATTACHED_BYTES,
    MOST_ATTACHMENTS,
    MOST_FAULTS,
    Mailing,
    attachment_of,
    files_of,
    may_mail_outside,
)
from tasks_app.kinds.mail_recipients import Recipient, Values, is_recipients_file, recipients_in
from tasks_app.kinds.mailing import EmailAddress, Outcome, check_addresses, check_room, send_letters
from tasks_app.selectors.email_templates import template_named
from tasks_app.services.email_templates import LIMITS, MailBody, read_body

MOST_RECIPIENTS = 10_000
_TOLD = 10
_FileId = Annotated[UUID, Field(json_schema_extra={"x-choices": "files"})]
_MULTI_LINE: dict[str, JsonValue] = {"format": "multi-line"}


_WAYS: list[JsonValue] = [
    {
        "label": "What to send",
        "ways": [
            {"label": "Write it here", "fields": ["subject", "text", "html"], "needs": ["subject", "text"]},
            {"label": "From a template", "fields": ["template"], "needs": ["template"]},
        ],
    },
    {
        "label": "Who gets it",
        "help": "Each gets a mail of their own and sees no other address.",
        "ways": [
            {"label": "List them here", "fields": ["recipients"], "needs": ["recipients"]},
            {"label": "Take them from a file", "fields": ["recipients_file"], "needs": ["recipients_file"]},
        ],
    },
]


class SendEmail(Payload):
    """What to send, and to whom."""

    model_config = ConfigDict(json_schema_extra={"x-ways": _WAYS})

    template: str | None = Field(
        None,
        min_length=1,
        max_length=100,
        description="The name of an e-mail template, instead of subject and text.",
        json_schema_extra={"x-choices": "email-templates"},
    )
    subject: str | None = Field(
        None, max_length=LIMITS["subject"], description="One line; {name} stands for a value, {{ for a brace."
    )
    text: str | None = Field(
        None, max_length=LIMITS["text"], description="The mail as plain text.", json_schema_extra=_MULTI_LINE
    )
    html: str | None = Field(
        None,
        max_length=LIMITS["html"],
        title="HTML",
        description="The mail as HTML, beside the text; values are escaped.",
        json_schema_extra=_MULTI_LINE,
    )
    recipients: list[Recipient] = Field(
        [],
        max_length=MOST_RECIPIENTS,
        description='E-mail addresses. Where values differ: {"email": …, "name": …, "values": {…}}.',
    )
    recipients_file: _FileId | None = Field(
        None, title="Recipients' file", description="A stored CSV or JSON Lines file with the column email; for many."
    )
    values: Values = Field({}, description="Values of placeholders that are the same for all.")
    reply_to: EmailAddress | None = Field(None, title="Reply to", description="Where answers go; nowhere by default.")
    attachments: list[_FileId] = Field(
        [], max_length=MOST_ATTACHMENTS, description="Stored files that hang on each mail, 10 MB together."
    )

    def check(self) -> None:
        """Check that there is one way to say what is sent, and one to say to whom."""
        inline = [name for name in ("subject", "text", "html") if getattr(self, name) is not None]
        if self.template is not None and inline:
            raise Invalid.at(inline[0], "contradiction", "Give a template or the mail itself, not both.")
        if self.recipients and self.recipients_file is not None:
            raise Invalid.at("recipients_file", "contradiction", "List the recipients or give a file, not both.")
        missing = dict(self._missing())
        if missing:
            raise Invalid("It must say what is sent, and to whom; see the fields.", fields=missing)
        if self.template is None:
            read_body(self.subject or "", self.text or "", self.html or "")
        if len(set(self.attachments)) < len(self.attachments):
            raise Invalid.at("attachments", "duplicate", "Each file may stand here once.")

    def _missing(self) -> Iterator[tuple[str, list[FieldError]]]:
        """Say all at once which of the needed fields nobody has filled."""
        for name in ("subject", "text") if self.template is None else ():
            if not (getattr(self, name) or "").strip():
                yield name, [FieldError("required", "Give a template, or subject and text.")]
        if not self.recipients and self.recipients_file is None:
            yield "recipients", [FieldError("required", "Say who gets the mail.")]

    def check_owner(self, owner: Any) -> None:
        """Check what belongs to somebody (template, files), the cap, and each recipient where they are known."""
        body = self.body_for(owner)
        if self.reply_to is not None:
            check_addresses(owner, {"reply_to": self.reply_to})
        self._check_files(owner)
        if owner is not None and len(self.recipients) > settings.MAIL_DAILY_LIMIT:
            raise Invalid.at("recipients", "over_limit", over_limit(len(self.recipients)))
        if self.recipients:
            self._check_recipients(self.mailing(owner, body))

    def body_for(self, owner: Any) -> MailBody:
        """Give what is sent; raise Invalid when the owner has no such template."""
        if self.template is None:
            return read_body(self.subject or "", self.text or "", self.html or "")
        found = template_named(owner, self.template)
        if found is None:
            raise Invalid.at("template", "unknown", "There is no such template; make one under E-mail templates.")
        return read_body(found.subject, found.text, found.html)

    def mailing(self, owner: Any, body: MailBody) -> Mailing:
        """Put together who gets what."""
        return Mailing(body, self.values, self.reply_to or "", self._source(owner), may_mail_outside(owner))

    def _source(self, owner: Any) -> Callable[[], Iterable[tuple[int, Recipient]]]:
        if self.recipients_file is None:
            return lambda: enumerate(self.recipients, start=1)
        file = files_of(owner, [self.recipients_file]).get(self.recipients_file)
        if file is None:
            raise Invalid.at("recipients_file", "unknown", "There is no such file.")
        return lambda: recipients_in(file)

    def _check_files(self, owner: Any) -> None:
        known = files_of(owner, [*self.attachments, *filter(None, [self.recipients_file])])
        for index, file_id in enumerate(self.attachments):
            if file_id not in known:
                raise Invalid.at(f"attachments.{index}", "unknown", "There is no such file.")
        if sum(known[file_id].size for file_id in self.attachments) > MOST_ATTACHED_BYTES:
            most = f"{MOST_ATTACHED_BYTES // 2**20} MB"
            raise Invalid.at("attachments", "too_large", f"Together they have more than {most}; send a link instead.")
        if self.recipients_file is not None:
            if self.recipients_file not in known:
                raise Invalid.at("recipients_file", "unknown", "There is no such file.")
            if not is_recipients_file(known[self.recipients_file].name):
                raise Invalid.at("recipients_file", "file_type", "Must be a file named *.csv or *.jsonl.")

    @staticmethod
    def _check_recipients(mailing: Mailing) -> None:
        faults = islice(mailing.faults(), MOST_FAULTS)
        fields = {f"recipients.{at - 1}.{one.field}": [FieldError(one.code, one.message)] for at, one in faults}
        if fields:
            raise Invalid("Not every recipient can be mailed; see the fields.", fields=fields)


@handler(
    "send_email",
    payload=SendEmail,
    title="Send e-mail",
    timeout=4 * 3600,
    # A server that puts mail off wants minutes, not seconds.
    retry=RetryPolicy(delays=(60, 300, 900, 1800, 3600, 7200)),
)
def send_email(ctx: RunContext, payload: SendEmail) -> dict[str, Any]:
    """Sends a mail to each recipient, from a template or written here; a retry mails nobody a second time."""
    owner = get_user_model().objects.filter(pk=ctx.owner_id).first() if ctx.owner_id is not None else None
    try:
        mailing = payload.mailing(owner, payload.body_for(owner))
        attachments = _attachments(owner, payload.attachments)
    except Invalid as error:
        raise Permanent(_first_fault(error)) from None
    place = "Line {}" if payload.recipients_file else "Recipient {}"
    total = _check_all(ctx, mailing, place, is_capped=owner is not None)
    ctx.progress(0, total, "Sending")
    outcome = send_letters(ctx, mailing.letters(), total=total, attachments=attachments, reports_progress=True)
    return _result(ctx, outcome, total)


def over_limit(count: int) -> str:
    """Say that a mailing can never be sent under the limit of a day."""
    limit = settings.MAIL_DAILY_LIMIT
    return f"{count:,} recipients are more than the {limit:,} mails a day that one person's tasks may send; split them."


def _attachments(owner: Any, ids: Sequence[UUID]) -> list[Attachment]:
    known = files_of(owner, ids)
    try:
        return [attachment_of(known[file_id]) for file_id in ids]
    except (KeyError, NotFound):
        raise Permanent("A file that hangs on the mail has gone. Nothing was sent.") from None


def _check_all(ctx: RunContext, mailing: Mailing, place: str, *, is_capped: bool) -> int:
    """Check every recipient and give their number; nothing is sent before all are known to be right."""
    ctx.check_stop()
    try:
        faults = [f"{place.format(at)}: {fault.message}" for at, fault in islice(mailing.faults(), _TOLD)]
        total = 0 if faults else sum(1 for _ in mailing.recipients())
    except Permanent as error:
        faults = [str(error)]
    if not faults and not total:
        faults = ["The file names no recipients."]
    if not faults and is_capped and total > settings.MAIL_DAILY_LIMIT:
        faults = [over_limit(total)]
    if faults:
        raise Permanent(f"Nothing was sent. {' '.join(faults)}")
    if ctx.attempt == 1 and ctx.run_id == ctx.root_run_id:
        check_room(ctx, total)
    return total


def _result(ctx: RunContext, outcome: Outcome, total: int) -> dict[str, Any]:
    summary = (
        f"{len(outcome.sent)} sent, {len(outcome.already)} sent before, "
        f"{len(outcome.refused)} refused, {len(outcome.failed)} put off"
    )
    ctx.log(summary)
    outcome.settle_later()
    if outcome.refused and not outcome.sent and not outcome.already:
        outcome.settle()
    ctx.progress(total, total, f"{len(outcome.sent)} sent")
    reasons = [{"email": address, "reason": reason} for address, reason in islice(outcome.refused.items(), _TOLD)]
    return {
        "summary": summary,
        "recipients": total,
        "sent": len(outcome.sent),
        "already_sent": len(outcome.already),
        "refused": len(outcome.refused),
        "failed": len(outcome.failed),
        "refusals": reasons,
    }


def _first_fault(error: Invalid) -> str:
    path, faults = next(iter(error.fields.items()))
    return f"{path}: {faults[0].message} Nothing was sent."
