"""Putting a backup in the place of the database: checked first, all or nothing."""

import contextlib
import gzip
import os
import shutil
import sqlite3
import subprocess
from collections.abc import Iterator
from itertools import chain, count
from pathlib import Path

from django.db import DatabaseError, connection, connections

from tasks_app.selectors import health
from tasks_app.services import backups
from tasks_app.services.backups import BackupFailed, CannotBackUp, Tools
from tasks_app.services.processes import PATH

_GZIP = b"\x1f\x8b"
_KINDS = {b"SQLite format 3\0": "sqlite", b"PGDMP": "postgresql"}
_OURS = "tasks_app_scheduledtask"
_LOCK_SECONDS = 10
# Everything in one transaction with what follows: a restore that fails leaves what was there.
_CLEAR = """\
SET LOCAL lock_timeout = '30s';
DO $$ DECLARE one record; BEGIN
  FOR one IN
    SELECT n.nspname, c.relname, c.relkind FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
    WHERE n.nspname = current_schema() AND c.relkind IN ('r', 'p', 'f', 'v', 'm')
  LOOP
    EXECUTE format('DROP %s IF EXISTS %I.%I CASCADE', CASE one.relkind WHEN 'v' THEN 'VIEW'
      WHEN 'm' THEN 'MATERIALIZED VIEW' WHEN 'f' THEN 'FOREIGN TABLE' ELSE 'TABLE' END, one.nspname, one.relname);
  END LOOP;
END $$;
"""


class Refused(Exception):
    """The restore did not happen, and nothing has changed."""


def restore(path: Path, *, is_forced: bool, may_replace: bool) -> str:
    """Put the backup in the place of the database in force; says what was done, or raises `Refused`."""
    kind, is_packed = _kind_of(path)
    if kind != connection.vendor:
        raise Refused(f"{path.name} is a backup of {kind}, but DATABASE_URL names {connection.vendor}")
    tables = _tables()
    if not is_forced:
        _refuse_while_alive(tables)
    if tables and not may_replace:
        raise Refused(f"the database holds {len(tables)} tables, which would be replaced; say --yes to do so")
    try:
        return _restore_postgres(path) if kind == "postgresql" else _restore_sqlite(path, is_packed=is_packed)
    except (BackupFailed, CannotBackUp) as error:
        raise Refused(str(error)) from None


def _kind_of(path: Path) -> tuple[str, bool]:
    try:
        with path.open("rb") as plain:
            is_packed = plain.read(2) == _GZIP
        with gzip.open(path) if is_packed else path.open("rb") as stream:
            beginning = stream.read(16)
    except (OSError, EOFError) as error:
        raise Refused(f"{path} cannot be read: {error}") from None
    for mark, kind in _KINDS.items():
        if beginning.startswith(mark):
            return kind, is_packed
    raise Refused(f"{path} is no backup: neither an SQLite database nor a dump of PostgreSQL in its custom format")


def _tables() -> list[str]:
    try:
        return connection.introspection.table_names()
    except DatabaseError as error:
        raise Refused(f"the database cannot be reached: {str(error).strip()}") from None


def _refuse_while_alive(tables: list[str]) -> None:
    if _OURS not in tables:
        return
    try:
        names = [str(row) for row in (*health.live_workers(), *health.live_beats())]
    except DatabaseError:
        raise Refused("nobody can tell whether workers run; stop everything, then say --force") from None
    if names:
        raise Refused(f"these still run: {', '.join(names)}; stop them, or say --force")


def _restore_sqlite(path: Path, *, is_packed: bool) -> str:
    target = Path(str(connection.settings_dict["NAME"]))
    fresh = target.with_name(f".{target.name}.restore-{os.getpid()}")
    try:
        with _reading(path, is_packed=is_packed) as source, open(fresh, "xb", opener=_private) as copy:
            shutil.copyfileobj(source, copy)
        _check_sqlite(fresh)
        connections.close_all()
        aside = _put_aside(target)
        os.replace(fresh, target)
    except (OSError, EOFError, sqlite3.DatabaseError) as error:
        raise Refused(f"{error}") from None
    finally:
        fresh.unlink(missing_ok=True)
    return f"restored {target}" + (f"; what was there is {aside}" if aside else "")


@contextlib.contextmanager
def _reading(path: Path, *, is_packed: bool) -> Iterator["gzip.GzipFile"]:
    with gzip.open(path) if is_packed else path.open("rb") as stream:
        yield stream  # type: ignore[misc]  # either reads bytes


def _private(path: str, flags: int) -> int:
    return os.open(path, flags, 0o600)


def _check_sqlite(path: Path) -> None:
    backups.sqlite_verify(path, check=lambda: None)
    with contextlib.closing(sqlite3.connect(path)) as copy:
        if not copy.execute("SELECT 1 FROM sqlite_master WHERE name = ?", [_OURS]).fetchone():
            raise Refused("this is a database, but not the platform's")


def _put_aside(target: Path) -> Path | None:
    """Move the old database out of the way, whole; refuses while somebody writes to it."""
    if not target.exists():
        return None
    with contextlib.closing(sqlite3.connect(target, timeout=_LOCK_SECONDS, isolation_level=None)) as old:
        old.execute("BEGIN EXCLUSIVE")
        old.execute("ROLLBACK")
        old.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    aside = _free_name(target)
    os.replace(target, aside)
    for suffix in ("-wal", "-shm"):
        target.with_name(target.name + suffix).unlink(missing_ok=True)
    return aside


def _free_name(target: Path) -> Path:
    """Give a name beside the database that nothing has: after a wrong backup the first one aside is what is missed."""
    endings = chain([""], (f"-{number}" for number in count(2)))
    paths = (target.with_name(f"{target.name}.before-restore{ending}") for ending in endings)
    return next(path for path in paths if not path.exists())


def _restore_postgres(path: Path) -> str:
    tools = backups.postgres_tools()
    with path.open("rb") as dump:
        backups.postgres_verify(tools, dump, check=lambda: None)
    connections.close_all()
    _replay(tools, path)
    return f"restored {connection.settings_dict['NAME']}"


def _replay(tools: Tools, path: Path) -> None:
    """Let pg_restore write SQL and psql execute it in one transaction, which is given up when either fails."""
    environment = {"PATH": PATH, **backups.postgres_environment()}
    writing = [tools.restore, "--file=-", "--no-owner", "--no-privileges", str(path.absolute())]
    executing = [tools.psql, "-X", "-q", "-v", "ON_ERROR_STOP=1", "--single-transaction", "--no-password", "--file=-"]
    with (
        subprocess.Popen(writing, stdout=subprocess.PIPE, env=environment) as writer,  # noqa: S603  # a list of words, without a shell
        subprocess.Popen(executing, stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, env=environment) as executor,  # noqa: S603  # a list of words, without a shell
    ):
        assert writer.stdout is not None
        assert executor.stdin is not None
        try:
            executor.stdin.write(_CLEAR.encode())
            shutil.copyfileobj(writer.stdout, executor.stdin)
            if writer.wait() != 0:
                raise Refused(f"pg_restore ended with {writer.returncode}; nothing has changed")
        except BrokenPipeError:
            pass  # psql has said why
        except BaseException:
            executor.kill()  # before its input ends: it would commit
            raise
        finally:
            writer.stdout.close()
            with contextlib.suppress(BrokenPipeError):
                executor.stdin.close()
    if executor.returncode != 0:
        raise Refused(f"psql ended with {executor.returncode}; nothing has changed")
