"""The mail that tells of a report: with the link, or with the file itself."""

from collections.abc import Sequence
from dataclasses import dataclass

from django.conf import settings

from tasks_app.handlers import RunContext
from tasks_app.kinds.letters import Attachment
from tasks_app.kinds.mailing import send_each
from tasks_app.kinds.report_progress import rows_text
from tasks_app.models import StoredFile
from tasks_app.services.files import file_open, signed_url


@dataclass(frozen=True)
class Report:
    """What there is to tell of."""

    title: str
    rows: int
    file: StoredFile


def mail_report(ctx: RunContext, recipients: list[str], report: Report, *, attach: bool) -> None:
    """Tell each recipient once; a file that is too large to attach is linked, and the log says so."""
    attachments = _attachments(ctx, report.file) if attach else []
    subject = f"[{settings.SITE_NAME}] {report.title}: {rows_text(report.rows)}"
    body = _words(report, is_attached=bool(attachments))
    send_each(ctx, recipients, subject=subject, body=body, attachments=attachments).settle()


def _attachments(ctx: RunContext, file: StoredFile) -> Sequence[Attachment]:
    most = settings.REPORT_ATTACH_MAX_BYTES
    if file.size > most:
        ctx.log(f"The file has {file.size:,} bytes; above {most:,} it is not attached, and the mail has the link")
        return []
    with file_open(file) as stored:
        return [(file.name, file.content_type, stored.read())]


def _words(report: Report, *, is_attached: bool) -> str:
    file = report.file
    until = f"{file.expires_at:%d %B %Y, %H:%M} UTC" if file.expires_at else "it is removed"
    where = "It is attached, and here until the link ends" if is_attached else "It is here"
    return (
        f"{file.name} is ready: {rows_text(report.rows)}, {file.size:,} bytes. {where}:\n\n{signed_url(file)}\n\n"
        f"The link works without signing in until {until}; whoever has it can read the file.\n"
    )
