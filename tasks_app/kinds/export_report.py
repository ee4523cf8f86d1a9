"""`export_report`: the rows of a source as a file behind a signed link, mailed or uploaded if wanted."""

import re
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from functools import cache
from typing import IO, Annotated, Any

from django.contrib.auth import get_user_model
from django.contrib.auth.models import AbstractBaseUser
from django.utils import timezone
from pydantic import Field, StringConstraints

from tasks_app.errors import Invalid, Permanent
from tasks_app.handlers import Payload, RunContext, handler
from tasks_app.handlers.schema import schema_within
from tasks_app.handlers.validation import rooted, validate_payload
from tasks_app.kinds.mailing import Recipients, check_recipients
from tasks_app.kinds.report_file import FileFormat, ReportFile
from tasks_app.kinds.report_mail import Report, mail_report
from tasks_app.kinds.report_progress import RowCount, rows_text
from tasks_app.kinds.report_upload import Upload, upload_file
from tasks_app.kinds.sources import (
    Column,
    ReportSource,
    Rows,
    Scope,
    UnknownSource,
    count_rows,
    source_all,
    source_get,
    stream_pages,
)
from tasks_app.models import StoredFile
from tasks_app.selectors.access import sees_all
from tasks_app.services import audit
from tasks_app.services.files import file_store, signed_url

_FILE_NAME = re.compile(r"[^\x00-\x1f\x7f/\\:*?\"<>|]+")


def _list_sources(schema: dict[str, Any]) -> None:
    """Sources are declared after this class, so the schema asks for them when it is made."""
    schema["enum"] = [source.name for source in source_all()]


def _list_filters(schema: dict[str, Any]) -> None:
    """Tell forms, and programs, which filters each source has."""
    schema["x-by"] = {"field": "source", "shapes": {source.name: _filters_of(source) for source in source_all()}}


def _list_columns(schema: dict[str, Any]) -> None:
    shapes = {source.name: _columns_of(source) for source in source_all()}
    schema["x-by"] = {"field": "source", "shapes": shapes}


def _columns_of(source: ReportSource) -> dict[str, Any]:
    names = [*source.column_names]
    return {"type": "array", "items": {"type": "string", "enum": names}, "x-ordered": True}


@cache
def _filters_of(source: ReportSource) -> dict[str, Any]:
    return schema_within(source.filters)


class ExportReport(Payload):
    """What to export, and who is told."""

    source: str = Field(title="Report", description="Where the rows come from.", json_schema_extra=_list_sources)
    filters: dict[str, Any] = Field(
        {}, description="Which rows. Each report has filters of its own.", json_schema_extra=_list_filters
    )
    columns: list[str] = Field(
        [], description="Which columns, in this order; all by default.", json_schema_extra=_list_columns
    )
    format: FileFormat = Field(FileFormat.CSV, description="CSV, JSON Lines, or an Excel workbook of one sheet.")
    gzip: bool = Field(False, title="Compress", description="Pack the file with gzip.")
    email: Recipients = Field([], title="E-mail", description="Who gets the link.")
    attach: bool = Field(
        False, title="Attach the file", description="Mail the file itself where it is small enough, besides the link."
    )
    upload: Upload | None = Field(None, description="Send the file to a URL too.")
    filename: Annotated[str, StringConstraints(strip_whitespace=True, max_length=100)] | None = Field(
        None, title="File name", description="The name of the download; made from report and time by default."
    )
    link_days: int = Field(7, ge=1, le=90, title="Link lasts", description="Days until the download link ends.")

    def check(self) -> None:
        """Check what the source decides: that it exists, its filters, its columns."""
        source = self.found_source()
        self.typed_filters(source)
        for index, name in enumerate(self.columns):
            if name not in source.column_names:
                known = ", ".join(source.column_names)
                raise Invalid.at(f"columns.{index}", "unknown_column", f"There is no such column; there are: {known}.")
            if name in self.columns[:index]:
                raise Invalid.at(f"columns.{index}", "duplicate", "Each column may stand here once.")
        if self.filename is not None and not _is_file_name(self.filename):
            raise Invalid.at("filename", "file_name", "Must be a plain file name, without folders.")
        if self.attach and not self.email:
            raise Invalid.at("attach", "no_recipient", "A file is attached to mails; say under E-mail who gets one.")
        if self.upload is not None:
            with rooted("upload"):
                self.upload.check()

    def check_owner(self, owner: Any) -> None:
        """Check whose figures the owner may see, and whom the owner may write to."""
        if self.found_source().staff_only and owner is not None and not sees_all(owner):
            raise Invalid.at("source", "not_allowed", "Only administrators can make this report.")
        check_recipients(owner, self.email, "email")
        if self.upload is not None:
            with rooted("upload"):
                self.upload.check_owner(owner)

    def check_editor(self, editor: Any, before: Mapping[str, Any]) -> None:
        """See that nobody reads by somebody else's report what they may not see themselves."""
        if not sees_all(editor):
            text = "A report shows what its task's owner may see, so only the owner says of what, and to whom it goes."
            raise Invalid.at("source", "not_allowed", text)
        self.check_owner(editor)

    @property
    def file(self) -> ReportFile:
        """How the file is made."""
        return ReportFile(self.format, self.gzip)

    def found_source(self) -> ReportSource:
        """Give the source; raise `Invalid` when there is none of that name."""
        try:
            return source_get(self.source)
        except UnknownSource as error:
            raise Invalid.at("source", "unknown_source", str(error.args[0])) from None

    def typed_filters(self, source: ReportSource) -> Any:
        """Give the filters as the source's own model."""
        try:
            return validate_payload(source.filters, self.filters, root="filters")[0]
        except Invalid as error:
            raise Invalid("The filters do not fit the report.", fields=error.fields) from None


@handler("export_report", payload=ExportReport, title="Export report", timeout=3600)
def export_report(ctx: RunContext, payload: ExportReport) -> dict[str, Any]:
    """Writes the rows of a report to a file, keeps it behind a link that expires, and mails or uploads it if wanted."""
    source = payload.found_source()
    scope = Scope(user=_owner(ctx), at=ctx.scheduled_for or timezone.now())
    rows = source.query(scope, payload.typed_filters(source))
    file, count = _store(ctx, payload, source.pick(payload.columns), rows, _file_name(payload, scope.at))
    if sees_all(scope.user):
        told = {"source": payload.source, "filters": payload.filters, "rows": count, "file": file.name}
        audit.note("report.export", file, actor=f"user:{scope.user.get_username()}", after=told)
    summary = f"{rows_text(count)}, {file.size:,} bytes in {file.name}"
    ctx.log(summary)
    result = {
        "summary": summary,
        "rows": count,
        "bytes": file.size,
        "file": str(file.id),
        "name": file.name,
        "url": signed_url(file),
    }
    if payload.upload is not None:
        ctx.progress(count, count, f"{rows_text(count)} written, now uploading")
        result["upload_status"] = upload_file(ctx, payload.upload, file)
    if payload.email:
        mail_report(ctx, payload.email, Report(source.title, count, file), attach=payload.attach)
    return result


def _owner(ctx: RunContext) -> AbstractBaseUser:
    """A report shows what its owner may see, so it needs one who may still see anything."""
    owner = None
    if ctx.owner_id is not None:
        owner = get_user_model().objects.filter(pk=ctx.owner_id, is_active=True).first()
    if owner is None:
        raise Permanent("A report needs an owner whose account is active.")
    return owner


def _store(
    ctx: RunContext, payload: ExportReport, columns: Sequence[Column], rows: Rows, name: str
) -> tuple[StoredFile, int]:
    counted = RowCount(ctx, count_rows(rows))
    payload.file.check_count(counted.total)
    notes: list[str] = []

    def write(stream: IO[bytes]) -> None:
        with stream_pages(rows, columns) as pages:
            names = [column.name for column in columns]
            notes.extend(payload.file.write(stream, names, counted.watch(pages)))

    file = file_store(
        # The same path for every attempt and retry: a second one replaces the file instead of adding one.
        path=f"reports/{ctx.root_run_id}/report{payload.file.ending}",
        name=name,
        content_type=payload.file.content_type,
        owner_id=ctx.owner_id,
        run_id=ctx.run_id,
        task_id=ctx.task_id,
        expires_at=timezone.now() + timedelta(days=payload.link_days),
        write=write,
    )
    for note in notes:
        ctx.log(note, level="warning")
    return file, counted.done


def _file_name(payload: ExportReport, at: datetime) -> str:
    name = payload.filename or f"{payload.source}-{at.astimezone(UTC):%Y-%m-%dT%H%M%SZ}"
    return payload.file.named(name)


def _is_file_name(name: str) -> bool:
    return _FILE_NAME.fullmatch(name) is not None and not name.startswith(".")
