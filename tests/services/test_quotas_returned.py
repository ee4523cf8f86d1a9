"""What a transaction has taken of a limit and was rolled back with is there again; what it has committed is not."""

import contextlib
import dataclasses
import uuid
from collections.abc import Iterator
from datetime import timedelta

import pytest
from django.contrib.auth.models import User
from django.db import OperationalError, connection, transaction
from pytest_django import Settings

from tasks_app.models import TaskRun
from tasks_app.services import firing, steps, tasks
from tasks_app.services.limiter import Limit, TooMany
from tasks_app.services.steps import Steps
from tests.clocks import Clock
from tests.services.conftest import PAYLOAD, START, Make
from tests.services.test_quotas import BY_HAND, limit, outcomes, start_by

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("empty_redis")]


@contextlib.contextmanager
def rolled_back() -> Iterator[None]:
    """Undo what the block does."""
    with transaction.atomic():
        yield
        transaction.set_rollback(True)


@contextlib.contextmanager
def full_disk() -> Iterator[None]:
    """Leave the database no room for another run."""
    table = TaskRun._meta.db_table
    with connection.cursor() as cursor:
        if connection.vendor == "sqlite":
            cursor.execute("VACUUM")
            cursor.execute("PRAGMA max_page_count = 1")  # as many as there are
        else:
            cursor.execute(
                "CREATE FUNCTION full_disk() RETURNS trigger LANGUAGE plpgsql AS"
                " $$ BEGIN RAISE EXCEPTION 'no space left' USING ERRCODE = 'disk_full'; END $$"
            )
            cursor.execute(f"CREATE TRIGGER full_disk BEFORE INSERT ON {table} EXECUTE FUNCTION full_disk()")
        yield
        if connection.vendor == "sqlite":
            cursor.execute("PRAGMA max_page_count = 4294967294")
        else:
            cursor.execute("DROP FUNCTION full_disk CASCADE")


def test_slots_that_could_not_be_fired_have_used_up_nothing(make: Make, clock: Clock, settings: Settings) -> None:
    limit(settings, runs_per_hour=20)
    for _ in range(10):
        make(overlap="allow", payload={**PAYLOAD, "method": "POST", "body": "x" * 50_000})
    clock.move_to(START + timedelta(minutes=10))
    with full_disk():
        for _ in range(3):
            with pytest.raises(OperationalError):
                firing.fire_due(actor="test")
    firing.fire_due(actor="test")
    assert outcomes() == ["queued/due"] * 10
    clock.move_to(START + timedelta(minutes=20))
    firing.fire_due(actor="test")
    clock.move_to(START + timedelta(minutes=30))
    firing.fire_due(actor="test")
    assert outcomes()[20:] == ["skipped/limit"] * 10, "what was committed counts"


def test_what_is_granted_and_not_used_is_given_back(make: Make, clock: Clock, settings: Settings) -> None:
    limit(settings, runs_per_hour=4)
    busy = make()
    tasks.task_run_now(task=busy, actor=BY_HAND)
    make()
    clock.move_to(START + timedelta(minutes=10))
    firing.fire_due(actor="test")
    assert sorted(outcomes()) == ["queued/due", "queued/due", "skipped/overlap"]
    assert Limit("runs", 4, 3600).up_to({busy.owner_id: 10}) == {busy.owner_id: 2}


@pytest.mark.parametrize("deed", ["run_now", "enqueue", "retry", "backfill"])
def test_a_start_that_is_rolled_back_is_not_counted(
    deed: str, make: Make, alice: User, clock: Clock, settings: Settings
) -> None:
    limit(settings, run_now_per_minute=1, runs_per_hour=2)
    for _ in range(3):
        with rolled_back():
            start_by(deed, make, alice)
    start_by(deed, make, alice)
    with pytest.raises(TooMany):
        start_by(deed, make, alice)


def test_a_start_that_the_hour_refuses_is_not_counted_by_the_minute(make: Make, settings: Settings) -> None:
    limit(settings, run_now_per_minute=2, runs_per_hour=1)
    mine = make()
    tasks.task_run_now(task=mine, actor=BY_HAND)
    with pytest.raises(TooMany, match="in an hour"):
        tasks.task_run_now(task=mine, actor=BY_HAND)
    settings.LIMITS = dataclasses.replace(settings.LIMITS, runs_per_hour=0)
    tasks.task_run_now(task=mine, actor=BY_HAND)


def test_a_task_that_is_rolled_back_is_not_counted(make: Make, settings: Settings) -> None:
    limit(settings, creates_per_minute=1)
    for _ in range(3):
        with rolled_back():
            make()
    make()
    with pytest.raises(TooMany):
        make()


def test_what_a_savepoint_takes_goes_with_the_savepoint_alone(make: Make, settings: Settings) -> None:
    limit(settings, creates_per_minute=2)
    with transaction.atomic():
        make()
        for _ in range(3):
            with rolled_back():
                make()
        make()
        with pytest.raises(TooMany):
            make()


def test_an_action_on_many_that_is_rolled_back_is_not_counted(alice: User, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(steps, "PACE", Limit("many", most=1, seconds=36_000))

    def begin() -> None:
        Steps("/test/").begin(alice, uuid.uuid4(), {})

    for _ in range(3):
        with rolled_back():
            begin()
    begin()
    with pytest.raises(TooMany):
        begin()
