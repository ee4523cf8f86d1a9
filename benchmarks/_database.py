"""Throwaway databases for benchmarks: SQLite in a directory, and PostgreSQL where its binaries are installed."""

import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass

from tests import postgres

# What PostgreSQL is by default, but for the disk: a throwaway cluster writes no log of changes that must survive.
POSTGRES_OPTIONS = postgres.OPTIONS


@dataclass(frozen=True)
class Platform:
    """A platform of its own: its database, and the environment that its processes need."""

    database: str
    environment: dict[str, str]

    def python(self, *words: str) -> str:
        """Run Python in a process of its own, and give what it prints."""
        done = subprocess.run(
            [sys.executable, *words], env=self.environment, check=True, stdout=subprocess.PIPE, text=True
        )
        return done.stdout


@contextmanager
def platforms() -> Iterator[list[Platform]]:
    """Make a platform on each database that this machine has; DATABASE_URL names a PostgreSQL to use instead."""
    with ExitStack() as stack:
        found = [_platform(stack, "sqlite", "")]
        url = stack.enter_context(postgres.database_url())
        if url is None:
            print("SKIPPED: PostgreSQL: neither DATABASE_URL nor its binaries are there.")
        else:
            found.append(_platform(stack, "postgresql", url))
        yield found


def _platform(stack: ExitStack, database: str, url: str) -> Platform:
    directory = stack.enter_context(tempfile.TemporaryDirectory(prefix="carillon-bench-"))
    environment = {
        **{name: value for name, value in os.environ.items() if name in ("PATH", "HOME", "LANG", "TMPDIR")},
        "VAR_DIR": directory,
        "ENVIRONMENT": "development",
        "DJANGO_SETTINGS_MODULE": "scheduler_project.settings",
        "PYTHONUNBUFFERED": "1",
    }
    if url:
        environment["DATABASE_URL"] = url
    made = Platform(database, environment)
    made.python("manage.py", "migrate", "--verbosity", "0")
    return made
