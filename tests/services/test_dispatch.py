"""Wake-ups: as many as there are children, never an error, never a wait, and nothing in them but the queue's name."""

import json
import time
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import redis
from celery import Celery
from django.conf import settings
from django.contrib.auth.models import User
from django.db import transaction

from tasks_app import dispatch, jobs
from tasks_app.events import run_changed
from tasks_app.models import Queue, ScheduledTask, TaskRun, Worker, db_now
from tasks_app.services import firing, queues, tasks
from tests import runs

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("empty_redis")]

PAYLOAD = {"url": "https://example.org/"}


@pytest.fixture(autouse=True)
def _forget(monkeypatch: pytest.MonkeyPatch) -> None:
    """What this process has remembered of workers and of the broker."""
    monkeypatch.setattr(dispatch, "_capacity", (float("-inf"), {}))
    monkeypatch.setattr(dispatch, "_away_until", 0.0)


def worker(name: str = "w", *, children: int = 3, silent: float = 0, **fields: Any) -> Worker:
    """Make a worker's row."""
    at = db_now() - timedelta(seconds=silent)
    values = {"hostname": "here", "pid": 1, "queues": ["default"], **fields}
    return Worker.objects.create(name=name, concurrency=children, started_at=at, heartbeat_at=at, **values)


def waiting(client: redis.Redis, queue: str = "default") -> int:
    """Count the wake-ups that wait."""
    return int(client.llen(f"{settings.REDIS_PREFIX}{queue}"))


def test_a_wake_up_names_its_queue_and_nothing_else(alice: User, empty_redis: redis.Redis) -> None:
    jobs.enqueue("http_request", {"url": "https://example.org/?token=secret"}, owner=alice)
    (raw,) = empty_redis.lrange(f"{settings.REDIS_PREFIX}default", 0, -1)
    message = json.loads(raw)
    assert message["headers"]["task"] == "tasks_app.work"
    assert (message["headers"]["argsrepr"], message["headers"]["eta"]) == ("['default']", None)
    assert b"secret" not in raw


@pytest.mark.parametrize(("children", "count", "posted"), [(3, 1, 1), (3, 2, 2), (3, 100, 3), (0, 100, 1)])
def test_at_most_as_many_are_posted_as_there_are_children(
    children: int, count: int, posted: int, empty_redis: redis.Redis
) -> None:
    if children:
        worker(children=children)
    assert dispatch.wake("default", count) == posted
    assert waiting(empty_redis) == posted


def test_those_that_wait_already_are_counted(empty_redis: redis.Redis) -> None:
    worker(children=3)
    assert [dispatch.wake("default", 2) for _ in range(3)] == [2, 1, 0]
    assert waiting(empty_redis) == 3


def test_a_long_backlog_of_single_runs_wakes_every_child_once(alice: User, empty_redis: redis.Redis) -> None:
    worker(children=3)
    for _ in range(20):
        jobs.enqueue("http_request", PAYLOAD, owner=alice)
    assert waiting(empty_redis) == 3
    assert TaskRun.objects.filter(status="queued").count() == 20


def test_children_of_live_workers_of_that_queue_count(empty_redis: redis.Redis) -> None:
    worker("a", children=2)
    worker("b", children=2, queues=["default", "gpu"])
    worker("silent", children=9, silent=60)
    worker("stopped", children=9, stopped_at=db_now())
    worker("quiet", children=9, is_quiet=True)
    assert dispatch.wake("default", 100) == 4
    assert dispatch.wake("gpu", 100) == 2


def test_a_wake_up_is_posted_after_the_commit_only(empty_redis: redis.Redis) -> None:
    with transaction.atomic():
        dispatch.wake_on_commit("default")
        assert waiting(empty_redis) == 0
    assert waiting(empty_redis) == 1
    with transaction.atomic():
        dispatch.wake_on_commit("low-priority")
        transaction.set_rollback(True)
    assert waiting(empty_redis, "low-priority") == 0


def _run_now(task: ScheduledTask) -> None:
    tasks.task_run_now(task=task, actor="test")


def _fire(task: ScheduledTask) -> None:
    now = db_now()
    ScheduledTask.objects.filter(id=task.id).update(next_slot=now, next_due_at=now)
    firing.fire_due(actor="test")


@pytest.mark.parametrize("start", [_run_now, _fire])
def test_workers_are_woken_before_anybody_is_told_of_the_run(
    start: Callable[[ScheduledTask], None], alice: User, empty_redis: redis.Redis
) -> None:
    told: list[int] = []

    def listen(**_: Any) -> None:
        told.append(waiting(empty_redis))

    task = runs.make_task(alice)
    run_changed.connect(listen)
    try:
        start(task)
    finally:
        run_changed.disconnect(listen)
    assert told == [1]


def test_a_resumed_queue_is_woken(alice: User, empty_redis: redis.Redis) -> None:
    queue, _ = Queue.objects.get_or_create(name="default")
    queue = queues.queue_pause(queue=queue, actor="user:alice")
    runs.make_run(alice)
    assert waiting(empty_redis) == 0
    queues.queue_resume(queue=queue, actor="user:alice")
    assert waiting(empty_redis) == 1


@pytest.fixture
def nowhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Celery]:
    """A Celery app with the project's broker options whose broker is away."""
    app = Celery("nowhere", broker=f"redis+socket://{tmp_path}/none.sock", set_as_current=False)
    app.conf.broker_transport_options = settings.CELERY_BROKER_TRANSPORT_OPTIONS
    monkeypatch.setattr(dispatch, "current_app", app)
    yield app
    app.close()


def test_without_a_broker_nothing_fails_and_nobody_waits(alice: User, nowhere: Celery) -> None:
    began = time.monotonic()
    for _ in range(3):
        jobs.enqueue("http_request", PAYLOAD, owner=alice)
    assert time.monotonic() - began < 5
    assert TaskRun.objects.filter(status="queued").count() == 3
    assert dispatch.wake("default") == 0


def test_a_broker_that_is_away_is_left_alone_for_two_seconds(
    nowhere: Celery, monkeypatch: pytest.MonkeyPatch, empty_redis: redis.Redis
) -> None:
    assert dispatch.wake("default") == 0
    with monkeypatch.context() as back:
        back.setattr(dispatch, "current_app", Celery("back", broker="memory://", set_as_current=False))
        assert dispatch.wake("default") == 0
        back.setattr(dispatch, "_away_until", time.monotonic() - 0.001)
        assert dispatch.wake("default") == 1
