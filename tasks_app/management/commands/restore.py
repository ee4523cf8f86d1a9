"""`manage.py restore <file>`: puts a backup in the place of the database. Exit code 1 when nothing was done."""

import contextlib
import sys
from pathlib import Path
from typing import Any

from django.core.management.base import CommandParser
from django.db import DatabaseError

from tasks_app.management.one_line import OneLineCommand
from tasks_app.selectors import health
from tasks_app.services import audit
from tasks_app.services.restoring import Refused, restore
from tasks_app.services.stored_backups import backup_fetched, stored_backups


class Command(OneLineCommand):
    """Restore the platform from a backup that `database_backup` has made."""

    help = "Put a backup (.sqlite3, .sqlite3.gz or .dump) in the place of the database that DATABASE_URL names."

    def add_arguments(self, parser: CommandParser) -> None:
        """Which file, and what may be overcome."""
        which = parser.add_mutually_exclusive_group(required=True)
        which.add_argument("file", nargs="?", help="the backup, on this machine")
        which.add_argument("--stored", metavar="NAME", help="the backup that storage (STORAGE_URL) has by this name")
        which.add_argument("--list", action="store_true", help="only say which backups storage has")
        parser.add_argument("--yes", action="store_true", help="replace a database that is not empty")
        parser.add_argument("--force", action="store_true", help="also while workers or beats seem to run")

    def handle(self, *args: Any, **options: Any) -> None:
        """Say what was done and what comes next, or why nothing was done."""
        try:
            lines = _listed() if options["list"] else _restored(options)
        except Refused as refusal:
            self.stdout.write(f"nothing was restored: {refusal}")
            sys.exit(1)
        for line in lines:
            self.stdout.write(line)


def _listed() -> list[str]:
    found = [f"{one.stored_at:%Y-%m-%d %H:%M:%S} UTC  {one.size:>15,} bytes  {one.path}" for one in stored_backups()]
    return found or ["storage has no backup"]


def _restored(options: dict[str, Any]) -> list[str]:
    name = options["stored"]
    with backup_fetched(name) if name else contextlib.nullcontext(Path(options["file"])) as path:
        done = restore(path, is_forced=options["force"], may_replace=options["yes"])
    with contextlib.suppress(DatabaseError):  # a backup of an earlier version may have no audit log yet
        audit.note("database.restore", after={"file": name or str(options["file"])}, note=done)
    return [done, f"migrations: {health.migrations().detail}"]
