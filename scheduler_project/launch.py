"""`make run`: prepares this checkout, then runs the Procfile under honcho until Ctrl-C.

What honcho does not do by itself is done here: faults are said before anything starts, every process gets the same PORT
(honcho would count it up), a worker gets its grace before the kill, a second start in the same directory is refused.
"""

import contextlib
import fcntl
import io
import os
import signal
import sys
from collections.abc import Collection, Mapping
from pathlib import Path
from typing import NoReturn

import honcho.manager
from honcho.environ import parse_procfile
from honcho.printer import Message, Printer

from scheduler_project import ports

STOP_GRACE_SECONDS = "4"
KILL_AFTER_GRACE_SECONDS = 4


def main() -> NoReturn:
    """Prepare and run."""
    environment = _environment(os.environ)
    os.environ.update(environment)
    from scheduler_project import settings  # noqa: PLC0415  # reads the environment that was just completed

    lock = _lock(settings.VAR_DIR)
    _refuse_taken_port(settings.BIND, settings.PORT)
    _prepare(settings.VAR_DIR)
    without = {
        name
        for name, is_needed in {
            "redis": settings.IS_REDIS_EMBEDDED,
            "mailbox": not settings.env.has("EMAIL_URL"),
        }.items()
        if not is_needed
    }
    with lock:
        sys.exit(_run(settings.BASE_DIR, environment, without))


def _environment(given: Mapping[str, str]) -> dict[str, str]:
    """Complete the environment: development unless something else is said, and this Python first."""
    environment = {"STOP_GRACE_SECONDS": STOP_GRACE_SECONDS, "PYTHONUNBUFFERED": "1", **given}
    if not given.get("ENVIRONMENT") and not given.get("DEBUG"):
        environment["ENVIRONMENT"] = "development"
    environment["PATH"] = f"{Path(sys.executable).parent}{os.pathsep}{given.get('PATH', os.defpath)}"
    return environment


def _lock(directory: Path) -> io.TextIOWrapper:
    """Hold this checkout's lock for as long as the platform runs: two would share one database and one socket."""
    directory.mkdir(mode=0o700, parents=True, exist_ok=True)
    lock = (directory / "launch.lock").open("a+", encoding="ascii")
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        _refuse(f"Carillon already runs from {directory.parent}: stop it first, or set VAR_DIR for a second one.")
    return lock


def _refuse_taken_port(address: str, port: int) -> None:
    if not ports.is_free(address, port):
        _refuse(f"PORT: {port} on {address} is taken by another program; choose another: make run PORT={port + 1}")


def _refuse(line: str) -> NoReturn:
    print(line, file=sys.stderr)
    sys.exit(2)


def _prepare(directory: Path) -> None:
    """Bring database and first sign-in up to date, and choose the inner ports."""
    import django  # noqa: PLC0415  # needs the completed environment
    from django.core.management import call_command  # noqa: PLC0415
    from django.db import OperationalError, connections  # noqa: PLC0415

    ports.choose(directory)
    django.setup()
    try:
        call_command("migrate", verbosity=0, interactive=False)
        call_command("bootstrap")
    except OperationalError as fault:
        _refuse(f"DATABASE_URL: the database does not answer: {str(fault).strip().splitlines()[0]}")
    finally:
        connections.close_all()


def _run(base: Path, environment: dict[str, str], without: Collection[str]) -> int:
    """Run the Procfile's lines; a stop that was asked for ends with 0."""
    grace = float(environment["STOP_GRACE_SECONDS"])
    honcho.manager.KILL_WAIT = grace + KILL_AFTER_GRACE_SECONDS
    manager = honcho.manager.Manager(_Printer(sys.stdout))
    lines = parse_procfile((base / "Procfile").read_text(encoding="utf-8")).processes
    for name, line in lines.items():
        if name not in without:
            manager.add_process(name, line, env=environment, cwd=str(base))
    # A closed terminal is a stop as well.
    signal.signal(signal.SIGHUP, lambda *_: os.kill(os.getpid(), signal.SIGTERM))
    manager.loop()
    return 0 if manager.returncode in (130, 143) else manager.returncode


class _Printer(Printer):
    """Goes on when nobody reads any more: the processes must still be stopped."""

    def write(self, message: Message) -> None:
        with contextlib.suppress(OSError):
            super().write(message)


if __name__ == "__main__":
    main()
