"""Commands whose bad arguments are answered with one line and exit code 2."""

import sys
from typing import Any, NoReturn

from django.core.management.base import BaseCommand, CommandParser

from tasks_app import caller


class OneLineParser(CommandParser):
    """Says what is wrong, without the usage in front of it."""

    def error(self, message: str) -> NoReturn:
        """End with the one line. Called from code, the command raises as Django's do."""
        if not self.called_from_command_line:
            super().error(message)
        print(f"{self.prog}: {message}", file=sys.stderr)
        sys.exit(2)


class OneLineCommand(BaseCommand):
    """A command for programs: its output and its faults are lines, its exit code is the answer."""

    requires_system_checks: Any = ()

    def create_parser(self, prog_name: str, subcommand: str, **kwargs: Any) -> CommandParser:
        """Make Django's parser with our way of saying errors."""
        parser = super().create_parser(prog_name, subcommand, **kwargs)
        parser.__class__ = OneLineParser
        return parser

    def execute(self, *args: Any, **options: Any) -> Any:
        """Let the audit log know who does what this command does."""
        who = caller.Who(f"command:{type(self).__module__.rpartition('.')[2]}", way="command")
        with caller.acting(caller.Caller(find=lambda: who)):
            return super().execute(*args, **options)
