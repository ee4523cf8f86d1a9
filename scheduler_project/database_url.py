"""DATABASE_URL as Django wants it, for the two databases that are supported."""

import socket
from pathlib import Path
from typing import Any

import environ
from psycopg import ProgrammingError
from psycopg.conninfo import make_conninfo

from scheduler_project.env import UNREADABLE, SettingFault

SCHEMES = {"sqlite": "sqlite3", "postgres": "postgresql", "postgresql": "postgresql"}
POOL_WAIT_SECONDS = 10
# IMMEDIATE takes the write lock at the start of a transaction, where SQLite waits for it; a lock that is upgraded
# from a read fails at once instead.
SQLITE_OPTIONS: dict[str, Any] = {
    "transaction_mode": "IMMEDIATE",
    "timeout": 20,
    "init_command": "PRAGMA journal_mode=WAL;PRAGMA synchronous=NORMAL;PRAGMA foreign_keys=ON;",
}
# A host that vanishes sends no reset: whoever waits for it gives up within half a minute, instead of hours. A statement
# may take as long as it likes, for while the host lives its kernel answers. Unix sockets know none of this.
_GIVES_UP: dict[str, Any] = {
    "keepalives_idle": 10,
    "keepalives_interval": 5,
    "keepalives_count": 3,
    "tcp_user_timeout": 15_000,
}


def database(url: str, fallback: Path) -> dict[str, Any]:
    """Translate the URL, or use the SQLite file where there is none; other databases are a fault."""
    if not url:
        return _sqlite({"NAME": str(fallback)})
    scheme = url.partition("://")[0]
    if scheme not in SCHEMES:
        raise SettingFault("DATABASE_URL", "must begin with postgres:// or sqlite:///")
    try:
        config: dict[str, Any] = environ.Env.db_url_config(url)
    except ValueError:
        raise SettingFault("DATABASE_URL", UNREADABLE) from None
    if not config["NAME"] or config["NAME"] == ":memory:":
        raise SettingFault("DATABASE_URL", "names no database")
    return _sqlite(config) if SCHEMES[scheme] == "sqlite3" else _postgres(config)


def _sqlite(config: dict[str, Any]) -> dict[str, Any]:
    return {"ENGINE": "scheduler_project.sqlite", "NAME": config["NAME"], "OPTIONS": SQLITE_OPTIONS}


def _postgres(config: dict[str, Any]) -> dict[str, Any]:
    try:
        make_conninfo("", **config.get("OPTIONS", {}))
    except ProgrammingError as fault:
        raise SettingFault("DATABASE_URL", f"cannot be read: {str(fault).strip()}") from None
    options = {"connect_timeout": 5, "application_name": f"carillon@{socket.gethostname()}"[:63], **_GIVES_UP}
    return {
        **config,
        "ENGINE": "scheduler_project.postgresql",
        "CONN_MAX_AGE": 60,
        "CONN_HEALTH_CHECKS": True,
        "OPTIONS": {**options, **config.get("OPTIONS", {})},
    }


def share_connections(config: dict[str, Any], size: int) -> None:
    """Let a web process take its PostgreSQL connections from a pool.

    Under ASGI each request runs in a thread of its own, so a connection kept by its thread is never used again: one was
    opened per request, and stayed. A Celery child must not do this, because Celery closes the pool around every task.
    """
    if config["ENGINE"] == "scheduler_project.postgresql":
        pool = {"min_size": 1, "max_size": size, "timeout": POOL_WAIT_SECONDS}
        config.update(CONN_MAX_AGE=0, OPTIONS={**config["OPTIONS"], "pool": pool})
