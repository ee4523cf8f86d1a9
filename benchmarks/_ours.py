"""The platform's real processes on the common ground, and a way to do something inside."""

import contextlib
import json
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import psycopg

from benchmarks._ground import ROOT, Ground, output_of
from benchmarks._process import Process, until
from scheduler_project import ports

START_SECONDS = 90
CHILDREN = 2


@dataclass
class Ours:
    """One platform: its database, its environment, its processes."""

    ground: Ground
    database: str
    directory: Path
    environment: dict[str, str]
    port: int

    @property
    def url(self) -> str:
        """The address of the web process."""
        return f"http://localhost:{self.port}"

    def do(self, step: str, **argument: Any) -> Any:
        """Do a step of benchmarks/_steps.py in a process with the platform's settings, and give its answer."""
        words = [sys.executable, "-m", "benchmarks._steps", step, json.dumps(argument)]
        return json.loads(output_of(words, ROOT, self.environment).splitlines()[-1])

    def start(self, kind: str) -> Process:
        """Start a process of the platform; nobody waits for it."""
        log = self.directory / f"{kind}.log"
        return Process([sys.executable, "-m", "scheduler_project.start", kind], ROOT, self.environment, log)

    @contextlib.contextmanager
    def running(self, *kinds: str) -> Iterator[list[Process]]:
        """Run these processes, once they are ready for work."""
        with contextlib.ExitStack() as stack:
            processes = [stack.enter_context(self.start(kind)) for kind in kinds]
            for kind, process in zip(kinds, processes, strict=True):
                self.wait_for(kind, process)
            yield processes

    def wait_for(self, kind: str, process: Process) -> None:
        """Wait until the process does its work."""
        with self.connect() as connection:
            until(lambda: self._is_ready(kind, process, connection), START_SECONDS, f"{kind} is ready")

    def connect(self) -> "psycopg.Connection[tuple[Any, ...]]":
        """Look into the database."""
        return self.ground.connect(self.database)

    def _is_ready(self, kind: str, process: Process, connection: "psycopg.Connection[tuple[Any, ...]]") -> bool:
        if process.has_ended:
            raise RuntimeError(f"{kind} has ended: {process.last_words()}")
        if kind == "web":
            with contextlib.suppress(httpx.TransportError):
                return httpx.get(f"{self.url}/readyz", trust_env=False).status_code == httpx.codes.OK
            return False
        if kind == "worker":
            lately = "heartbeat_at > now() - interval '5 s'"
            return one(connection, f"SELECT EXISTS (SELECT 1 FROM tasks_app_worker WHERE {lately})") is True
        named = "SELECT EXISTS (SELECT 1 FROM tasks_app_beat WHERE name LIKE '%%:' || %s::text AND stopped_at IS NULL)"
        return one(connection, named, process.pid) is True


@contextlib.contextmanager
def platform(ground: Ground, template: str, **settings: str) -> Iterator[Ours]:
    """Lay out a platform in a new database like the template; nothing runs yet."""
    with ground.database(template) as name:
        yield _laid_out(ground, name, settings)


@contextlib.contextmanager
def template(ground: Ground) -> Iterator[str]:
    """Make a database as a first start does, for others to be copied from."""
    with ground.database() as name:
        _laid_out(ground, name, {}).do("prepare")
        yield name


def _laid_out(ground: Ground, name: str, settings: dict[str, str]) -> Ours:
    directory = ground.directory / "ours"
    directory.mkdir(exist_ok=True)
    port = ports.any_free()
    environment = {
        **ground.environment,
        "DJANGO_SETTINGS_MODULE": "benchmarks.ours.settings",
        "ENVIRONMENT": "development",
        "VAR_DIR": str(directory),
        "DATABASE_URL": ground.url_of(name),
        "REDIS_URL": ground.redis,
        "WORKER_CONCURRENCY": str(CHILDREN),
        "PORT": str(port),
        "PYTHONUNBUFFERED": "1",
        **settings,
    }
    return Ours(ground, name, directory, environment, port)


def one(connection: "psycopg.Connection[tuple[Any, ...]]", query: str, *values: Any) -> Any:
    """Give the one value that the query finds."""
    row = connection.execute(query, values or None).fetchone()
    return row[0] if row else None


def count_until(connection: "psycopg.Connection[tuple[Any, ...]]", query: str, wanted: int, seconds: float) -> float:
    """Wait until the query counts so many; gives the moment."""
    until(lambda: (one(connection, query) or 0) >= wanted, seconds, f"{wanted} by {query}")
    return time.time()
