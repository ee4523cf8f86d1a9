"""Celery events for runs: made while somebody listens."""

import threading
import time
from collections.abc import Iterator

import pytest
import redis
from celery import current_app
from django.contrib.auth.models import User

from tasks_app.services.execution import telemetry as telemetry_module
from tasks_app.services.execution.telemetry import Telemetry
from tests import runs

pytestmark = pytest.mark.django_db

DEADLINE_SECONDS = 30


def published(client: redis.Redis) -> int:
    """Count the messages that were ever published."""
    stats: dict[str, dict[str, int]] = client.info("commandstats")
    return stats.get("cmdstat_publish", {}).get("calls", 0)


@pytest.fixture
def heard(empty_redis: redis.Redis) -> Iterator[list[str]]:
    """Listen as Flower does; gives the types of what was heard."""
    types: list[str] = []
    over = threading.Event()

    def listen() -> None:
        with current_app.connection() as connection:
            receiver = current_app.events.Receiver(
                connection, handlers={"*": lambda event: types.append(event["type"])}
            )
            while not over.is_set():
                try:
                    receiver.capture(limit=1, timeout=0.2)
                except TimeoutError:
                    continue

    thread = threading.Thread(target=listen)
    thread.start()
    yield types
    over.set()
    thread.join()


def test_nothing_is_made_for_nobody(empty_redis: redis.Redis, alice: User, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(telemetry_module, "_UNHEARD_SECONDS", 3600.0)
    run = runs.make_run(alice)
    telemetry = Telemetry("w")
    before = published(empty_redis)
    telemetry.started(run)
    assert published(empty_redis) == before + 1, "it must ask whether somebody listens"
    telemetry.started(run)
    assert published(empty_redis) == before + 1


def test_who_begins_to_listen_hears_of_the_next_runs(heard: list[str], alice: User) -> None:
    run = runs.make_run(alice)
    telemetry = Telemetry("w")
    deadline = time.monotonic() + DEADLINE_SECONDS
    while "task-received" not in heard:
        assert time.monotonic() < deadline
        telemetry.started(run)
    assert set(heard) >= {"task-received", "task-started"}
