"""`database_backup`: a checked copy of the platform's database in storage, the newest n of them kept."""

import time
from typing import Any

from django.db import connection
from django.utils import timezone
from pydantic import Field

from tasks_app.errors import Permanent
from tasks_app.handlers import Payload, RunContext, handler
from tasks_app.kinds.backup_copies import Copy, PostgresCopy, SqliteCopy
from tasks_app.kinds.remembered import remembered
from tasks_app.models import StoredFile
from tasks_app.services import backups
from tasks_app.services.files import file_delete, file_store


class DatabaseBackup(Payload):
    """How many copies are kept, and how."""

    keep: int = Field(
        7,
        ge=1,
        le=1000,
        title="Copies to keep",
        description="Copies of this task that are kept; older ones go once the new one is checked.",
    )
    compress: bool = Field(True, description="Compress the copy.")


@handler(
    "database_backup",
    payload=DatabaseBackup,
    title="Back up the database",
    queue="low-priority",
    timeout=6 * 3600,
    permission="tasks_app.back_up_database",
)
def database_backup(ctx: RunContext, payload: DatabaseBackup) -> dict[str, Any]:
    """Copies the whole database into storage while everything goes on, checks the copy, and keeps the newest few."""
    with ctx.effect("backup", idempotent=True) as effect:
        if effect.done:
            ctx.log("this run has made its backup already; run it from scratch for another")
            return remembered(effect.result)
        ctx.check_stop()
        result = _back_up(ctx, payload)
        effect.confirm(result)
    return result


def _back_up(ctx: RunContext, payload: DatabaseBackup) -> dict[str, Any]:
    started = time.monotonic()
    copy = _copy(ctx, compress=payload.compress)
    file = file_store(
        # The same on every attempt: what an interrupted one has stored is replaced.
        path=f"backups/{ctx.task_id or 'runs'}/{ctx.root_run_id}{copy.suffix}",
        name=f"carillon-{timezone.now():%Y-%m-%dT%H-%M-%SZ}{copy.suffix}",
        content_type="application/octet-stream",
        owner_id=ctx.owner_id,
        run_id=ctx.run_id,
        task_id=ctx.task_id,
        purpose=StoredFile.Purpose.BACKUP,
        expires_at=None,
        write=copy.write,
    )
    try:
        checked = copy.verify(file)
    except BaseException:
        file_delete(file)
        raise
    summary = f"{file.name}: {file.size:,} bytes, checked by {checked}"
    ctx.log(summary)
    removed = backups.old_backups_remove(task_id=ctx.task_id, newest=file, keep=payload.keep) if ctx.task_id else 0
    if removed:
        ctx.log(f"{removed} older backups were removed")
    return {
        "summary": summary,
        "database": connection.vendor,
        "file": str(file.pk),
        "name": file.name,
        "bytes": file.size,
        "sha256": copy.sha256,
        "seconds": round(time.monotonic() - started, 3),
        "checked": checked,
        "removed": removed,
    }


def _copy(ctx: RunContext, *, compress: bool) -> Copy:
    if connection.vendor != "postgresql":
        return SqliteCopy(ctx, compress=compress)
    try:
        return PostgresCopy(ctx, compress=compress)
    except backups.CannotBackUp as error:
        raise Permanent(str(error)) from None
