"""One moving clock for all processes of a platform: it goes on from where a test moves it to.

On PostgreSQL it is the database's alone, for that decides what is due; the machines' clocks stay where they are. On
SQLite it is the clock of each process. Neither moves the monotonic clock, as no jump of a real one does.
"""

import contextlib
import functools
import os
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import time_machine
from django.utils import timezone

from tests import clocks
from tests.live.database import connect

VARIABLE = "LIVE_CLOCK_FILE"


class FileClock:
    """Says in a file where the clock stands and since when, by the monotonic clock that all processes share."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def move_to(self, instant: datetime) -> None:
        """Let it be that instant; each process follows when it next asks what time it is."""
        new = self._path.with_suffix(".new")
        new.write_text(f"{instant.timestamp()} {time.monotonic()}", encoding="ascii")
        new.rename(self._path)


@contextlib.contextmanager
def clock_of(directory: Path, settings: dict[str, str]) -> Iterator[tuple[clocks.Clock, dict[str, str]]]:
    """Give the clock of a platform that has not begun yet, and the settings that its processes need to follow it."""
    url = settings.get("DATABASE_URL", "")
    if not url:
        path = directory / "clock"
        yield FileClock(path), {VARIABLE: str(path)}
        return
    with contextlib.closing(connect(url)) as connection:
        connection.autocommit = True
        for statement in clocks.INSTALL:
            connection.execute(statement)
        connection.execute(f'ALTER DATABASE "{connection.info.dbname}" SET search_path = {clocks.SEARCH_PATH}')
        yield clocks.DatabaseClock(connection.execute, pace=1), {}


def follow(path: Path) -> None:
    """Let this process and its children live by the clock in the file."""
    traveller = time_machine.travel(_read(path)).start()
    time.time()  # it goes on from the moment in which it is first asked
    machine_now = timezone.now
    seen = _stamp(path)

    @functools.wraps(machine_now)
    def now() -> datetime:
        nonlocal seen
        if (stamp := _stamp(path)) != seen:
            seen = stamp
            traveller.move_to(_read(path))
        return machine_now()

    timezone.now = now


def _stamp(path: Path) -> tuple[int, int]:
    status = os.stat(path)
    return status.st_ino, status.st_mtime_ns


def _read(path: Path) -> datetime:
    base, since = map(float, path.read_text(encoding="ascii").split())
    return datetime.fromtimestamp(base, UTC) + timedelta(seconds=time.monotonic() - since)
