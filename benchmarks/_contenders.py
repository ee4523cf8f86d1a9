"""The systems that run no-op jobs side by side, and how each is filled, started and counted."""

import contextlib
import json
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import psycopg

from benchmarks import _ours, setup
from benchmarks._ground import Ground, output_of
from benchmarks._process import Process
from benchmarks.ours.task_handlers import EFFECTS, NOOP

CARILLON = "carillon"
RAW = "celery"
SUCCEEDED = "SELECT count(*) FROM tasks_app_taskrun WHERE status = 'succeeded'"
Count = Callable[[], int]


@dataclass(frozen=True)
class Session:
    """A contender laid out on a database of its own: put jobs in, start workers, count what is done."""

    enqueue: Callable[[int], float]
    workers: Callable[[], "contextlib.AbstractContextManager[list[Process]]"]
    done: Count
    connection: "psycopg.Connection[tuple[Any, ...]]"


@dataclass(frozen=True)
class Contender:
    """A system with one way of running it. `is_durable`: a row for each job stays in SQL."""

    name: str
    is_durable: bool
    session: Callable[[Ground], "contextlib.AbstractContextManager[Session]"]


@dataclass(frozen=True)
class Peer:
    """Another system's program under benchmarks/peers, in an environment of its own."""

    name: str
    program: str
    workers: tuple[tuple[str, ...], ...]
    done: str = ""
    """The query that counts what is done; without one the jobs leave a byte each in a file."""
    variables: dict[str, str] = field(default_factory=dict)

    def contender(self) -> Contender:
        """Give it as one of those that are compared."""
        return Contender(self.name, bool(self.done), self._session)

    @contextlib.contextmanager
    def _session(self, ground: Ground) -> Iterator[Session]:
        directory = setup.PROGRAMS / self.program
        python = str(setup.python_of(self.program))
        tally = ground.directory / "tally"
        with ground.database() as database, ground.connect(database) as connection:
            tally.write_bytes(b"")
            own = {"REDIS": ground.redis, "TALLY": str(tally), "PYTHONUNBUFFERED": "1", **self.variables}
            environment = {**ground.environment, **ground.libpq(database), **own}
            environment["PATH"] = f"{Path(python).parent}:{environment.get('PATH', '')}"
            if self.done:
                output_of([python, "program.py", "prepare"], directory, environment)

            def enqueue(count: int) -> float:
                printed = output_of([python, "program.py", "enqueue", str(count)], directory, environment)
                return float(json.loads(printed.splitlines()[-1])["seconds"])

            def done() -> int:
                if not self.done:
                    return tally.stat().st_size
                row = connection.execute(self.done).fetchone()
                return int(row[0]) if row else 0

            @contextlib.contextmanager
            def workers() -> Iterator[list[Process]]:
                with contextlib.ExitStack() as stack:
                    log = ground.directory / f"{self.program}.log"
                    lines = [[str(Path(python).parent / line[0]), *line[1:]] for line in self.workers]
                    yield [stack.enter_context(Process(words, directory, environment, log)) for words in lines]

            yield Session(enqueue, workers, done, connection)


def ours(
    name: str, template: str, step: str = "enqueue", settings: dict[str, str] | None = None, **how: Any
) -> Contender:
    """Give the platform with these settings, filled by that step."""

    @contextlib.contextmanager
    def session(ground: Ground) -> Iterator[Session]:
        with _ours.platform(ground, template, **(settings or {})) as platform, platform.connect() as connection:

            def done() -> int:
                row = connection.execute(SUCCEEDED).fetchone()
                return int(row[0]) if row else 0

            @contextlib.contextmanager
            def workers() -> Iterator[list[Process]]:
                with platform.start("worker") as worker:
                    yield [worker]

            def enqueue(count: int) -> float:
                return float(platform.do(step, count=count, **how)["seconds"])

            yield Session(enqueue, workers, done, connection)

    return Contender(name, True, session)


def of_ours(template: str) -> list[Contender]:
    """Give the platform as it is, and with every outcome written by itself."""
    return [
        ours(CARILLON, template, type=NOOP),
        ours("carillon, each flushed by itself", template, type=EFFECTS),
    ]


_CELERY = ("celery", "-A", "program", "worker", "--pool=prefork", "--concurrency=2", "--loglevel=ERROR")
_RESULTS = "SELECT count(*) FROM django_celery_results_taskresult WHERE status = 'SUCCESS'"
_DJANGO = {"DJANGO_SETTINGS_MODULE": "settings", "PYTHONPATH": "."}
_PROCRASTINATE = ("procrastinate", "--app=program.app", "worker", "--concurrency=10")
_DB_WORKER = ("django-admin", "db_worker", "--no-startup-delay")
PEERS = (
    Peer(RAW, "celery", (_CELERY,)),
    Peer("django-celery-results", "celery_results", (_CELERY,), _RESULTS),
    Peer("django-celery-results, tuned", "celery_results", (_CELERY,), _RESULTS, {"TUNED": "1"}),
    Peer(
        "procrastinate",
        "procrastinate",
        (_PROCRASTINATE, _PROCRASTINATE),
        "SELECT count(*) FROM procrastinate_jobs WHERE status = 'succeeded'",
        {"PYTHONPATH": "."},
    ),
    Peer(
        "django-tasks-db",
        "django_tasks",
        (_DB_WORKER, _DB_WORKER),
        "SELECT count(*) FROM django_tasks_database_dbtaskresult WHERE status = 'SUCCESSFUL'",
        _DJANGO,
    ),
    Peer(
        "django-q2",
        "django_q2",
        (("django-admin", "qcluster"),),
        "SELECT count(*) FROM django_q_task WHERE success",
        _DJANGO,
    ),
    Peer(
        "huey",
        "huey",
        (("huey_consumer", "program.huey", "-w", "2", "-k", "process", "-d", "0.01", "-q"),),
        variables={"PYTHONPATH": "."},
    ),
    Peer("dramatiq", "dramatiq", (("dramatiq", "program", "-p", "2", "-t", "8"),), variables={"PYTHONPATH": "."}),
    Peer(
        "taskiq",
        "taskiq",
        (("taskiq", "worker", "program:broker", "-w", "2", "--log-level", "ERROR"),),
        variables={"PYTHONPATH": "."},
    ),
)


def peers() -> list[Contender]:
    """Give the peers whose environments are there; the others are named."""
    missing = sorted({peer.program for peer in PEERS if not setup.is_ready(peer.program)})
    if missing:
        print(f"SKIPPED: {', '.join(missing)}: `make bench-setup` makes their environments.", file=sys.stderr)
    return [peer.contender() for peer in PEERS if peer.program not in missing]
