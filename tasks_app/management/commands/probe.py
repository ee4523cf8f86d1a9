"""`manage.py probe web|worker|beat`: does this host's process work? Exit code 0 or 1, for containers."""

import http.client
import socket
import sys
from typing import Any
from urllib.parse import urlsplit

from django.conf import settings
from django.core.management.base import CommandParser

from tasks_app.management.one_line import OneLineCommand
from tasks_app.selectors import health
from tasks_app.selectors.health import Finding

WEB_SECONDS = 6.0
LOOPBACK = {"0.0.0.0": "127.0.0.1", "::": "::1", "": "127.0.0.1"}  # noqa: S104  # compared with, not bound to


class Command(OneLineCommand):
    """Ask one process of this host whether it works."""

    help = "Exit with 0 when this host's web, worker or beat process works, with 1 when it does not."

    def add_arguments(self, parser: CommandParser) -> None:
        """Which process."""
        parser.add_argument("process", choices=sorted(PROBES), help="the process to ask")

    def handle(self, *args: Any, **options: Any) -> None:
        """Say one line; the exit code is the answer."""
        found = PROBES[options["process"]]()
        self.stdout.write(f"{found.name}: {found.detail}")
        if not found.ok:
            sys.exit(1)


def web() -> Finding:
    """Ask `/readyz` of the web process on this host."""
    address = LOOPBACK.get(settings.BIND, settings.BIND)
    connection = http.client.HTTPConnection(address, settings.PORT, timeout=WEB_SECONDS)
    try:
        connection.request("GET", "/readyz", headers={"Host": urlsplit(settings.BASE_URL).netloc})
        status = connection.getresponse().status
    except (OSError, http.client.HTTPException) as fault:
        return Finding("web", False, f"port {settings.PORT} does not answer: {fault}")
    finally:
        connection.close()
    return Finding("web", status == http.HTTPStatus.OK, f"/readyz answers {status}")


def worker() -> Finding:
    """Look whether a worker of this host has reported lately."""
    return health.find("worker", _worker)


def beat() -> Finding:
    """Look whether a beat of this host has ticked lately."""
    return health.find("beat", _beat)


def _worker() -> tuple[bool, str]:
    names = [worker.name for worker in health.live_workers(socket.gethostname())]
    return bool(names), ", ".join(names) or f"no worker of {socket.gethostname()} reports"


def _beat() -> tuple[bool, str]:
    names = [beat.name for beat in health.live_beats(socket.gethostname())]
    return bool(names), ", ".join(names) or f"no beat of {socket.gethostname()} ticks"


PROBES = {"web": web, "worker": worker, "beat": beat}
