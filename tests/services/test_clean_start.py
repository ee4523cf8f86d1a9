"""A run starts clean, whatever the one before it in this process has left behind."""

import contextvars
import locale
import logging
import os
import signal
import socket
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.db import connection, transaction
from django.utils import timezone, translation
from psycopg.sql import SQL

from tasks_app.models import TaskRun
from tests.handler_types import ended

pytestmark = [
    pytest.mark.django_db(transaction=True),
    pytest.mark.usefixtures("valkey"),
]


flavour: contextvars.ContextVar[str] = contextvars.ContextVar("flavour", default="plain")


def test_a_run_starts_clean_whatever_the_one_before_left_behind(alice: User) -> None:
    seen: list[tuple[str, str, str]] = []

    def leave_traces(ctx: Any, payload: Any) -> None:
        seen.append((flavour.get(), translation.get_language(), str(timezone.get_current_timezone())))
        flavour.set("bitter")
        translation.activate("de")
        timezone.activate("Asia/Tokyo")

    ended(alice, leave_traces)
    ended(alice, leave_traces)
    assert seen == [("plain", "en", "UTC")] * 2
    assert flavour.get() == "plain"


def surroundings() -> tuple[object, ...]:
    """Give what a handler finds of its process."""
    handlers = [signal.getsignal(number) for number in (signal.SIGALRM, signal.SIGTERM, signal.SIGUSR2)]
    umask = os.umask(0o077)
    os.umask(umask)
    own = locale.setlocale(locale.LC_ALL), sys.getrecursionlimit(), socket.getdefaulttimeout(), sys.stdout
    blocked = signal.pthread_sigmask(signal.SIG_BLOCK, ())
    return os.getcwd(), dict(os.environ), umask, handlers, blocked, logging.root.manager.disable, *own


def test_a_process_is_the_same_for_the_next_run_whatever_a_handler_did_to_it(
    alice: User, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CARILLON_TEST", "before")

    def change(ctx: Any, payload: Any) -> None:
        os.chdir(tmp_path)
        os.environ.pop("CARILLON_TEST")
        os.environ["CARILLON_OTHER"] = os.environ["TZ"] = "Asia/Tokyo"
        os.umask(0)
        for number in (signal.SIGALRM, signal.SIGTERM, signal.SIGUSR2):
            signal.signal(number, lambda *_: None)
        signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGALRM})
        logging.disable(logging.CRITICAL)
        locale.setlocale(locale.LC_ALL, "C")
        sys.setrecursionlimit(5000)
        socket.setdefaulttimeout(0.001)
        sys.stdout = sys.stderr

    before = surroundings()
    assert ended(alice, change).status == "succeeded"
    assert surroundings() == before
    heard = subprocess.run("echo $CARILLON_TEST$CARILLON_OTHER", shell=True, capture_output=True, check=True)
    assert heard.stdout == b"before\n", "and so do its programs"


def test_a_fork_that_comes_back_from_the_handler_is_ended_and_the_run_goes_on(alice: User) -> None:
    def fork(ctx: Any, payload: Any) -> int:
        pid = os.fork()
        return pid and os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])

    run = ended(alice, fork)
    assert (run.status, run.result) == ("succeeded", 1)


@pytest.mark.postgres
@pytest.mark.parametrize(
    "statement",
    [
        "SET statement_timeout TO '1ms'",
        "set default_transaction_read_only = on",
        "SET search_path TO nowhere",
        "/* of another */ -- schema\n SET search_path TO nowhere",
        "SELECT 1; SET search_path TO nowhere",
        SQL("SET search_path TO nowhere"),
        "SELECT pg_advisory_lock(1)",
        "SELECT set_config('lock_timeout', '1ms', false)",
        "LISTEN anything",
        "CREATE TEMP TABLE tasks_app_taskrun (id int)",
    ],
)
def test_what_a_handler_says_to_its_session_is_not_there_for_the_next_run(alice: User, statement: Any) -> None:
    sessions: list[int] = []

    def say(ctx: Any, payload: Any) -> None:
        sessions.append(session())
        with connection.cursor() as cursor:
            cursor.execute(statement)

    assert ended(alice, say).status == "succeeded"
    assert session() not in sessions


def session() -> int:
    """Give the number of the session that is in use."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_backend_pid()")
        return int(cursor.fetchone()[0])


@pytest.mark.postgres
def test_what_ends_with_its_transaction_costs_no_session(alice: User) -> None:
    def say(ctx: Any, payload: Any) -> int:
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute("SET LOCAL statement_timeout TO '10s'; SELECT pg_advisory_xact_lock(1)")
        return session()

    assert ended(alice, say).result == session()


def test_a_transaction_left_open_is_thrown_away_and_the_outcome_stored(alice: User) -> None:
    def leave_open(ctx: Any, payload: Any) -> str:
        transaction.atomic().__enter__()
        User.objects.create_user("ghost")
        return "done"

    run = ended(alice, leave_open)
    assert run.status == "succeeded"
    assert not User.objects.filter(username="ghost").exists()
    assert not connection.in_atomic_block


def test_a_transaction_begun_in_sql_is_thrown_away_and_the_outcome_stored(alice: User) -> None:
    def leave_open(ctx: Any, payload: Any) -> None:
        with connection.cursor() as cursor:
            cursor.execute("BEGIN")
            cursor.execute("UPDATE auth_user SET first_name = 'Ghost'")

    assert ended(alice, leave_open).status == "succeeded"
    assert not User.objects.filter(first_name="Ghost").exists()
    connection.close()
    assert TaskRun.objects.get().status == "succeeded", "and it was not only said in the session that was left open"


def test_a_session_closed_inside_its_transaction_keeps_no_outcome_from_being_stored(alice: User) -> None:
    def leave_closed(ctx: Any, payload: Any) -> str:
        transaction.atomic().__enter__()
        connection.close()
        return "done"

    assert ended(alice, leave_closed).status == "succeeded"
    assert not connection.in_atomic_block


def test_an_environment_that_was_replaced_is_put_back(alice: User, monkeypatch: pytest.MonkeyPatch) -> None:
    before = os.environ
    monkeypatch.setattr(os, "environ", before)

    def replace(ctx: Any, payload: Any) -> None:
        os.environ = {"CARILLON_OTHER": "1"}  # type: ignore[assignment]  # noqa: B003  # as a handler might

    assert ended(alice, replace).status == "succeeded"
    assert os.environ is before


def test_an_error_of_the_database_leaves_a_usable_connection(alice: User) -> None:
    def clash(ctx: Any, payload: Any) -> None:
        with transaction.atomic():
            User.objects.create_user("alice")

    run = ended(alice, clash, max_retries=0)
    assert run.status == "failed"
    assert "IntegrityError" in run.error
