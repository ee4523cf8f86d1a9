"""What a mailing is made of, and the check of all of it before the first mail goes."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from tasks_app.errors import NotFound
from tasks_app.kinds.addresses import OUTSIDE, canonical, why_not_to
from tasks_app.kinds.letters import Attachment, Letter
from tasks_app.kinds.mail_recipients import Recipient
from tasks_app.models import StoredFile
from tasks_app.selectors.access import visible_files
from tasks_app.services.email_templates import MailBody
from tasks_app.services.files import file_open
from tasks_app.services.mail_text import MissingValues, TextFault

MOST_ATTACHMENTS = 10
MOST_ATTACHED_BYTES = 10 * 2**20
MOST_FAULTS = 20


@dataclass(frozen=True)
class Fault:
    """Why a recipient cannot be mailed: a code, a sentence, and the field of the recipient at fault."""

    code: str
    message: str
    field: str


@dataclass(frozen=True)
class Mailing:
    """One body, common values, many recipients; read twice, so that all is checked before anything is sent."""

    body: MailBody
    values: Mapping[str, str]
    reply_to: str
    recipients: Callable[[], Iterable[tuple[int, Recipient]]]
    may_mail_outside: bool

    def faults(self) -> Iterator[tuple[int, Fault]]:
        """Give what is wrong, with the place of its recipient."""
        seen: set[str] = set()
        for place, recipient in self.recipients():
            mailbox = canonical(recipient.email)
            if mailbox in seen:
                yield place, Fault("duplicate", f"{recipient.email} stands here twice.", "email")
            elif (outside := why_not_to(recipient.email, may_mail_outside=self.may_mail_outside)) is not None:
                yield place, Fault(outside.code, outside.message, "email")
            elif (fault := self._fault_in(recipient)) is not None:
                yield place, fault
            seen.add(mailbox)

    def letters(self) -> Iterator[Letter]:
        """Give each recipient's letter."""
        for _, recipient in self.recipients():
            mail = self.body.render(self._values_of(recipient))
            yield Letter(recipient.email, mail.subject, mail.text, mail.html, recipient.name, self.reply_to)

    def _fault_in(self, recipient: Recipient) -> Fault | None:
        try:
            self.body.render(self._values_of(recipient))
        except MissingValues as error:
            return Fault("missing_value", f"There is no value for {', '.join(error.names)}.", "values")
        except TextFault as error:
            return Fault("bad_value", str(error), "values")
        return None

    def _values_of(self, recipient: Recipient) -> dict[str, str]:
        own = {"name": recipient.name} if recipient.name else {}
        return {**self.values, **own, **recipient.values, "email": recipient.email}


def may_mail_outside(owner: Any) -> bool:
    """Say whether the owner of a run may write to any domain; None is the platform."""
    return owner is None or (owner.is_active and owner.has_perm(OUTSIDE))


def files_of(owner: Any, ids: Iterable[UUID]) -> dict[UUID, StoredFile]:
    """Give those of the files that a run's owner may see; a backup holds everybody's data and is never mailed."""
    files = StoredFile.objects.all() if owner is None else visible_files(owner)
    return {file.pk: file for file in files.filter(pk__in=list(ids)).exclude(purpose=StoredFile.Purpose.BACKUP)}


def attachment_of(file: StoredFile) -> Attachment:
    """Read a stored file; raise NotFound when it has gone."""
    with file_open(file) as opened:
        content = opened.read(MOST_ATTACHED_BYTES + 1)
    if len(content) > MOST_ATTACHED_BYTES:
        raise NotFound("The file has grown.")
    return file.name, file.content_type, content
