"""The platform several times over, each wire to its servers through the proxy: 2 webs, 2 workers of 2, beats."""

import contextlib
import signal
import time
from collections.abc import Iterator
from pathlib import Path

import httpx
import redis

from tests.faults.conftest import SHORT
from tests.faults.disk import Disk
from tests.faults.history import Journal, Operation
from tests.faults.links import Links, running_proxy
from tests.faults.servers import Postgres, redis_command, running_postgres
from tests.live.leash import state
from tests.live.platform import Platform
from tests.live.process import Process
from tests.live.surroundings import environment, eventually, free_port, short_directory

WHOLE = ("redis", "web", "web", "worker", "worker", "beat")
WRONG = "a password that nobody was told"


class Cluster(Platform):
    """Real processes that a nemesis may do anything to."""

    links: Links
    postgres: Postgres | None = None

    def __init__(
        self, directory: Path, settings: dict[str, str], *, on_postgres: bool = True, disk: Disk | None = None
    ) -> None:
        self.redis_port = free_port()
        self._on_postgres = on_postgres
        self.disk = disk
        self._web_ports: dict[str, int] = {}
        self.leaving: set[str] = set()
        own = {"REDIS_URL": f"redis://127.0.0.1:{self.redis_port}/0", "REDELIVER_SECONDS": "20"}
        super().__init__(directory, {**own, **SHORT, **settings})
        self.journal = Journal(directory / "nemesis.jsonl")

    @contextlib.contextmanager
    def _database(self) -> Iterator[dict[str, str]]:
        with contextlib.ExitStack() as stack:
            self.links = stack.enter_context(running_proxy(self.directory, self.environment))
            if self.disk is not None:
                self.disk.mount(self.directory / ("pg" if self._on_postgres else "disk"))
                stack.callback(self.disk.unmount)
            if not self._on_postgres:
                yield {"DATABASE_URL": f"sqlite:///{self.disk.path}/db.sqlite3"} if self.disk is not None else {}
                return
            self.postgres = stack.enter_context(running_postgres(self.directory, self._plain_environment()))
            yield {"DATABASE_URL": self.postgres.url}

    def _plain_environment(self) -> dict[str, str]:
        name, _, value = self._mark.partition("=")
        return environment(**{name: value})

    def _settings_of(self, kind: str, title: str) -> dict[str, str]:
        if kind == "redis":
            return {}
        crashes = self.crash_points(kind)
        crashes.mkdir(parents=True, exist_ok=True)
        own = {"CRASH_POINTS": str(crashes)}
        own["REDIS_URL"] = f"redis://127.0.0.1:{self.links.add(f'{title}>redis', self.redis_port)}/0"
        if self.postgres is not None:
            own["DATABASE_URL"] = self.postgres.url_at(self.links.add(f"{title}>db", self.postgres.port))
        if kind == "web":
            own["PORT"] = str(self._web_ports.setdefault(title, free_port()))
        return own

    def _line(self, name: str) -> str:
        if name == "redis":
            return redis_command(self.directory / "redis", self.redis_port)
        return super()._line(name)

    def redis(self) -> "redis.Redis":
        """Connect to Redis itself, past the proxy."""
        return redis.Redis(port=self.redis_port, socket_timeout=5)

    def crash_points(self, kind: str) -> Path:
        """Give the directory in which a file makes a process of the kind die; see tests/probes/crashes.py."""
        return self.directory / "crash" / kind

    def arm(self, kind: str, point: str) -> Path:
        """Let the next process of the kind that gets there die; the file is gone when one has."""
        path = self.crash_points(kind) / point
        path.touch()
        self.note("crash at", f"{kind} {point}")
        return path

    def note(self, op: str, target: str = "", *, lasts: bool = False, blinds: bool = False) -> None:
        """Write an operation down, before it is done."""
        self.journal.note(Operation(self.now(), op, target, lasts, blinds))

    def now(self) -> float:
        """Give the time of this host, which is the database's as well."""
        return time.time()

    @property
    def urls(self) -> list[str]:
        """The addresses of the webs that run."""
        return [f"http://localhost:{self._web_ports[web.title]}" for web in self.living("web")]

    @property
    def url(self) -> str:
        """The address of the first web that runs."""
        return self.urls[0]

    def living(self, kind: str) -> list[Process]:
        """Give the processes of a kind that run and were not told to leave."""
        return [process for process in super().living(kind) if process.title not in self.leaving]

    def is_web_ready(self, process: Process) -> bool:
        """Ask this web, and no other."""
        with contextlib.suppress(httpx.TransportError):
            port = self._web_ports[process.title]
            return httpx.get(f"http://localhost:{port}/readyz", trust_env=False, timeout=10).is_success
        return False

    def _is_ready(self, process: Process) -> bool:
        if process.kind == "web" and process.is_alive:
            return self.is_web_ready(process)
        return super()._is_ready(process)

    def heal(self) -> None:
        """Undo every fault that lasts, start what is missing, wait until all works, and write that down."""
        self.mend()
        for kind in dict.fromkeys(WHOLE):
            for _ in range(WHOLE.count(kind) - len(self.living(kind))):
                self.start(kind)
        self.wait_until_ready(*(process for kind in dict.fromkeys(WHOLE) for process in self.living(kind)))
        self.note("heal")

    def mend(self) -> None:
        """Undo what was done to wires, disks, servers and processes that still live."""
        self.links.heal()
        if self.disk is not None:
            self.disk.free()
        if self.postgres is not None and not self.postgres.is_alive:
            self.postgres.start()
        if self.postgres is not None:
            eventually(self.postgres.is_ready, 60, "PostgreSQL lets clients in")
        for process in self.processes:
            if process.is_alive:
                process.send_group(signal.SIGCONT)
        for points in (self.directory / "crash").glob("*/*"):
            points.unlink(missing_ok=True)
        eventually(self._mend_redis, what="Redis answers")

    def _mend_redis(self) -> bool:
        if not self.living("redis"):
            self.start("redis")
        with self.redis() as client, contextlib.suppress(redis.RedisError):
            client.config_set("maxmemory", "0")
            return True
        locked = redis.Redis(port=self.redis_port, password=WRONG, socket_timeout=5)
        with locked as client, contextlib.suppress(redis.RedisError):
            client.config_set("requirepass", "")
        return False

    def stop(self) -> None:
        """Stop in good order, whatever was done before."""
        if self.living("redis"):
            self.mend()
        super().stop()

    def kill_group(self, process: Process) -> None:
        """Kill a process and its children, and wait for the end of all."""
        children = process.children()
        self.note("kill -9", f"{process.title} and its children")
        process.kill()
        eventually(lambda: all(state(pid) in ("", "Z") for pid in children), what="the children are gone")


@contextlib.contextmanager
def running_cluster(
    *names: str, on_postgres: bool = True, disk: Disk | None = None, **settings: str
) -> Iterator[Cluster]:
    """Run a cluster for the block."""
    with short_directory() as directory:
        cluster = Cluster(directory, settings, on_postgres=on_postgres, disk=disk)
        with cluster:
            cluster.launch(*(names or WHOLE))
            yield cluster
