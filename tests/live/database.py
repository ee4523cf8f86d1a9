"""A database of its own for one platform: a file under its directory, or one made on the PostgreSQL of DATABASE_URL."""

import contextlib
import os
import secrets
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psycopg
from psycopg import sql

from scheduler_project.database_url import database


@contextlib.contextmanager
def own_database(name: str = "", template: str = "template1") -> Iterator[dict[str, str]]:
    """Give the settings that name it; it goes afterwards. On PostgreSQL it is a copy of the template."""
    url = os.environ.get("DATABASE_URL", "")
    if not url.startswith("postgres"):
        yield {}
        return
    name = name or f"carillon_live_{secrets.token_hex(6)}"
    _execute(url, "CREATE DATABASE {} TEMPLATE {}", name, template)
    try:
        yield {"DATABASE_URL": _with_name(url, name)}
    finally:
        _execute(url, "DROP DATABASE {} WITH (FORCE)", name)


def connect(url: str, application_name: str = "") -> "psycopg.Connection[tuple[Any, ...]]":
    """Connect to a PostgreSQL database where Django would, under a name of its own."""
    config = database(url, Path())
    where = {"host": config["HOST"], "port": config["PORT"], "user": config["USER"], "password": config["PASSWORD"]}
    given = {key: value for key, value in where.items() if value}
    return psycopg.connect(dbname=config["NAME"], application_name=application_name, **given)


def _execute(url: str, statement: str, *names: str) -> None:
    with contextlib.closing(connect(url)) as connection:
        connection.autocommit = True
        connection.execute(sql.SQL(statement).format(*map(sql.Identifier, names)))


def _with_name(url: str, name: str) -> str:
    address, question, options = url.partition("?")
    return f"{address.rpartition('/')[0]}/{name}{question}{options}"
