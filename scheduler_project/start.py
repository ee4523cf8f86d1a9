"""Starts one process of the platform with its settings: `python -m scheduler_project.start web`, and so on.

The Procfile, systemd and containers all use these; plain `celery -A scheduler_project …` works as well.
"""

import importlib
import logging
import os
import sys
import warnings
from collections.abc import Callable
from functools import partial
from typing import Any, cast

from celery.exceptions import SecurityWarning
from celery.utils.nodenames import default_nodename, host_format
from django.conf import settings

from scheduler_project import collector, doors, keys, preload, storage_url
from scheduler_project.admin_app import CarillonAdminConfig
from scheduler_project.celery import app
from scheduler_project.waiting import exit_quietly_when_told

logger = logging.getLogger(__name__)
WEB_GRACE_SECONDS = 3
FRAME_BYTES = 65_536


def web() -> int:
    """Serve HTTP and WebSockets in this process."""
    import uvicorn  # noqa: PLC0415  # the other processes do without

    storage_url.check(settings.STORAGES["default"])
    if fault := doors.plain_http(settings.BASE_URL):
        logger.warning("%s", fault)
    # uvicorn repeats the signal when it has shut down, which would end a clean stop with a signal's exit code.
    exit_quietly_when_told()
    config = uvicorn.Config(
        "scheduler_project.asgi:application",
        host=settings.BIND,
        port=settings.PORT,
        log_config=None,
        access_log=False,
        server_header=False,
        proxy_headers=bool(settings.TRUSTED_PROXIES),
        forwarded_allow_ips=settings.TRUSTED_PROXIES,
        timeout_graceful_shutdown=WEB_GRACE_SECONDS,
        ws_max_size=FRAME_BYTES,
        # Frames are small; to compress each for every socket takes longer than to send it, and 300 KB a socket.
        ws_per_message_deflate=False,
    )
    with collector.loading():
        config.load()
        preload.pages()
    server = uvicorn.Server(config)
    server.run()
    return 0 if server.started else 1


def worker() -> int:
    """Run a Celery worker on the configured queues."""
    storage_url.check(settings.STORAGES["default"])
    # Celery warns of root because of pickle, which is refused here; the line is for those who choose the user.
    warnings.filterwarnings("ignore", category=SecurityWarning)
    _do_without_pages()
    with collector.loading():
        one = cast(Any, app).Worker(
            hostname=host_format(default_nodename(settings.WORKER_NAME)),
            queues=list(settings.WORKER_QUEUES),
            pool_cls="prefork",
            loglevel="WARNING",
            quiet=True,
        )
    one.start()
    return int(one.exitcode or 0)


def beat() -> int:
    """Run Celery's beat, whose scheduler is ours by CELERY_BEAT_SCHEDULER."""
    _do_without_pages()
    with collector.loading():
        one = cast(Any, app).Beat(loglevel="WARNING", quiet=True)
        one.init_loader()
        importlib.import_module("tasks_app.scheduler")
    one.run()
    return 0


def _do_without_pages() -> None:
    """Leave out what only pages and command lines need: the admin, and Django's checks, which load every address.

    Nor does Celery's command line come in, with the plugins of all that is installed (Flower, a shell). Together that
    is a quarter of the memory of these processes, and a third of the time that they take to start.
    """
    CarillonAdminConfig.is_served = False
    os.environ.setdefault("CELERY_SKIP_CHECKS", "1")


def flower() -> int:
    """Run Flower on the loopback address, read-only; only the web process knows its password.

    The options go through the environment, because a command line is for everybody to read.
    """
    os.environ.update(
        FLOWER_ADDRESS="127.0.0.1",
        FLOWER_PORT=str(settings.FLOWER_PORT),
        FLOWER_BASIC_AUTH=f"carillon:{settings.FLOWER_SECRET}",
        FLOWER_COOKIE_SECRET=keys.derived(settings.FLOWER_SECRET, "cookie"),
        FLOWER_URL_PREFIX="flower",
        FLOWER_READ_ONLY="true",
        FLOWER_MAX_TASKS="10000",
    )
    code: int | None = cast(Any, app).start(["--quiet", "flower"])  # typed as if it never came back
    return code or 0


def _main_of(name: str) -> int:
    """Run a module whose libraries the other processes do without."""
    code: int = importlib.import_module(f"scheduler_project.{name}").main()
    return code


PROCESSES: dict[str, Callable[[], int]] = {
    "web": web,
    "worker": worker,
    "beat": beat,
    "flower": flower,
    "redis": partial(_main_of, "embedded_redis"),
    "mailbox": partial(_main_of, "mailbox"),
    "ready": partial(_main_of, "ready"),
}


def main(words: list[str]) -> int:
    """Start the process that is asked for."""
    if len(words) != 1 or words[0] not in PROCESSES:
        print(f"usage: python -m scheduler_project.start {'|'.join(PROCESSES)}", file=sys.stderr)
        return 2
    return PROCESSES[words[0]]()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
