"""The platform as real processes from the Procfile, from nothing, in a temporary directory; nothing of it is left."""

import contextlib
import functools
import os
import secrets
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from datetime import datetime
from pathlib import Path
from typing import Any, ParamSpec, TypeVar
from uuid import UUID

import httpx
import redis
from honcho.environ import parse_procfile

from scheduler_project import embedded_redis, ports
from scheduler_project.settings import BASE_DIR
from tests.clocks import Clock
from tests.live import inside, leash, mailbox, moving
from tests.live.hand import Hand
from tests.live.ledger import Ledger
from tests.live.process import Process
from tests.live.story import Story
from tests.live.surroundings import WAIT_SECONDS, environment, eventually, free_port, living, short_directory
from tests.live.template import migrated_database

ENGINE = ("redis", "mailbox", "worker", "beat")
EVERYTHING = ("redis", "mailbox", "web", "worker", "beat", "flower")
START_SECONDS = 90
P = ParamSpec("P")
R = TypeVar("R")


class Platform:
    """Running processes of one platform, and a hand inside it."""

    def __init__(self, directory: Path, settings: dict[str, str], starts_at: datetime | None = None) -> None:
        self.directory = directory
        self._starts_at = starts_at
        self.logs = directory / "logs"
        self.processes: list[Process] = []
        self.ledger = Ledger(directory / "ledger")
        identity = f"LIVE={secrets.token_hex(8)}"
        self._mark = identity
        name, _, value = identity.partition("=")
        self.port = free_port()
        self._settings = {"DJANGO_SETTINGS_MODULE": "tests.live.settings", "ENVIRONMENT": "development"}
        self._settings |= {"VAR_DIR": str(directory), "PORT": str(self.port), name: value, **settings}
        self._lines = parse_procfile((BASE_DIR / "Procfile").read_text(encoding="utf-8")).processes
        self._stack = contextlib.ExitStack()
        self.hand: Hand
        self.clock: Clock

    @property
    def environment(self) -> dict[str, str]:
        """What a process of the platform finds around it."""
        return environment(**self._settings)

    @property
    def url(self) -> str:
        """The address of the web process."""
        return f"http://localhost:{self.port}"

    def __enter__(self) -> "Platform":
        """Lay the ground; nothing runs yet but the hand."""
        self.logs.mkdir(mode=0o700)
        ports.choose(self.directory)
        self._stack.enter_context(_leash(self._mark, self.directory))
        self._stack.callback(self._end_everything)
        self._settings |= self._stack.enter_context(self._database())
        if self._starts_at is not None:
            self.clock, settings = self._stack.enter_context(moving.clock_of(self.directory, self._settings))
            self.clock.move_to(self._starts_at)
            self._settings |= settings
        self.hand = Hand(self.environment, self.logs / "hand.log")
        self._stack.callback(self.hand.close)
        return self

    def __exit__(self, *_: object) -> None:
        """Stop everything, Redis last, and make sure that nothing is left."""
        try:
            self.stop()
        finally:
            self._stack.close()

    def launch(self, *names: str) -> None:
        """Bring up the database and these processes, and wait until they work."""
        if "redis" in names:
            self.start("redis")
        self.hand.do(inside.prepare)
        for name in names:
            if name != "redis":
                self.start(name)
        self.wait_until_ready()

    def start(self, kind: str, **settings: str) -> Process:
        """Start a line of the Procfile; the second of a kind is told from the first by its title."""
        number = 1 + sum(process.kind == kind for process in self.processes)
        title = kind if number == 1 else f"{kind}-{number}"
        own = {"WORKER_NAME": f"{title}@%h", **self._settings_of(kind, title)}
        surroundings = environment(**{**self._settings, **own, **settings})
        process = Process(kind, title, self._line(kind), surroundings, self.logs / f"{title}.log")
        self.processes.append(process)
        return process

    def _database(self) -> contextlib.AbstractContextManager[dict[str, str]]:
        """Give the settings of the database, which lasts as long as the platform."""
        return migrated_database(self.directory)

    def _settings_of(self, kind: str, title: str) -> dict[str, str]:
        """Give what only this process finds around it."""
        return {}

    def living(self, kind: str) -> list[Process]:
        """Give the processes of a kind that run, oldest first."""
        return [process for process in self.processes if process.kind == kind and process.is_alive]

    def __getitem__(self, kind: str) -> Process:
        """Give the newest process of a kind that runs."""
        return self.living(kind)[-1]

    def _line(self, name: str) -> str:
        server = os.environ.get("TEST_REDIS_SERVER")
        if name != "redis" or not server:
            return str(self._lines[name])
        (self.directory / "redis").mkdir(exist_ok=True)
        words = embedded_redis.command(self.directory / "redis", self.directory / "redis.sock", Path(server))
        return f"exec {' '.join(words)}".replace("--save ", "--save '' ")

    def wait_until_ready(self, *processes: Process) -> None:
        """Wait until these processes, or all that were started, do their work; one that has ended ends the wait."""
        for process in processes or self.processes:
            eventually(functools.partial(self._is_ready, process), START_SECONDS, f"{process.title} is ready")

    def _is_ready(self, process: Process) -> bool:
        assert process.is_alive, f"{process.title} has ended:\n{process.log.read_text()[-2000:]}"
        return process.kind not in _READY or _READY[process.kind](self, process)

    def do(self, deed: Callable[P, R], /, *args: P.args, **kwargs: P.kwargs) -> R:
        """Call a function of tests/live/inside.py inside the platform."""
        return self.hand.do(deed, *args, **kwargs)

    def redis(self) -> "redis.Redis":
        """Connect to the platform's Redis."""
        return redis.Redis.from_url(f"unix://{self.directory / 'redis.sock'}")

    def client(self, **options: Any) -> httpx.Client:
        """Give an HTTP client of the platform."""
        return httpx.Client(base_url=self.url, trust_env=False, timeout=WAIT_SECONDS, **options)

    def signed_in(self, username: str, password: str) -> httpx.Client:
        """Sign in as a browser does, and give the client with its session."""
        client = self.client(follow_redirects=True)
        client.get("/sign-in/")
        form = {"username": username, "password": password, "csrfmiddlewaretoken": client.cookies["carillon_csrf"]}
        answer = client.post("/sign-in/", data=form, headers={"Referer": f"{self.url}/sign-in/"})
        assert answer.status_code == httpx.codes.OK, answer.text
        assert "carillon_session" in client.cookies, answer.text
        client.headers["X-CSRFToken"] = client.cookies["carillon_csrf"]
        return client

    def with_key(self, username: str) -> httpx.Client:
        """Give a client that signs its requests with an API key of the user."""
        return self.client(headers={"Authorization": f"Bearer {self.do(inside.api_key, username)}"})

    def mails(self) -> list[mailbox.Mail]:
        """Give what the SMTP server has received, oldest first."""
        return mailbox.received(self.directory / "mailbox")

    # Runs of the probes, whose doings the ledger shows.

    def run(self, type: str, *, seconds: float = 0, message: str = "", **options: Any) -> UUID:
        """Make a run of a probe."""
        return self.do(inside.enqueue, type, self.probe(seconds=seconds, message=message), **options)

    def probe(self, *, seconds: float = 0, message: str = "") -> dict[str, Any]:
        """Give a probe's payload."""
        return {"ledger": str(self.ledger.path), "seconds": seconds, "message": message}

    def story(self, run_id: UUID) -> Story:
        """Give a run as it stands now."""
        return self.do(inside.story, run_id)

    def until(self, run_id: UUID, condition: Callable[[Story], object], seconds: float = WAIT_SECONDS) -> Story:
        """Wait until the condition holds for the run."""
        found: list[Story] = []

        def holds() -> object:
            found[:] = [self.story(run_id)]
            return condition(found[0])

        try:
            eventually(holds, seconds)
        except AssertionError:
            raise AssertionError(f"the run did not get there within {seconds:g} s: {found}") from None
        return found[0]

    def ended(self, run_id: UUID, seconds: float = WAIT_SECONDS) -> Story:
        """Wait for the run's end."""
        return self.until(run_id, lambda story: story.is_final, seconds)

    def running(self, run_id: UUID) -> Story:
        """Wait until the run's handler is at work."""
        eventually(lambda: self.ledger.of(run_id, "start"), what=f"the handler of run {run_id} has started")
        return self.until(run_id, lambda story: story.status == "running")

    def stop(self) -> None:
        """Stop what runs, in good order: Redis last, because the others still need it."""
        others = [process for process in self.processes if process.kind != "redis"]
        for process in others:
            process.send_group(signal.SIGTERM)
        try:
            for process in others:
                process.stop()
        finally:
            for process in self.living("redis"):
                process.stop()

    def _end_everything(self) -> None:
        """Kill what an orderly stop has left, and say so."""
        left = {pid: _command(pid) for pid in living(self._mark, str(self.directory))}
        leash.end_all(self._mark, str(self.directory))
        for process in self.processes:
            process.wait()
        assert not left, f"processes were left behind: {left}"


def _is_worker_ready(platform: Platform, process: Process) -> bool:
    return process.pid in platform.do(inside.live_workers)


def _is_beat_ready(platform: Platform, process: Process) -> bool:
    return any(name.endswith(f":{process.pid}") for name in platform.do(inside.live_beats))


def _is_web_ready(platform: Platform, _process: Process) -> bool:
    with platform.client() as client, contextlib.suppress(httpx.TransportError):
        return client.get("/readyz").status_code == httpx.codes.OK
    return False


def _is_flower_ready(platform: Platform, _process: Process) -> bool:
    port = ports.kept(platform.directory, "flower")
    with contextlib.suppress(httpx.TransportError):
        return httpx.get(f"http://127.0.0.1:{port}/flower/healthcheck", trust_env=False).is_success
    return False


def _is_redis_ready(platform: Platform, _process: Process) -> bool:
    with platform.redis() as client, contextlib.suppress(redis.ConnectionError):
        return bool(client.ping())
    return False


_READY: dict[str, Callable[[Platform, Process], bool]] = {
    "worker": _is_worker_ready,
    "beat": _is_beat_ready,
    "web": _is_web_ready,
    "redis": _is_redis_ready,
    "flower": _is_flower_ready,
}


@contextlib.contextmanager
def running_platform(*names: str, **settings: str) -> Iterator[Platform]:
    """Run these processes of the Procfile (all, if none is named) with these settings."""
    with short_directory() as directory, Platform(directory, settings) as platform:
        platform.launch(*(names or EVERYTHING))
        yield platform


@contextlib.contextmanager
def platform_from(instant: datetime, *names: str, **settings: str) -> Iterator[Platform]:
    """Run these processes with a clock that goes on from that instant, and that a test may move."""
    with short_directory() as directory, Platform(directory, settings, starts_at=instant) as platform:
        platform.launch(*names)
        yield platform


@contextlib.contextmanager
def _leash(mark: str, directory: Path) -> Iterator[None]:
    words = [sys.executable, "-S", leash.__file__, mark, str(directory)]
    with subprocess.Popen(words, stdin=subprocess.PIPE, start_new_session=True) as process:
        yield
        assert process.stdin is not None
        process.stdin.close()


def _command(pid: int) -> str:
    with contextlib.suppress(OSError):
        return Path(f"/proc/{pid}/cmdline").read_bytes().replace(b"\0", b" ").decode()
    return ""
