"""The schedulers that are measured side by side, each over its own schedules in a database of its own."""

import contextlib
import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from benchmarks import _ours, setup
from benchmarks._contenders import CARILLON
from benchmarks._ground import Ground, output_of
from benchmarks._process import Process

BEAT = "django-celery-beat"
_TASKS = "SELECT id FROM tasks_app_scheduledtask WHERE key LIKE %s"
_SENT = "SELECT count(*) FROM tasks_app_taskrun WHERE task_id = ANY(%s)"


@dataclass(frozen=True)
class Bed:
    """A scheduler laid out: fill it, aim its burst, start it, count what it has sent to a queue, edit something."""

    do: Callable[..., Any]
    start: Callable[[], Process]
    sent: Callable[[str], int]
    platform: "_ours.Ours | None" = None


@dataclass(frozen=True)
class Scheduler:
    """A scheduler by its name."""

    name: str
    bed: Callable[[Ground], "contextlib.AbstractContextManager[Bed]"]


def ours(template: str, **settings: str) -> Scheduler:
    """Give the platform's beat."""

    @contextlib.contextmanager
    def bed(ground: Ground) -> Iterator[Bed]:
        with _ours.platform(ground, template, **settings) as platform, platform.connect() as connection:
            tasks: dict[str, list[UUID]] = {}

            def sent(queue: str) -> int:
                """Count them; to search all tasks at each look would take a core from what is measured."""
                if not tasks.get(queue):
                    tasks[queue] = [id for (id,) in connection.execute(_TASKS, [f"{queue}%"])]
                row = connection.execute(_SENT, [tasks[queue]]).fetchone()
                return int(row[0]) if row else 0

            yield Bed(platform.do, lambda: platform.start("beat"), sent, platform)

    return Scheduler(CARILLON, bed)


@dataclass(frozen=True)
class Peer:
    """Another scheduler's program under benchmarks/peers."""

    name: str
    program: str
    line: tuple[str, ...]

    def scheduler(self) -> Scheduler:
        """Give it as one of those that are compared."""
        return Scheduler(self.name, self._bed)

    @contextlib.contextmanager
    def _bed(self, ground: Ground) -> Iterator[Bed]:
        directory, python = setup.PROGRAMS / self.program, setup.python_of(self.program)
        with ground.database() as database, ground.client() as client:
            own = {"REDIS": ground.redis, "TALLY": str(ground.directory / "tally"), "PYTHONUNBUFFERED": "1"}
            environment = {**ground.environment, **ground.libpq(database), **own, "DJANGO_SETTINGS_MODULE": "settings"}
            environment |= {"PYTHONPATH": ".", "PATH": f"{python.parent}:{environment.get('PATH', '')}"}

            def do(step: str, **argument: Any) -> Any:
                value = str(argument["moment"]) if step == "aim" else json.dumps(argument)
                printed = output_of([str(python), "program.py", step, value], directory, environment)
                return json.loads(printed.splitlines()[-1]) if printed.strip() else None

            def start() -> Process:
                words = [str(python.parent / self.line[0]), *self.line[1:]]
                return Process(words, directory, environment, ground.directory / f"{self.program}.log")

            yield Bed(do, start, lambda queue: int(client.llen(queue)))


_CELERY = ("celery", "-A", "program", "beat", "--pidfile=", "--loglevel=ERROR")
_PEERS = (
    Peer(BEAT, "celery_beat", (*_CELERY, "-S", "django_celery_beat.schedulers:DatabaseScheduler")),
    Peer("redbeat", "redbeat", _CELERY),
    Peer("APScheduler", "apscheduler", ("python", "program.py", "run")),
)


def peers(*names: str) -> list[Scheduler]:
    """Give those of the names whose environments are there, or all; the others are named."""
    wanted = [peer for peer in _PEERS if not names or peer.name in names]
    missing = [peer.program for peer in wanted if not setup.is_ready(peer.program)]
    if missing:
        print(f"SKIPPED: {', '.join(missing)}: `make bench-setup` makes their environments.")
    return [peer.scheduler() for peer in wanted if peer.program not in missing]
