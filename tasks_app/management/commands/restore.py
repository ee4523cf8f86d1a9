"""`manage.py restore <file>`: puts a backup in the place of the database. Exit code 1 when nothing was done."""

import sys
from pathlib import Path
from typing import Any

from django.core.management.base import CommandParser

from tasks_app.management.one_line import OneLineCommand
from tasks_app.selectors import health
from tasks_app.services.restoring import Refused, restore


class Command(OneLineCommand):
    """Restore the platform from a backup that `database_backup` has made."""

    help = "Put a backup (.sqlite3, .sqlite3.gz or .dump) in the place of the database that DATABASE_URL names."

    def add_arguments(self, parser: CommandParser) -> None:
        """Which file, and what may be overcome."""
        parser.add_argument("file", type=Path, help="the backup, on this machine")
        parser.add_argument("--yes", action="store_true", help="replace a database that is not empty")
        parser.add_argument("--force", action="store_true", help="also while workers or beats seem to run")

    def handle(self, *args: Any, **options: Any) -> None:
        """Say what was done and what comes next, or why nothing was done."""
        try:
            done = restore(options["file"], is_forced=options["force"], may_replace=options["yes"])
        except Refused as refusal:
            self.stdout.write(f"nothing was restored: {refusal}")
            sys.exit(1)
        self.stdout.write(done)
        tables = health.migrations()
        self.stdout.write(f"migrations: {tables.detail}")
