"""The face for Python code: what is rolled back was never enqueued, and a key makes a thing happen once."""

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.db import connections, transaction

from tasks_app import jobs
from tasks_app.errors import Conflict, Invalid, NotFound
from tasks_app.models import RunEvent, ScheduledTask, TaskRun, db_now
from tests import runs

PAYLOAD = {"url": "https://example.org/"}
TYPE = "http_request"


@pytest.mark.django_db
def test_a_job_is_a_run_of_the_platform_or_of_its_owner(alice: User) -> None:
    ours = jobs.enqueue(TYPE, PAYLOAD)
    hers = jobs.enqueue(TYPE, PAYLOAD, owner=alice, priority=9, max_retries=0)
    assert (ours.owner_id, ours.status, ours.trigger, ours.actor) == (None, "queued", "event", "code")
    assert (hers.owner_id, hers.priority, hers.max_retries) == (alice.pk, 9, 0)
    assert jobs.get(ours.id) == ours
    assert jobs.get(str(hers.id)) == hers
    assert list(jobs.list(owner=alice)) == [hers]


@pytest.mark.django_db
@pytest.mark.parametrize("delay", [90, 90.0, timedelta(seconds=90)])
def test_a_delay_waits_in_the_database(delay: Any) -> None:
    run = jobs.schedule(TYPE, PAYLOAD, delay=delay)
    assert (run.status, run.reason, run.queued_at) == ("scheduled", "delayed", None)
    assert run.due_at is not None
    assert timedelta(seconds=80) < run.due_at - db_now() <= timedelta(seconds=90)


@pytest.mark.django_db
def test_an_instant_waits_in_the_database() -> None:
    instant = db_now() + timedelta(days=1)
    assert jobs.schedule(TYPE, PAYLOAD, run_at=instant).due_at == instant


@pytest.mark.django_db
def test_what_is_scheduled_says_when() -> None:
    with pytest.raises(ValueError, match="run_at or delay"):
        jobs.schedule(TYPE, PAYLOAD)


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("options", "path"),
    [
        ({"type": "no.such"}, "type"),
        ({"payload": {"url": 3}}, "payload.url"),
        ({"run_at": datetime(2100, 1, 1)}, "run_at"),
        ({"delay": -1}, "delay_seconds"),
        ({"delay": float("nan")}, "delay_seconds"),
        ({"queue": "nowhere"}, "queue"),
        ({"priority": 10}, "priority"),
        ({"max_retries": 51}, "max_retries"),
    ],
)
def test_a_job_is_checked_like_any_other_run(options: dict[str, Any], path: str) -> None:
    with pytest.raises(Invalid) as refusal:
        jobs.enqueue(**{"type": TYPE, "payload": PAYLOAD, **options})
    assert set(refusal.value.fields) == {path}
    assert not TaskRun.objects.exists()


@pytest.mark.django_db
def test_a_key_gives_the_run_that_it_made_before() -> None:
    first = jobs.enqueue(TYPE, PAYLOAD, key="import 7")
    assert jobs.enqueue(TYPE, {"url": "https://example.org/other"}, key="import 7") == first
    assert jobs.enqueue(TYPE, PAYLOAD, key="import 8") != first
    assert TaskRun.objects.count() == 2
    assert RunEvent.objects.filter(run=first).count() == 1


def at_once(count: int, work: Callable[[], Any]) -> list[Any]:
    """Do the work in several threads that begin together."""
    start = threading.Barrier(count)

    def one(_: int) -> Any:
        try:
            start.wait(10)
            return work()
        finally:
            connections.close_all()

    with ThreadPoolExecutor(count) as pool:
        return list(pool.map(one, range(count)))


@pytest.mark.django_db(transaction=True)
@pytest.mark.usefixtures("valkey")
def test_the_same_key_at_the_same_moment_makes_one_run() -> None:
    made = at_once(4, lambda: jobs.enqueue(TYPE, PAYLOAD, key="import 7"))
    assert len({run.id for run in made}) == 1
    assert RunEvent.objects.count() == 1


@pytest.mark.django_db(transaction=True)
@pytest.mark.usefixtures("valkey")
def test_the_same_recurring_job_at_the_same_moment_makes_one_task(alice: User) -> None:
    made = at_once(4, lambda: jobs.recurring("nightly", TYPE, PAYLOAD, "0 3 * * *", owner=alice))
    assert len({task.id for task in made}) == 1
    assert ScheduledTask.objects.count() == 1


@pytest.mark.django_db(transaction=True)
@pytest.mark.usefixtures("valkey")
def test_what_is_rolled_back_was_never_enqueued(alice: User) -> None:
    with transaction.atomic():
        jobs.enqueue(TYPE, PAYLOAD)
        jobs.recurring("nightly", TYPE, PAYLOAD, "0 3 * * *", owner=alice)
        transaction.set_rollback(True)
    assert not TaskRun.objects.exists()
    assert not ScheduledTask.objects.exists()


@pytest.mark.django_db
def test_a_recurring_job_is_made_once_and_then_kept_as_declared(alice: User) -> None:
    task = jobs.recurring("nightly", TYPE, PAYLOAD, "0 3 * * *", owner=alice, priority=7)
    same = jobs.recurring("nightly", TYPE, PAYLOAD, "0 3 * * *", owner=alice, priority=7)
    assert (same.id, same.version, same.priority) == (task.id, 1, 7)
    moved = jobs.recurring("nightly", TYPE, PAYLOAD, {"kind": "daily", "time": "04:00"}, owner=alice)
    assert (moved.id, moved.version, moved.cron_expression) == (task.id, 2, "0 4 * * *")


@pytest.mark.django_db
def test_runs_are_cancelled_and_run_again_from_code() -> None:
    run = jobs.cancel(jobs.enqueue(TYPE, PAYLOAD))
    assert run.status == "cancelled"
    again = jobs.retry(run, payload={"url": "https://example.org/again"})
    assert (again.rerun_of_id, again.trigger, again.payload["url"]) == (run.id, "retry", "https://example.org/again")
    with pytest.raises(Conflict):
        jobs.retry(again)


@pytest.mark.django_db
def test_a_run_that_is_not_there_is_said() -> None:
    run = runs.make_run(None)
    TaskRun.objects.all().delete()
    with pytest.raises(NotFound):
        jobs.get(run.id)


@pytest.mark.django_db
def test_a_backfill_is_a_batch_and_obeys_the_transaction(alice: User) -> None:
    task = jobs.recurring("hourly", TYPE, PAYLOAD, "0 * * * *", owner=alice)
    start = datetime(2025, 11, 3, 9, tzinfo=UTC)
    with transaction.atomic():
        jobs.backfill(task, start, start + timedelta(hours=2))
        transaction.set_rollback(True)
    assert not TaskRun.objects.exists()
    batch = jobs.backfill(task, start, start + timedelta(hours=2), reprocess="failed")
    assert (batch.total, batch.actor, batch.parameters["reprocess"]) == (3, "code", "failed")
    with pytest.raises(Invalid):
        jobs.backfill(task, datetime(2025, 11, 3), start)
