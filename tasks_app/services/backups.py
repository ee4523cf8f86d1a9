"""Copies of the database: made while everything goes on, and checked before anybody relies on them."""

import contextlib
import os
import re
import shutil
import socket
import sqlite3
import tempfile
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any
from uuid import UUID

import psycopg
from django.conf import settings
from django.db import connection

from tasks_app.models import StoredFile
from tasks_app.services.files import file_delete
from tasks_app.services.processes import PATH, CannotStart, Escaped, Job, run_program

Tell = Callable[[int, int | None], object]
Check = Callable[[], object]
_PAGES_PER_STEP = 1_000
_STEPS_BETWEEN_CHECKS = 1_000_000
_SAID_BYTES = 4_000
_PREFIX = ".backup-"
_VERSION = re.compile(r"(\d+)(?:\.\d+)* ?")


class BackupFailed(Exception):
    """The copy could not be made, or is not what it should be. Trying again may help."""


class CannotBackUp(Exception):
    """Something has to be installed or set before this can work."""


@dataclass(frozen=True)
class Tools:
    """PostgreSQL's programs, all from one place."""

    dump: str
    restore: str
    psql: str


@contextlib.contextmanager
def working_directory() -> Iterator[Path]:
    """Give a private directory on the platform's own disk; those of processes that were killed are removed."""
    base = Path(settings.VAR_DIR)
    base.mkdir(parents=True, exist_ok=True)
    mark = f"{_PREFIX}{socket.gethostname()}-"
    for left in base.glob(f"{mark}*"):
        if not _is_alive(left.name.removeprefix(mark).partition("-")[0]):
            shutil.rmtree(left, ignore_errors=True)
    with tempfile.TemporaryDirectory(prefix=f"{mark}{os.getpid()}-", dir=base, ignore_cleanup_errors=True) as name:
        yield Path(name)


def sqlite_copy(target: Path, *, tell: Tell, check: Check) -> None:
    """Copy the SQLite database as it is now, in small steps, while others go on writing.

    The copy reads inside one transaction: in WAL mode writers do not wait for it, and it does not begin anew with each
    of their writes. The log cannot be cut until it is done.
    """
    source = sqlite3.connect(str(connection.settings_dict["NAME"]), timeout=20, isolation_level=None)
    with contextlib.closing(source), contextlib.closing(sqlite3.connect(target)) as copy:
        source.execute("BEGIN")
        source.execute("SELECT 1 FROM sqlite_master").fetchone()

        def step(_status: int, remaining: int, total: int) -> None:
            check()
            tell(total - remaining, total)

        source.backup(copy, pages=_PAGES_PER_STEP, progress=step)
        copy.execute("PRAGMA journal_mode=DELETE")


def sqlite_verify(path: Path, *, check: Check) -> None:
    """Raise `BackupFailed` unless the file is a sound database."""
    raised: list[BaseException] = []

    def look() -> int:
        try:
            check()
        except BaseException as error:  # sqlite3 would swallow it
            raised.append(error)
        return len(raised)

    with contextlib.closing(sqlite3.connect(f"file:{path}?mode=ro", uri=True)) as copy:
        copy.set_progress_handler(look, _STEPS_BETWEEN_CHECKS)
        try:
            found = [row[0] for row in copy.execute("PRAGMA integrity_check(3)")]
        except sqlite3.DatabaseError as error:
            if raised:
                raise raised[0] from None
            raise BackupFailed(f"the copy is not sound: {error}") from None
    if found != ["ok"]:
        raise BackupFailed(f"the copy is not sound: {'; '.join(map(str, found))}")


def postgres_tools() -> Tools:
    """Find pg_dump and its neighbours; raise `CannotBackUp` where one is missing or too old for the server."""
    dump = shutil.which(settings.PG_DUMP, path=PATH)
    if dump is None:
        raise CannotBackUp(f"{settings.PG_DUMP} was not found; install PostgreSQL's client programs or set PG_DUMP.")
    beside = [shutil.which(name, path=os.path.dirname(dump)) for name in ("pg_restore", "psql")]
    if not all(beside):
        raise CannotBackUp(f"pg_restore and psql must stand beside {dump}.")
    mine, server = _version_of(dump), _server_version()
    if mine < server:
        raise CannotBackUp(
            f"pg_dump {mine} cannot back up PostgreSQL {server}: install its client programs, or set PG_DUMP to them."
        )
    return Tools(dump, *map(str, beside))


def postgres_dump(write: Callable[[bytes], object], tools: Tools, *, compress: bool, tell: Tell, check: Check) -> None:
    """Give pg_dump's custom format to `write`: one snapshot of the database, however long it takes."""
    written = 0

    def take(piece: bytes) -> None:
        nonlocal written
        write(piece)
        written += len(piece)
        tell(written, None)

    words = [tools.dump, "--format=custom", f"--compress={6 if compress else 0}", "--no-password"]
    run_tool(words, take=take, check=check)


def postgres_verify(tools: Tools, dump: IO[bytes], *, check: Check) -> int:
    """Read a dump from its first to its last byte; gives the number of tables whose rows it holds."""
    listed = bytearray()
    os.lseek(dump.fileno(), 0, os.SEEK_SET)
    run_tool([tools.restore, "--list"], stdin=dump, take=listed.extend, check=check)
    os.lseek(dump.fileno(), 0, os.SEEK_SET)
    run_tool([tools.restore, "--file=/dev/null"], stdin=dump, take=lambda _: None, check=check)
    count = sum(b" TABLE DATA " in line for line in listed.splitlines())
    if not count:
        raise BackupFailed("the dump holds no table's rows")
    return count


def run_tool(
    words: list[str], *, take: Callable[[bytes], object], check: Check = lambda: None, stdin: IO[bytes] | None = None
) -> None:
    """Run one of PostgreSQL's programs on the platform's database; raise `BackupFailed` with what it said."""
    said = bytearray()

    def hear(stream: str, piece: bytes) -> None:
        if stream == "stdout":
            take(piece)
        else:
            said.extend(piece)
            del said[:-_SAID_BYTES]

    name = os.path.basename(words[0])
    try:
        ending = run_program(
            Job(argv=words, environment=postgres_environment(), stdin=stdin), on_output=hear, check=check
        )
    except (CannotStart, Escaped) as error:
        raise BackupFailed(f"{name}: {error}") from None
    if ending.exit_code != 0:
        words_said = said.decode("utf-8", "replace").strip()
        raise BackupFailed(f"{name} ended with {ending.signal or ending.exit_code}: {words_said}")


def postgres_environment() -> dict[str, str]:
    """Give libpq's variables for Django's connection; a password is never an argument, which anybody could read."""
    config = connection.settings_dict
    names = {"NAME": "dbname", "USER": "user", "PASSWORD": "password", "HOST": "host", "PORT": "port"}
    given: dict[str, Any] = {key: config[name] for name, key in names.items() if config.get(name)}
    given |= {key: value for key, value in config["OPTIONS"].items() if isinstance(value, str | int)}
    found = {name: value for name, value in os.environ.items() if name.startswith("PG") and name != "PG_DUMP"}
    found |= {name: os.environ[name] for name in ("HOME",) if name in os.environ}
    return {**found, **_variables(given)}


def old_backups_remove(*, task_id: str, newest: StoredFile, keep: int) -> int:
    """Remove what a task has backed up beyond the `keep` newest sound ones; gives the number.

    A copy whose run did not succeed is not counted as sound, and goes. Never `newest`, which has just been checked.
    """
    rows = StoredFile.objects.filter(task_id=UUID(task_id), purpose=StoredFile.Purpose.BACKUP).exclude(pk=newest.pk)
    others = list(rows.select_related("run").order_by("-created_at", "-id"))
    sound = [file for file in others if file.run is None or file.run.status == "succeeded"]
    kept = {file.pk for file in sound[: keep - 1]}
    going = [file for file in others if file.pk not in kept and not _is_under_way(file)]
    for file in going:
        file_delete(file)
    return len(going)


def _is_under_way(file: StoredFile) -> bool:
    return file.run is not None and file.run.finished_at is None


def _variables(given: Mapping[str, Any]) -> dict[str, str]:
    known = {option.keyword.decode(): option.envvar for option in psycopg.pq.Conninfo.get_defaults()}
    return {name.decode(): str(value) for key, value in given.items() if (name := known.get(key))}


def _version_of(program: str) -> int:
    said = bytearray()
    run_program(Job(argv=[program, "--version"]), on_output=lambda _, piece: said.extend(piece))
    found = _VERSION.search(said.decode("utf-8", "replace").partition(")")[2])
    if found is None:
        raise CannotBackUp(f"{program} does not tell its version.")
    return int(found[1])


def _server_version() -> int:
    connection.ensure_connection()
    return int(connection.connection.info.server_version) // 10_000


def _is_alive(pid: str) -> bool:
    try:
        os.kill(int(pid), 0)
    except (ProcessLookupError, ValueError):
        return False
    except PermissionError:
        return True
    return True
