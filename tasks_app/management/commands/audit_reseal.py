"""`manage.py audit_reseal <file>`: seals the audit log with a new SECRET_KEY; exit code 1 where it is broken."""

import sys
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import CommandError, CommandParser

from tasks_app.management.one_line import OneLineCommand
from tasks_app.selectors.audit_chain import Broken
from tasks_app.services import audit
from tasks_app.services.audit_sealing import audit_reseal


class Command(OneLineCommand):
    """Seal the audit log with the key in force."""

    help = (
        "After a change of SECRET_KEY: verify the audit log with the key before, which the file holds, and seal it "
        "anew with the one in force. Nothing is changed where the chain does not hold; exit code 1 then."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        """Where the key before is; on the command line everybody could read it."""
        parser.add_argument("file", type=Path, help="a file that holds the SECRET_KEY before")

    def handle(self, *args: Any, **options: Any) -> None:
        """Say how much was sealed, or what is wrong."""
        try:
            earlier = options["file"].read_text(encoding="utf-8").strip()
        except (OSError, UnicodeDecodeError) as error:
            raise CommandError(f"the file cannot be read: {error}") from None
        known = settings.SECRET_KEY_FALLBACKS
        settings.SECRET_KEY_FALLBACKS = [*known, earlier]
        try:
            count = audit_reseal()
        except Broken as error:
            self.stdout.write(f"nothing was sealed, the chain is broken: {error}")
            sys.exit(1)
        finally:
            settings.SECRET_KEY_FALLBACKS = known
        audit.note("audit.reseal", kind="audit", name="chain", after={"entries": count})
        self.stdout.write(f"{count} entries are sealed with the SECRET_KEY in force")
