"""Throwaway databases for benchmarks: SQLite in a directory, and PostgreSQL where its binaries are installed."""

import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

import psycopg

from scheduler_project.database_url import database
from tests import postgres

ROOT = Path(__file__).parent.parent
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
            [sys.executable, *words], cwd=ROOT, env=self.environment, check=True, stdout=subprocess.PIPE, text=True
        )
        return done.stdout


@contextmanager
def platforms() -> Iterator[list[Platform]]:
    """Make a platform on each database that this machine has; on the server that DATABASE_URL names, if it does."""
    with ExitStack() as stack:
        found = [stack.enter_context(on_sqlite())]
        url = stack.enter_context(postgres.database_url())
        if url is None:
            print("SKIPPED: PostgreSQL: neither DATABASE_URL nor its binaries are there.")
        else:
            found.append(stack.enter_context(on_postgres(url)))
        yield found


@contextmanager
def on_sqlite() -> Iterator[Platform]:
    """Make a platform on SQLite."""
    with _directory() as directory:
        yield _migrated(Platform("sqlite", _environment(directory)))


@contextmanager
def on_postgres(url: str) -> Iterator[Platform]:
    """Make a platform in a database of its own on that server, which goes at the end."""
    name = f"carillon_bench_{os.getpid()}"
    server, _, question = url.partition("?")
    own = f"{server.rpartition('/')[0]}/{name}{'?' if question else ''}{question}"
    with _directory() as directory, _connected(url) as connection:
        connection.execute(f"CREATE DATABASE {name}")
        try:
            yield _migrated(Platform("postgresql", {**_environment(directory), "DATABASE_URL": own}))
        finally:
            connection.execute(f"DROP DATABASE {name} WITH (FORCE)")


def _connected(url: str) -> psycopg.Connection:
    config = database(url, Path("unused"))
    names = {"host": "HOST", "port": "PORT", "user": "USER", "password": "PASSWORD", "dbname": "NAME"}
    return psycopg.connect(autocommit=True, **{name: config[key] for name, key in names.items() if config.get(key)})


def _directory() -> AbstractContextManager[str]:
    return tempfile.TemporaryDirectory(prefix="carillon-bench-")


def _environment(directory: str) -> dict[str, str]:
    """Take nothing over that could be a setting of the platform."""
    return {
        **{name: value for name, value in os.environ.items() if name in ("PATH", "HOME", "LANG", "TMPDIR")},
        "VAR_DIR": directory,
        "ENVIRONMENT": "development",
        "DJANGO_SETTINGS_MODULE": "scheduler_project.settings",
        "PYTHONUNBUFFERED": "1",
    }


def _migrated(platform: Platform) -> Platform:
    platform.python("manage.py", "migrate", "--verbosity", "0")
    return platform
