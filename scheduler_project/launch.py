"""`make run`: prepares this checkout, then runs the Procfile under honcho until Ctrl-C.

What honcho does not do by itself is done here: faults are said before anything starts, every process gets the same PORT
(honcho would count it up), a worker gets its grace before the kill, a second start in the same directory is refused.
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

import honcho.manager
from honcho.environ import parse_procfile
from honcho.printer import Message, Printer

from scheduler_project import checked, ports, storage_url
from scheduler_project.guard import Guard

STOP_GRACE_SECONDS = "4"
KILL_AFTER_GRACE_SECONDS = 4
ASKED_TO_STOP = (130, 143)


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
    honcho.manager.KILL_WAIT = grace_seconds
    manager = Manager(_Printer(sys.stdout), guard)
    for name, line in lines.items():
        manager.add_process(name, line)
    # A closed terminal is a stop as well.
    signal.signal(signal.SIGHUP, lambda *_: os.kill(os.getpid(), signal.SIGTERM))
    manager.loop()
    return 0 if manager.returncode in ASKED_TO_STOP else int(manager.returncode)


class Manager(honcho.manager.Manager):  # type: ignore[misc]  # honcho has no types
    """honcho's manager, which here may be stopped while it starts, and stops Redis last: the others still need it."""

    def __init__(self, printer: Printer, guard: Guard) -> None:
        super().__init__(printer)
        self._guard = guard
        # honcho's forks write to this queue: with its reading end open in themselves, they would wait for ever for room
        # in it when the launcher has been killed. Without it, a write fails, and they end.
        self.events._ignore_epipe = True
        os.register_at_fork(after_in_child=self.events._reader.close)

    def terminate(self) -> None:
        """Begin to stop; honcho's own loop goes on until everything has ended."""
        self._terminating = True

    def _all_started(self) -> bool:
        # The loop asks this in every turn.
        living = {name: one for name, one in self._processes.items() if "pid" in one and "returncode" not in one}
        self._guard.tell((one["pid"], name == "redis") for name, one in living.items())
        if self._terminating:
            self._stop_more()
        return bool(super()._all_started())

    def _stop_more(self) -> None:
        others = [process for name, process in self._processes.items() if name != "redis"]
        is_last = all("returncode" in process for process in others)
        for process in [*others, *(self._processes.values() if is_last else ())]:
            if "pid" in process and "returncode" not in process and not process.get("told"):
                process["told"] = True
                self._procmgr.terminate(process["pid"])


class _Printer(Printer):  # type: ignore[misc]  # honcho has no types
    """Goes on when nobody reads any more: the processes must still be stopped."""

    def write(self, message: Message) -> None:
        with contextlib.suppress(OSError):
            super().write(message)


if __name__ == "__main__":
    main()
