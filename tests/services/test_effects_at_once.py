"""Effects on PostgreSQL: of two retries at once only one acts, and a lost connection forgets nothing that happened."""

import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import pytest
from django.contrib.auth.models import User
from django.db import connection, connections, transaction

from tasks_app.errors import EffectUnknown, RetryLater
from tasks_app.models import Effect, TaskRun
from tasks_app.services import runs as run_services
from tasks_app.services.execution.effect_batches import begin_batch
from tasks_app.services.execution.effects import effect
from tests import runs

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("valkey"), pytest.mark.postgres]
KEY = "mail:ada@example.org"
SECONDS = 20


def one_by_one(run: TaskRun) -> None:
    with effect(runs.fresh(run), runs.held(run), KEY, is_idempotent=False) as found:
        assert not found.done
        raise Acted


def in_a_batch(run: TaskRun) -> None:
    (found,) = begin_batch(runs.fresh(run), runs.held(run), [KEY], lambda wanted: wanted)
    assert not found.done
    raise Acted


class Acted(Exception):
    """The effect was begun, and is on its way."""


def outcome(begin: Callable[[TaskRun], None], run: TaskRun) -> type[BaseException]:
    try:
        begin(run)
    except (Acted, RetryLater, EffectUnknown) as error:
        return type(error)
    finally:
        connections.close_all()
    raise AssertionError


def wait_until_both_wait() -> None:
    until = time.monotonic() + SECONDS
    with connection.cursor() as cursor:
        while time.monotonic() < until:
            cursor.execute("SELECT pg_stat_clear_snapshot()")
            cursor.execute("SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock'")
            if cursor.fetchone()[0] == 2:  # both retries
                return
    raise TimeoutError


@pytest.mark.parametrize(("begin", "other"), [(one_by_one, EffectUnknown), (in_a_batch, RetryLater)])
def test_what_did_not_happen_is_begun_by_one_of_two_retries(
    begin: Callable[[TaskRun], None], other: type[BaseException], alice: User
) -> None:
    first = runs.make_run(alice)
    runs.claim(first)
    with effect(runs.fresh(first), runs.held(first), KEY, is_idempotent=False) as found:
        found.not_done()
    runs.fail(first)
    retries = [run_services.run_retry(run=runs.fresh(first), actor="user:alice") for _ in range(2)]
    for run in retries:
        runs.claim(run)
    with ThreadPoolExecutor(2) as pool:
        with transaction.atomic():
            list(Effect.objects.select_for_update())
            ends = [pool.submit(outcome, begin, run) for run in retries]
            wait_until_both_wait()
        found_ends = {end.result(SECONDS) for end in ends}
    assert found_ends == {Acted, other}


def test_what_happened_is_written_down_also_when_the_connection_is_lost(alice: User) -> None:
    run = runs.make_run(alice)
    runs.claim(run)
    (found,) = begin_batch(runs.fresh(run), runs.held(run), [KEY], None)
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_backend_pid()")
        pid = cursor.fetchone()[0]
    with ThreadPoolExecutor(1) as pool:
        pool.submit(end_backend, pid).result(SECONDS)
    found.confirm("sent")
    assert Effect.objects.values_list("state", "result").get() == ("done", "sent")


def end_backend(pid: int) -> None:
    try:
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_terminate_backend(%s, 5000)", [pid])
    finally:
        connections.close_all()
