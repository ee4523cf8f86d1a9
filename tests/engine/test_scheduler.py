"""Beat: due work is made ready whoever ticks, and plain PeriodicTask rows are sent by one beat alone."""

import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import redis
from celery import Celery, current_app
from django.conf import settings
from django.contrib.auth.models import User
from django.db import connection, connections
from django_celery_beat.models import CrontabSchedule, IntervalSchedule, PeriodicTask

from tasks_app import tasks as entry_points
from tasks_app.models import Beat, Lease, ScheduledTask, TaskRun, db_now
from tasks_app.scheduler import DueScheduler
from tasks_app.services import firing
from tasks_app.services.specs import TaskSpec
from tasks_app.services.tasks import task_create
from tests import runs
from tests.live.surroundings import eventually
from tests.services.test_firing import refuse_runs

pytestmark = pytest.mark.django_db(transaction=True)

QUEUE = "plain"
PAYLOAD = {"url": "https://example.org/"}


@pytest.fixture
def beat(empty_redis: redis.Redis) -> Iterator[Callable[..., DueScheduler]]:
    """Make beats that are closed in the end."""
    made: list[DueScheduler] = []

    def make(name: str = "one", app: Celery = current_app) -> DueScheduler:
        scheduler = DueScheduler(app=app, lazy=True)
        scheduler.name = f"beat:{name}"
        made.append(scheduler)
        return scheduler

    yield make
    for scheduler in made:
        scheduler.close()


def due_task(owner: User, **fields: Any) -> ScheduledTask:
    """Make a task whose slot has come this moment."""
    task = task_create(
        owner=owner,
        spec=TaskSpec(name="t", type="http_request", payload=PAYLOAD, cron="0 0 1 1 *", **fields),
        actor="test",
    )
    now = db_now().replace(second=0, microsecond=0)
    ScheduledTask.objects.filter(id=task.id).update(next_slot=now, next_due_at=now, misfire={"grace_seconds": 3600})
    return ScheduledTask.objects.get(id=task.id)


def plain(name: str, **fields: Any) -> PeriodicTask:
    """Add a row by hand, due at once: for any Celery task, every hour."""
    if not {"crontab", "clocked"} & set(fields):
        fields["interval"] = IntervalSchedule.objects.create(every=3600, period="seconds")
    return PeriodicTask.objects.create(
        name=name, task="demo.add", queue=QUEUE, last_run_at=db_now() - timedelta(days=1), **fields
    )


def sent(client: redis.Redis) -> int:
    """Say how many plain messages wait at the broker."""
    return int(client.llen(f"{settings.REDIS_PREFIX}{QUEUE}"))


def tick_until_quiet(scheduler: DueScheduler) -> float:
    """Tick as beat does, until there is nothing due; gives the last nap."""
    deadline = time.monotonic() + 10
    while time.monotonic() < deadline:
        nap = scheduler.tick()
        if nap > 0.05 and scheduler._plain_due_at > time.monotonic():
            return nap
    raise AssertionError("beat never came to rest")


def test_a_tick_fires_what_is_due_and_reports_itself(alice: User, beat: Callable[..., DueScheduler]) -> None:
    task = due_task(alice)
    delayed = runs.make_run(alice, status="scheduled", reason="delayed", queued_at=None, due_at=db_now())
    nap = beat().tick()
    assert TaskRun.objects.get(task=task).status == "queued"
    assert runs.fresh(delayed).status == "queued"
    assert 0 < nap <= 1
    row = Beat.objects.get(name="beat:one")
    assert row.stopped_at is None
    assert db_now() - row.last_tick_at < timedelta(seconds=10)


def test_a_tick_sleeps_no_longer_than_to_the_next_instant(alice: User, beat: Callable[..., DueScheduler]) -> None:
    scheduler = beat()
    assert scheduler.tick() == pytest.approx(1.0)
    runs.make_run(alice, status="scheduled", reason="delayed", queued_at=None, due_at=db_now() + timedelta(seconds=0.5))
    assert scheduler.tick() < 0.5


@pytest.fixture
def refusing() -> Iterator[None]:
    """Let the database refuse to move runs of the type "refused"."""
    refuse_runs("update")
    yield
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            cursor.execute("DROP FUNCTION refuse CASCADE")
        else:
            cursor.execute("DROP TRIGGER refuse")


@pytest.mark.usefixtures("refusing")
def test_beat_rests_between_its_attempts_at_what_the_database_refuses_and_says_so_once(
    alice: User, beat: Callable[..., DueScheduler], caplog: pytest.LogCaptureFixture
) -> None:
    due: dict[str, Any] = {"status": "scheduled", "reason": "delayed", "queued_at": None}
    refused = [runs.make_run(alice, type="refused", due_at=db_now(), **due) for _ in range(2)]
    scheduler = beat()
    assert [scheduler.tick() for _ in range(5)][2:] == [1.0] * 3
    told = [record.getMessage() for record in caplog.records if "refuse" in record.getMessage()]
    assert sorted(told) == sorted(f"the database refuses to release run {run.id}" for run in refused)
    soon = runs.make_run(alice, due_at=db_now() + timedelta(seconds=0.5), **due)
    assert scheduler.tick() < 0.5, "it is not late for another"
    tick_until(scheduler, lambda: runs.fresh(soon).status == "queued")


@pytest.mark.postgres
def test_beat_rests_while_a_console_holds_what_is_due(alice: User, beat: Callable[..., DueScheduler]) -> None:
    task, scheduler, console = due_task(alice), beat(), connection.copy()
    try:
        with console.cursor() as cursor:
            cursor.execute(f"BEGIN; SELECT 1 FROM {ScheduledTask._meta.db_table} FOR UPDATE")
        assert [scheduler.tick() for _ in range(4)][2:] == [1.0] * 2
        assert not TaskRun.objects.filter(task=task).exists()
    finally:
        console.close()
    tick_until(scheduler, TaskRun.objects.filter(task=task).exists)


def tick_until(scheduler: DueScheduler, condition: Callable[[], object]) -> None:
    """Tick until it holds."""

    def ticked() -> object:
        scheduler.tick()
        return condition()

    eventually(ticked, 10)


def test_between_full_batches_beat_rests_only_where_others_could_not_write_meanwhile(
    alice: User, beat: Callable[..., DueScheduler], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(firing, "BATCH", 2)
    for _ in range(5):
        due_task(alice)
    scheduler = beat()
    pause = 0.0 if connection.vendor == "postgresql" else 0.01
    assert [scheduler.tick(), scheduler.tick()] == [pause, pause]
    assert TaskRun.objects.count() == 4
    assert scheduler.tick() > pause
    assert TaskRun.objects.count() == 5


def test_many_beats_at_once_fire_each_slot_once(alice: User, beat: Callable[..., DueScheduler]) -> None:
    made = [due_task(alice) for _ in range(12)]
    schedulers = [beat(str(number)) for number in range(4)]

    def ticks(scheduler: DueScheduler) -> None:
        try:
            for _ in range(4):
                scheduler.tick()
        finally:
            connections.close_all()

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(ticks, schedulers))
    assert TaskRun.objects.filter(slot__isnull=False).count() == len(made)
    assert {run.events.count() for run in TaskRun.objects.all()} == {1}


def test_a_closed_beat_says_goodbye_and_gives_its_lease_up(beat: Callable[..., DueScheduler]) -> None:
    first, second = beat("one"), beat("two")
    first.tick()
    second.tick()
    assert (first._holds_plain, second._holds_plain) == (True, False)
    first.close()
    assert Beat.objects.get(name="beat:one").stopped_at is not None
    second._reported_at = float("-inf")
    second.tick()
    assert second._holds_plain


def test_plain_rows_are_sent_by_the_holder_alone(beat: Callable[..., DueScheduler], empty_redis: redis.Redis) -> None:
    plain("hourly")
    first, second = beat("one"), beat("two")
    tick_until_quiet(first)
    for _ in range(5):
        second.tick()
    assert sent(empty_redis) == 1
    row = PeriodicTask.objects.get(name="hourly")
    assert row.total_run_count == 1
    assert row.last_run_at is not None
    assert db_now() - row.last_run_at < timedelta(seconds=30)


def test_a_beat_that_takes_over_sends_nothing_twice(
    beat: Callable[..., DueScheduler], empty_redis: redis.Redis
) -> None:
    names = ("hourly", "daily", "weekly")
    for name in names:
        plain(name)
    first, second = beat("one"), beat("two")
    second.schedule  # noqa: B018  # what it knows is from before the first one sent
    tick_until_quiet(first)
    Lease.objects.update(expires_at=db_now() - timedelta(seconds=1))  # the first one is gone without a word
    tick_until_quiet(second)
    assert second._holds_plain
    assert sent(empty_redis) == len(names)


def test_the_holder_keeps_its_lease_by_ticking(beat: Callable[..., DueScheduler]) -> None:
    first, second = beat("one"), beat("two")
    first.tick()
    until = Lease.objects.get().expires_at
    first._reported_at = float("-inf")
    first.tick()
    second.tick()
    assert Lease.objects.get().expires_at > until
    assert Lease.objects.get().holder == "beat:one"


def test_mirrors_are_never_sent(alice: User, beat: Callable[..., DueScheduler], empty_redis: redis.Redis) -> None:
    task = due_task(alice)
    assert task.periodic_task_id is not None
    PeriodicTask.objects.filter(pk=task.periodic_task_id).update(queue=QUEUE, last_run_at=db_now() - timedelta(days=1))
    tick_until_quiet(beat())
    assert sent(empty_redis) == 0
    assert TaskRun.objects.filter(task=task).count() == 1


@pytest.mark.parametrize(
    "broken",
    [
        {"kwargs": "not json"},
        {"args": "{"},
        {"crontab": {"minute": "99"}},
        {"crontab": {"minute": "*", "day_of_week": "MON#5"}},
        {"crontab": {"minute": "*", "hour": "*/2"}},
    ],
)
def test_one_row_that_cannot_be_read_stops_neither_the_others_nor_the_tick(
    broken: dict[str, Any], alice: User, beat: Callable[..., DueScheduler], empty_redis: redis.Redis
) -> None:
    if "crontab" in broken:
        broken = {"crontab": CrontabSchedule.objects.create(**broken["crontab"])}
    plain("a-broken", **broken)
    plain("hourly")
    task = due_task(alice)
    scheduler = beat()
    tick_until_quiet(scheduler)
    assert PeriodicTask.objects.get(name="hourly").total_run_count == 1
    assert TaskRun.objects.filter(task=task).count() == 1
    assert sent(empty_redis) >= 1


@pytest.fixture
def nowhere(tmp_path: Path) -> Celery:
    """The Celery app with a broker that is away."""
    app = Celery("nowhere", broker=f"redis+socket://{tmp_path}/none.sock", set_as_current=False)
    app.conf.update(beat_schedule={}, result_expires=None, broker_transport_options={"max_retries": 0})
    return app


def test_without_a_broker_slots_are_fired_all_the_same(
    alice: User, beat: Callable[..., DueScheduler], nowhere: Celery, empty_redis: redis.Redis
) -> None:
    plain("hourly")
    task = due_task(alice)
    scheduler = beat(app=nowhere)
    began = time.monotonic()
    for _ in range(3):
        scheduler.tick()
    assert time.monotonic() - began < 10
    assert TaskRun.objects.filter(task=task).count() == 1
    assert PeriodicTask.objects.get(name="hourly").total_run_count == 0
    scheduler.close()
    tick_until_quiet(beat("two"))
    assert sent(empty_redis) == 1, "what could not be sent then is sent later"


def test_an_edit_by_hand_is_seen_without_a_restart(beat: Callable[..., DueScheduler], empty_redis: redis.Redis) -> None:
    plain("first")
    scheduler = beat()
    tick_until_quiet(scheduler)
    plain("hourly")
    scheduler._plain_due_at = 0.0
    tick_until_quiet(scheduler)
    assert sent(empty_redis) == 2


def test_a_fault_of_the_database_costs_a_nap_and_no_more(
    alice: User, beat: Callable[..., DueScheduler], monkeypatch: pytest.MonkeyPatch
) -> None:
    scheduler = beat()
    with monkeypatch.context() as away:
        away.setitem(connection.settings_dict, "NAME", "/nowhere/at/all")
        connections.close_all()
        assert 0 < scheduler.tick() <= 1
    task = due_task(alice)
    scheduler.tick()
    assert TaskRun.objects.filter(task=task).count() == 1


def test_the_task_that_mirrors_name_fires_only_what_is_really_due(alice: User, valkey: str) -> None:
    due, later = due_task(alice), due_task(alice)
    ScheduledTask.objects.filter(id=later.id).update(next_due_at=db_now() + timedelta(hours=1))
    for task in (due, due, later):
        entry_points.fire(task_id=str(task.id))
    assert TaskRun.objects.filter(task=due).count() == 1
    assert not TaskRun.objects.filter(task=later).exists()
    entry_points.fire(task_id="00000000-0000-0000-0000-000000000000")
