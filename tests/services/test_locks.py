"""Transactions that nobody ends: those of this platform are ended when they hold up the others, and only then."""

import threading
from collections.abc import Iterator
from contextlib import closing, contextmanager
from datetime import timedelta
from typing import Any

import psycopg
import pytest
from django.contrib.auth.models import User
from django.db import connection
from pytest_django import Settings

from tasks_app.models import Queue, ScheduledTask, TaskRun, db_now
from tasks_app.services import locks, upkeep
from tests import runs
from tests.live.surroundings import eventually
from tests.services.conftest import Make

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.postgres]
VANISHED = "carillon@vanished"
RUN = "SELECT id FROM tasks_app_taskrun WHERE id = %s FOR UPDATE"
TASK = "SELECT id FROM tasks_app_scheduledtask WHERE id = %s FOR UPDATE"
QUEUE = "UPDATE tasks_app_queue SET rank = rank WHERE name = %s"
_WHERE = ("dbname", "host", "port", "user", "password")


@pytest.fixture(autouse=True)
def at_once(settings: Settings) -> None:
    """Whatever stands still has stood long enough."""
    settings.LEASE_SECONDS = 0


@contextmanager
def holding(name: str, statement: str, *params: object) -> Iterator["psycopg.Connection[Any]"]:
    """Leave a transaction of another process open for the block."""
    where = {key: value for key, value in connection.get_connection_params().items() if key in _WHERE}
    with closing(psycopg.connect(**where, application_name=name)) as other:
        other.execute(statement, params or None)
        yield other


def is_open(other: "psycopg.Connection[Any]") -> bool:
    """Say whether the session is still there."""
    try:
        other.execute("SELECT 1")
    except psycopg.OperationalError:
        return False
    return True


def lost_run(owner: User, task: ScheduledTask | None = None) -> TaskRun:
    """Make a running run whose lease is over."""
    run = runs.make_run(owner, task)
    runs.claim(run)
    TaskRun.objects.filter(id=run.id).update(lease_until=db_now() - timedelta(seconds=1))
    return run


def test_a_lost_run_is_wrested_from_a_process_that_vanished(alice: User) -> None:
    run = lost_run(alice)
    with holding(VANISHED, RUN, run.id) as other:
        assert upkeep.rescue_expired("upkeep:here") == 0, "it is locked, and nobody waits for it"
        assert locks.end_forgotten_transactions("upkeep:here") == 1
        assert not is_open(other)
    assert upkeep.rescue_expired("upkeep:here") == 1


def test_a_locked_task_with_many_lost_runs_keeps_no_other_from_being_rescued(
    alice: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(upkeep, "_STEP", 2)
    task = runs.make_task(alice, overlap="allow")
    for _ in range(3):
        lost_run(alice, task)
    other = lost_run(alice)
    with holding("psql", TASK, task.id):
        assert upkeep.rescue_expired("upkeep:here") == 1
    assert runs.fresh(other).status == "queued"
    assert [upkeep.rescue_expired("upkeep:here") for _ in range(2)] == [2, 1]


def test_what_is_held_inside_a_savepoint_is_wrested_as_well(alice: User) -> None:
    for end in ("", "; RELEASE SAVEPOINT within"):
        run = lost_run(alice)
        with holding(VANISHED, f"SAVEPOINT within; UPDATE tasks_app_taskrun SET error = '' WHERE id = '{run.id}'{end}"):
            assert locks.end_forgotten_transactions("upkeep:here") == 1
        assert upkeep.rescue_expired("upkeep:here") == 1


def test_a_console_is_left_alone_and_holds_up_no_other(alice: User) -> None:
    held, other_run = lost_run(alice), lost_run(alice)
    with holding("psql", RUN, held.id) as other:
        assert locks.end_forgotten_transactions("upkeep:here") == 0
        assert upkeep.rescue_expired("upkeep:here") == 1
        assert is_open(other)
    assert (runs.fresh(held).status, runs.fresh(other_run).status) == ("running", "queued")


def test_an_overdue_task_is_wrested_from_a_beat_that_vanished(make: Make) -> None:
    task = make()
    with holding(VANISHED, TASK, task.id):
        assert locks.end_forgotten_transactions("upkeep:here") == 0, "it is not due"
        ScheduledTask.objects.filter(id=make().id).update(next_due_at=db_now() - timedelta(seconds=1))
        assert locks.end_forgotten_transactions("upkeep:here") == 0, "another is"
    ScheduledTask.objects.filter(id=task.id).update(next_due_at=db_now() - timedelta(seconds=1))
    with holding(VANISHED, TASK, task.id):
        assert locks.end_forgotten_transactions("upkeep:here") == 1


def test_of_many_that_are_overdue_those_for_longest_are_looked_at(make: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(locks, "_LOOK", 1)
    for minutes in (2, 1):
        task = make()
        ScheduledTask.objects.filter(id=task.id).update(next_due_at=db_now() - timedelta(minutes=minutes))
    other = make()
    ScheduledTask.objects.filter(id=other.id).update(next_due_at=db_now() - timedelta(minutes=3))
    with holding(VANISHED, TASK, other.id):
        assert locks.end_forgotten_transactions("upkeep:here") == 1


def test_whoever_waits_for_a_row_of_ours_gets_it() -> None:
    Queue.objects.create(name="held")

    def wait() -> None:
        try:
            Queue.objects.filter(name="held").update(rank=7)
        finally:
            connection.close()

    with holding(VANISHED, QUEUE, "held"):
        assert locks.end_forgotten_transactions("upkeep:here") == 0, "nobody waits for it"
        waiter = threading.Thread(target=wait)
        waiter.start()
        eventually(lambda: locks.end_forgotten_transactions("upkeep:here") == 1, what="its session is ended")
        waiter.join(20)
    assert Queue.objects.get(name="held").rank == 7


def test_who_stands_still_for_less_than_a_lease_is_left_alone(alice: User, settings: Settings) -> None:
    settings.LEASE_SECONDS = 30
    with holding(VANISHED, RUN, lost_run(alice).id) as other:
        assert locks.end_forgotten_transactions("upkeep:here") == 0
        assert is_open(other)


def test_who_holds_nothing_of_ours_is_left_alone(alice: User) -> None:
    lost_run(alice)
    with holding(VANISHED, "CREATE TEMPORARY TABLE own AS SELECT 1") as other:
        assert locks.end_forgotten_transactions("upkeep:here") == 0
        assert is_open(other)


@pytest.mark.parametrize(("own", "standing"), [("", "psql"), ("@here", "psql"), ("ps", "psql"), ("@here", "@there")])
def test_a_name_that_names_no_platform_takes_nobody_elses_session_for_its_own(
    own: str, standing: str, alice: User
) -> None:
    with connection.cursor() as cursor:
        cursor.execute("SET application_name TO %s", [own])
    try:
        with holding(standing, RUN, lost_run(alice).id) as other:
            assert locks.end_forgotten_transactions("upkeep:here") == 0
            assert is_open(other)
    finally:
        connection.close()


def test_sessions_of_a_platform_that_was_given_another_name_are_its_own(alice: User) -> None:
    with connection.cursor() as cursor:
        cursor.execute("SET application_name TO 'jobs'")
    try:
        with holding("jobs", RUN, lost_run(alice).id):
            assert locks.end_forgotten_transactions("upkeep:here") == 1
    finally:
        connection.close()
