"""A Redis that answers, but late: firing and wake-ups ask it a few times, however much there is to do."""

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
import redis
from celery import Celery
from django.conf import settings as project
from django.contrib.auth.models import User
from pytest_django import Settings

from tasks_app import dispatch
from tasks_app.models import TaskRun, Worker, db_now
from tasks_app.services import firing
from tests.clocks import Clock
from tests.faults.links import Links, running_proxy
from tests.live.surroundings import eventually, free_port
from tests.services.conftest import START, Make
from tests.services.test_quotas import limit

pytestmark = pytest.mark.django_db(transaction=True)
WIRE = "test>redis"
MANY = 40


@pytest.fixture
def wire(empty_redis: redis.Redis, tmp_path: Path) -> Iterator[Links]:
    """A link to Redis that can be slowed."""
    port = free_port()
    empty_redis.config_set("port", port)
    try:
        with running_proxy(tmp_path) as links:
            links.add(WIRE, port)
            yield links
    finally:
        empty_redis.config_set("port", 0)


def url(wire: Links) -> str:
    return f"redis://127.0.0.1:{wire.ports[WIRE]}/0"


def slow_down(wire: Links) -> None:
    wire.turn([WIRE], "delay", seconds=0.1)


def questions(client: redis.Redis) -> int:
    """Count the scripts that Redis was asked to run."""
    return int(client.info("commandstats").get("cmdstat_eval", {"calls": 0})["calls"])


def owner(number: int) -> User:
    return User.objects.create_user(f"owner{number}")


def test_all_owners_of_a_batch_are_one_question(
    make: Make, clock: Clock, empty_redis: redis.Redis, settings: Settings
) -> None:
    limit(settings, runs_per_hour=1)
    for number in range(5):
        person = owner(number)
        for _ in range(3):
            make(owner=person)
    clock.move_to(START + timedelta(minutes=10))
    empty_redis.config_resetstat()
    firing.fire_due(actor="test")
    assert questions(empty_redis) == 1
    assert TaskRun.objects.filter(status="queued").count() == 5
    assert TaskRun.objects.filter(reason="limit").count() == 10


def test_a_batch_that_makes_up_for_much_soon_asks_a_slow_redis_no_more(
    make: Make, clock: Clock, empty_redis: redis.Redis, wire: Links, settings: Settings
) -> None:
    limit(settings, runs_per_hour=1000)
    for number in range(MANY):
        make(owner=owner(number), misfire={"policy": "all", "max": 10}, overlap="allow")
    clock.move_to(START + timedelta(minutes=35))
    settings.REDIS_URL = url(wire)
    slow_down(wire)
    empty_redis.config_resetstat()
    firing.fire_due(actor="test")
    assert questions(empty_redis) < MANY / 2
    assert TaskRun.objects.filter(status="queued").count() == 3 * MANY, "what is not asked is let through"


@pytest.fixture
def broker(wire: Links, monkeypatch: pytest.MonkeyPatch) -> Iterator[Celery]:
    """A Celery app with the project's broker options that posts over the link."""
    app = Celery("slow", broker=url(wire), set_as_current=False)
    app.conf.broker_transport_options = project.CELERY_BROKER_TRANSPORT_OPTIONS
    monkeypatch.setattr(dispatch, "current_app", app)
    monkeypatch.setattr(dispatch, "_capacity", (float("-inf"), {}))
    monkeypatch.setattr(dispatch, "_away_until", 0.0)
    yield app
    app.close()


@pytest.mark.usefixtures("broker")
def test_a_slow_broker_gets_some_wake_ups_and_holds_nobody_up_for_each(empty_redis: redis.Redis, wire: Links) -> None:
    now = db_now()
    row = {"hostname": "here", "pid": 1, "queues": ["default"], "started_at": now, "heartbeat_at": now}
    Worker.objects.create(name="w", concurrency=MANY, **row)
    slow_down(wire)
    posted = dispatch.wake("default", MANY)
    assert 1 <= posted < MANY / 2
    wire.heal()
    eventually(lambda: dispatch.wake("default", MANY) == 0, what="all are posted")
    assert empty_redis.llen(f"{project.REDIS_PREFIX}default") == MANY
