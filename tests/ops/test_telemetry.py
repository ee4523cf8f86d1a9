"""Celery events for runs: made while somebody listens."""

import threading
import time
from collections.abc import Iterator
from typing import Any

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


class Listener:
    """Listens as Flower does, with one subscription for as long as it lives."""

    def __init__(self) -> None:
        self.types: list[str] = []
        self.has_begun = threading.Event()

    def hear(self, event: dict[str, Any]) -> None:
        self.types.append(event["type"])
        if "task-started" in self.types:
            self.has_begun.set()


@pytest.fixture
def listener(empty_redis: redis.Redis) -> Iterator[Listener]:
    """Give somebody who listens."""
    listener = Listener()
    with current_app.connection() as connection:
        receiver = current_app.events.Receiver(connection, handlers={"*": listener.hear})
        thread = threading.Thread(target=receiver.capture, kwargs={"limit": None, "timeout": None, "wakeup": False})
        thread.start()
        yield listener
        receiver.should_stop = True
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


def test_who_begins_to_listen_hears_of_the_next_runs(listener: Listener, alice: User) -> None:
    run = runs.make_run(alice)
    telemetry = Telemetry("w")
    deadline = time.monotonic() + DEADLINE_SECONDS
    while not listener.has_begun.wait(0.05):
        assert time.monotonic() < deadline
        telemetry.started(run)
    assert set(listener.types) >= {"task-received", "task-started"}
