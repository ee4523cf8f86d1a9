"""`make run`: prepares this checkout, then runs the Procfile under honcho until Ctrl-C.

What honcho does not do by itself is done here: faults are said before anything starts, every process gets the same PORT
(honcho would count it up), a second start in the same directory is refused; the supervisor starts again what has ended.
"""

import contextlib
import fcntl
import io
import multiprocessing
import os
import signal
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import NoReturn

from honcho.environ import parse_procfile
from honcho.printer import Message, Printer

from scheduler_project import checked, ports, storage_url
from scheduler_project.guard import Guard
from scheduler_project.supervisor import Supervisor

STOP_GRACE_SECONDS = "4"
KILL_AFTER_GRACE_SECONDS = 4


def main() -> NoReturn:
    """Prepare and run."""
    os.umask(0o077)
    signal.signal(signal.SIGINT, signal.SIG_DFL)  # until something runs, Ctrl-C needs no ceremony
    environment = _environment(os.environ)
    os.environ.update(environment)
    from scheduler_project import settings  # noqa: PLC0415  # reads the environment that was just completed

    with _lock(settings.VAR_DIR) as lock:
        _refuse_taken_port(settings.BIND, settings.PORT)
        storage_url.check(settings.STORAGES["default"])
        ports.choose(settings.VAR_DIR)
        grace = settings.STOP_GRACE_SECONDS + KILL_AFTER_GRACE_SECONDS
        # Forked first: it shares the lock, so that nobody starts anew before the last process has ended.
        guard = Guard(grace_seconds=grace)
        os.register_at_fork(after_in_child=lock.close)
        # In a process of its own, so that the launcher and its forks do without Django.
        preparation = multiprocessing.Process(target=_prepare, args=(settings.IS_DEVELOPMENT,))
        preparation.start()
        preparation.join()
        if preparation.exitcode:
            sys.exit(preparation.exitcode)
        is_used = {"redis": settings.IS_REDIS_EMBEDDED, "mailbox": not settings.env.has("EMAIL_URL")}
        lines = parse_procfile((settings.BASE_DIR / "Procfile").read_text(encoding="utf-8")).processes
        code = _run({name: line for name, line in lines.items() if is_used.get(name, True)}, guard, grace)
        guard.end()
        sys.exit(code)


def _environment(given: Mapping[str, str]) -> dict[str, str]:
    """Complete the environment: development unless something else is said, and this Python first."""
    environment = {"STOP_GRACE_SECONDS": STOP_GRACE_SECONDS, "PYTHONUNBUFFERED": "1", **given}
    if not given.get("ENVIRONMENT") and not given.get("DEBUG"):
        environment["ENVIRONMENT"] = "development"
    environment["PATH"] = f"{Path(sys.executable).parent}{os.pathsep}{given.get('PATH', os.defpath)}"
    return environment


def _lock(directory: Path) -> io.TextIOWrapper:
    """Hold this checkout's lock for as long as the platform runs: two would share one database and one socket."""
    checked.directory("VAR_DIR", directory)
    lock = (directory / "launch.lock").open("a+", encoding="ascii")
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        _refuse(
            f"Carillon already runs from {directory.parent} (process {_holder(lock)}): "
            "stop it first, or set VAR_DIR for a second one."
        )
    lock.truncate(0)
    lock.write(str(os.getpid()))
    lock.flush()
    return lock


def _holder(lock: io.TextIOWrapper) -> str:
    """Say which process holds the lock, as far as it has written that down yet."""
    lock.seek(0)
    return lock.read(20) or "unknown"


def _refuse_taken_port(address: str, port: int) -> None:
    if not ports.is_free(address, 0):
        _refuse(f"BIND: {address!r} is not an address of this machine")
    if not ports.is_free(address, port):
        _refuse(f"PORT: {port} on {address} is taken by another program; choose another: make run PORT={port + 1}")


def _refuse(line: str) -> NoReturn:
    print(line, file=sys.stderr)
    sys.exit(2)


def _prepare(is_development: bool) -> None:
    """Bring the database, the first sign-in and the static files up to date."""
    import django  # noqa: PLC0415  # needs the completed environment
    from django.core.management import call_command  # noqa: PLC0415
    from django.db import OperationalError  # noqa: PLC0415

    django.setup()
    try:
        call_command("migrate", verbosity=0, interactive=False)
        call_command("bootstrap", verbosity=0)
    except OperationalError as fault:
        _refuse(f"DATABASE_URL: the database does not answer: {str(fault).strip().splitlines()[0]}")
    if not is_development:
        call_command("collectstatic", verbosity=0, interactive=False)


def _run(lines: Mapping[str, str], guard: Guard, grace_seconds: int) -> int:
    """Run the Procfile's lines; a stop that was asked for ends with 0."""
    supervisor = Supervisor(_Printer(sys.stdout), guard, grace_seconds=grace_seconds)
    for name, line in lines.items():
        supervisor.add_process(name, line)
    # A closed terminal is a stop as well.
    signal.signal(signal.SIGHUP, lambda *_: os.kill(os.getpid(), signal.SIGTERM))
    return supervisor.loop()


class _Printer(Printer):  # type: ignore[misc]  # honcho has no types
    """Goes on when nobody reads any more: the processes must still be stopped."""

    def write(self, message: Message) -> None:
        with contextlib.suppress(OSError):
            super().write(message)


if __name__ == "__main__":
    main()
