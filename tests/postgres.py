"""Runs a command against PostgreSQL and the system's Redis: `python -m tests.postgres command …`.

With DATABASE_URL set, that server is used. Otherwise a throwaway cluster is made from the installed binaries, on a unix
socket in a temporary directory, as user postgres when started by root. Without binaries it says so and skips.
"""

import contextlib
import os
import pwd
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping
from pathlib import Path

import psycopg

START_SECONDS = 30
# Nothing of this outlives the command, so nothing need reach the disk.
OPTIONS = {"listen_addresses": "", "fsync": "off", "max_connections": "200", "timezone": "UTC"}


def main(command: list[str]) -> int:
    """Run the command with DATABASE_URL set, and give its exit code."""
    environment = dict(os.environ)
    redis_server = shutil.which("redis-server")
    if redis_server:
        environment.setdefault("TEST_REDIS_SERVER", redis_server)
    else:
        print("SKIPPED: no redis-server on this machine; the embedded one serves.")
    with database_url() as url:
        if url is None:
            print("SKIPPED: tests on PostgreSQL: neither DATABASE_URL nor PostgreSQL's binaries are there.")
            return 0
        return subprocess.run(command, env={**environment, "DATABASE_URL": url}, check=False).returncode


@contextlib.contextmanager
def database_url(options: Mapping[str, str] = OPTIONS) -> Iterator[str | None]:
    """Give the URL of a database on a server with these options, which are not asked of DATABASE_URL's."""
    binaries = installed_binaries()
    if os.environ.get("DATABASE_URL"):
        yield os.environ["DATABASE_URL"]
    elif binaries is None:
        yield None
    else:
        with cluster(binaries, options) as url:
            yield url


def installed_binaries() -> Path | None:
    """Find PostgreSQL's programs, the newest ones."""
    installed = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"), key=lambda path: float(path.parts[-3]))
    found = str(installed[-1]) if installed else shutil.which("initdb")
    return Path(found).parent if found else None


@contextlib.contextmanager
def cluster(binaries: Path, options: Mapping[str, str] = OPTIONS) -> Iterator[str]:
    """Run a new, empty PostgreSQL cluster; gives the URL of its one database."""
    directory = Path(tempfile.mkdtemp(prefix="carillon-pg-", dir="/tmp"))
    user = initialise(binaries, directory)
    words = [str(binaries / "postgres"), "-D", str(directory / "data"), "-k", str(directory), *words_of(options)]
    with (directory / "log").open("wb") as log:
        server = subprocess.Popen(words, user=user, cwd=directory, stderr=log)
    try:
        create_database(directory, server)
        yield f"postgres://carillon@/{directory}/carillon"
    finally:
        server.send_signal(signal.SIGINT)  # "fast": ends the connections
        server.wait(START_SECONDS)
        shutil.rmtree(directory)


def words_of(options: Mapping[str, str]) -> list[str]:
    """Give the words of a command line that set the server's options."""
    return [word for name, value in options.items() for word in ("-c", f"{name}={value}")]


def initialise(binaries: Path, directory: Path) -> str | None:
    """Make the files of a cluster in `data` of the directory; gives the user that must run it, None for this one."""
    user = None
    if os.getuid() == 0:  # PostgreSQL refuses to run as root
        user = "postgres"
        entry = pwd.getpwnam(user)
        os.chown(directory, entry.pw_uid, entry.pw_gid)
    data = directory / "data"
    words = [
        str(binaries / "initdb"),
        "-D",
        str(data),
        "-U",
        "carillon",
        "-A",
        "trust",
        "--locale=C.UTF-8",
        "-E",
        "UTF8",
        "-N",
    ]
    subprocess.run(words, user=user, cwd=directory, check=True, stdout=subprocess.DEVNULL)
    return user


def create_database(directory: Path, server: "subprocess.Popen[bytes]", port: int = 5432) -> None:
    """Wait for the server, and make its one database."""
    deadline = time.monotonic() + START_SECONDS
    while True:
        try:
            with psycopg.connect(
                host=str(directory), port=port, user="carillon", dbname="postgres", autocommit=True
            ) as connection:
                connection.execute("CREATE DATABASE carillon")
            return
        except psycopg.OperationalError:
            if server.poll() is not None or time.monotonic() > deadline:
                raise
            time.sleep(0.1)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
