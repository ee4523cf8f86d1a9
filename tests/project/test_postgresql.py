"""PostgreSQL that takes no writes for a while, or stands behind a pooler: sessions are chosen and kept accordingly."""

import contextlib
import getpass
import os
import pwd
import shutil
import socket
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.db import OperationalError, connection

from scheduler_project.postgresql import base
from scheduler_project.postgresql.base import DatabaseWrapper
from tasks_app.selectors import health
from tests.live.surroundings import eventually, free_port

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.postgres]
READ_ONLY = "SET default_transaction_read_only TO on"
TOLD = "DISABLE_SERVER_SIDE_CURSORS"
MARK = "UPDATE auth_user SET first_name = 'written'"
PGBOUNCER = shutil.which("pgbouncer", path=f"{os.environ.get('PATH', '')}{os.pathsep}/usr/sbin")


@contextlib.contextmanager
def another(**changes: Any) -> Iterator[DatabaseWrapper]:
    """Give another connection to the test's database."""
    options = {**connection.settings_dict["OPTIONS"], **changes.pop("OPTIONS", {})}
    own = DatabaseWrapper({**connection.settings_dict, "OPTIONS": options, **changes}, "another")
    try:
        yield own
    finally:
        own.close()
        own.close_pool()


def execute(own: Any, statement: str) -> Any:
    """Execute it, and give the one value that it gives, if any."""
    with own.cursor() as cursor:
        cursor.execute(statement)
        return cursor.fetchone()[0] if cursor.description else None


@pytest.mark.parametrize("pool", [None, {"min_size": 1, "max_size": 1}], ids=["kept", "of a pool"])
def test_a_session_that_takes_no_writes_is_away_and_is_not_used_again(pool: Any) -> None:
    with another(OPTIONS={"pool": pool}, CONN_MAX_AGE=0 if pool else 60) as own:
        execute(own, READ_ONLY)
        with pytest.raises(OperationalError):
            execute(own, MARK)
        if pool:
            own.close()
        else:
            own.close_if_unusable_or_obsolete()
        execute(own, MARK)


def test_a_database_that_takes_no_writes_is_told_and_can_be_read(alice: User) -> None:
    assert health.database().ok
    try:
        execute(connection, READ_ONLY)
        assert (health.database().ok, health.database_answers().ok) == (False, True)
    finally:
        connection.close()


def test_without_a_pooler_statements_may_be_kept() -> None:
    connection.close()
    connection.ensure_connection()
    assert not connection.settings_dict.get(TOLD)


@pytest.mark.skipif(PGBOUNCER is None, reason="pgbouncer is not installed")
def test_a_pooler_is_found_out(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(base, "_is_pooler_looked_for", type(base._is_pooler_looked_for)())
    with pgbouncer() as port, another(HOST="127.0.0.1", PORT=port, OPTIONS={"pool": None}) as own:
        assert execute(own, "SELECT 1") == 1
        assert own.settings_dict[TOLD]


def test_a_pooler_is_looked_for_again_where_the_answer_was_lost(monkeypatch: pytest.MonkeyPatch) -> None:
    connection.ensure_connection()
    looked_for = type(base._is_pooler_looked_for)()
    monkeypatch.setattr(base, "_is_pooler_looked_for", looked_for)
    with another(OPTIONS={"pool": None}) as own:
        pid = execute(own, "SELECT pg_backend_pid()")
        assert looked_for.is_set()
        looked_for.clear()
        execute(connection, f"SELECT pg_terminate_backend({pid}, 5000)")
        with pytest.raises(OperationalError), own.wrap_database_errors:
            own.init_connection_state()
        assert not looked_for.is_set()


def is_open(port: int) -> bool:
    """Say whether somebody listens there."""
    with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port)):
        return True
    return False


@contextlib.contextmanager
def pgbouncer() -> Iterator[int]:
    """Run a pgbouncer before the test's server, on loopback; gives its port."""
    assert PGBOUNCER is not None
    port, info = free_port(), connection.get_connection_params()
    directory = Path("/tmp") / f"carillon-pgbouncer-{port}"
    user = "postgres" if os.getuid() == 0 else getpass.getuser()
    directory.mkdir(mode=0o700)
    os.chown(directory, pwd.getpwnam(user).pw_uid, -1)
    where = " ".join(f"{key}={info[key]}" for key in ("host", "port", "user", "password") if info.get(key))
    lines = ["[databases]", f"* = {where}", "[pgbouncer]", "listen_addr = 127.0.0.1", f"listen_port = {port}"]
    lines += ["unix_socket_dir =", "auth_type = any", "pool_mode = transaction"]
    (directory / "pgbouncer.ini").write_text("\n".join(lines))
    words = [PGBOUNCER, "-q", str(directory / "pgbouncer.ini")]
    try:
        with subprocess.Popen(words, user=user, stderr=subprocess.DEVNULL) as server:
            try:
                eventually(lambda: is_open(port))
                yield port
            finally:
                server.kill()
    finally:
        shutil.rmtree(directory)
