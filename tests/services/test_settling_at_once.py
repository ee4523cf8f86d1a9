"""Settling on PostgreSQL: of two words one counts, and a retry that begins in the same moment reads it."""

import time
from concurrent.futures import ThreadPoolExecutor

import pytest
from django.contrib.auth.models import User
from django.db import connection, connections, transaction

from tasks_app.errors import Conflict
from tasks_app.models import Effect, RunEvent, TaskRun
from tasks_app.services import runs as run_services
from tasks_app.services.execution.effects import effect
from tasks_app.services.settling import effect_settle
from tests import runs

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("valkey"), pytest.mark.postgres]
KEY = "charge:42"
SECONDS = 20


@pytest.fixture
def unknown(alice: User) -> TaskRun:
    """A run that failed in the middle of its effect."""
    run = runs.make_run(alice)
    runs.claim(run)
    with pytest.raises(ValueError, match="crash"), effect(runs.fresh(run), runs.held(run), KEY, is_idempotent=False):
        raise ValueError("crash")
    runs.fail(run)
    return runs.fresh(run)


def say(run: TaskRun, happened: bool) -> str:
    try:
        effect_id = Effect.objects.get().id
        return effect_settle(run=run, effect_id=effect_id, happened=happened, actor="user:alice").state
    except Conflict as refusal:
        return refusal.message
    finally:
        connections.close_all()


def goes_through(run: TaskRun) -> bool:
    try:
        with effect(runs.fresh(run), runs.held(run), KEY, is_idempotent=False) as found:
            return not found.done
    finally:
        connections.close_all()


def wait_until_waiting(count: int) -> None:
    until = time.monotonic() + SECONDS
    with connection.cursor() as cursor:
        while time.monotonic() < until:
            cursor.execute("SELECT pg_stat_clear_snapshot()")
            cursor.execute("SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock'")
            if cursor.fetchone()[0] == count:
                return
    raise TimeoutError


def test_of_two_people_one_is_heard(unknown: TaskRun) -> None:
    with ThreadPoolExecutor(2) as pool:
        with transaction.atomic():
            list(Effect.objects.select_for_update())
            words = [pool.submit(say, unknown, happened) for happened in (True, False)]
            wait_until_waiting(2)
        found = [word.result(SECONDS) for word in words]
    assert sum("known already" in word for word in found) == 1
    assert Effect.objects.get().state in found
    assert RunEvent.objects.filter(target="settled").count() == 1


@pytest.mark.parametrize("happened", [True, False])
def test_a_retry_that_is_claimed_while_it_is_said_reads_what_was_said(happened: bool, unknown: TaskRun) -> None:
    retry = run_services.run_retry(run=unknown, actor="user:alice")
    with ThreadPoolExecutor(1) as pool:
        with transaction.atomic():
            effect_settle(run=unknown, effect_id=Effect.objects.get().id, happened=happened, actor="user:alice")
            going = pool.submit(claim_and_go, retry)
            wait_until_waiting(1)
        assert going.result(SECONDS) is not happened


def claim_and_go(run: TaskRun) -> bool:
    runs.claim(run)
    return goes_through(run)


def test_a_word_and_the_retry_that_it_is_said_on_do_not_lock_each_other_out(unknown: TaskRun) -> None:
    """Both take the run before the effect."""
    retry = run_services.run_retry(run=unknown, actor="user:alice")
    with ThreadPoolExecutor(2) as pool:
        with transaction.atomic():
            list(Effect.objects.select_for_update())
            saying = pool.submit(say, retry, True)
            wait_until_waiting(1)
            going = pool.submit(claim_and_go, retry)
            wait_until_waiting(2)
        assert saying.result(SECONDS) == "done"
        assert going.result(SECONDS) is False
