"""`manage.py audit_verify`: walks the audit log's chain; one line, and exit code 1 where it does not hold."""

import re
import sys
from typing import Any

from django.core.management.base import CommandError, CommandParser

from tasks_app.management.one_line import OneLineCommand
from tasks_app.selectors.audit_chain import Broken, digest_at, verify

_NOTED = re.compile(r"(\d{1,18}):([0-9a-f]{64})", re.ASCII)


class Command(OneLineCommand):
    """Verify the audit log."""

    help = "Verify the audit log: every entry that was sealed is there and unchanged. Exit code 1 where it is not."

    def add_arguments(self, parser: CommandParser) -> None:
        """What is known from elsewhere."""
        parser.add_argument(
            "--expect",
            metavar="POSITION:DIGEST",
            action="append",
            default=[],
            help="a place that was noted elsewhere, as the workers' logs tell them; may be repeated",
        )

    def handle(self, *args: Any, **options: Any) -> None:
        """Say up to where it holds, or what is wrong first."""
        noted = [_noted(text) for text in options["expect"]]
        try:
            place = verify()
            for position, digest in noted:
                if digest_at(position) != digest:
                    raise Broken(f"position {position} does not have the digest that was noted elsewhere")
        except Broken as error:
            self.stdout.write(f"the chain is broken: {error}")
            sys.exit(1)
        self.stdout.write(f"the chain holds up to {place.position}:{place.digest}")


def _noted(text: str) -> tuple[int, str]:
    found = _NOTED.fullmatch(text)
    if found is None:
        raise CommandError(f"--expect takes POSITION:DIGEST, not {text[:80]}")
    return int(found[1]), found[2]
