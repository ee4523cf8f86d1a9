"""Sending a hint never costs the sender more than a moment, and never raises."""

import os
import tempfile
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
import redis
from pytest_django import Settings

from notifications import publisher
from notifications.messages import Hint, TaskUpdated
from notifications.publisher import Publisher
from tests.realtime.server import Server

HINT = Hint(
    owner_id=1,
    frame=TaskUpdated(
        task_id=None,
        run_id="6f1c8a52-0000-7000-8000-000000000001",
        status="running",
        reason="",
        version=2,
        seq=0,
        progress=None,
        message="",
        at=datetime(2030, 1, 1, tzinfo=UTC),
    ),
)


def _pubsub(client: Any) -> Any:
    """Listen; redis-py has no types for it."""
    return client.pubsub(ignore_subscribe_messages=True)


@pytest.fixture
def listener(empty_redis: redis.Redis) -> Iterator[redis.client.PubSub]:
    with _pubsub(empty_redis) as heard:
        heard.subscribe(publisher.channel())
        heard.get_message(timeout=5)
        yield heard


def take(heard: redis.client.PubSub) -> Hint:
    message = heard.get_message(timeout=5)
    assert message is not None
    return Hint.decode(message["data"])


def test_a_hint_arrives_as_it_was_sent(listener: redis.client.PubSub) -> None:
    sender = Publisher()
    assert sender.publish(HINT)
    assert take(listener) == HINT
    assert (sender.counts.sent, sender.counts.dropped) == (1, 0)


def test_hints_that_come_together_are_one_message(listener: redis.client.PubSub) -> None:
    sender = Publisher()
    assert sender.publish(HINT, HINT, HINT)
    message = listener.get_message(timeout=5)
    assert message is not None
    assert [Hint.decode(line) for line in message["data"].split(b"\n")] == [HINT] * 3
    assert (sender.counts.sent, sender.counts.dropped) == (3, 0)


def test_a_connection_that_has_died_is_made_anew_without_a_loss(
    listener: redis.client.PubSub, empty_redis: redis.Redis
) -> None:
    sender = Publisher()
    sender.publish(HINT)
    take(listener)
    empty_redis.client_kill_filter(_type="normal", skipme=True)
    assert sender.publish(HINT)
    assert take(listener) == HINT


def test_while_redis_is_away_hints_are_dropped_and_counted(settings: Settings, tmp_path: Path) -> None:
    settings.REDIS_URL = f"unix://{tmp_path}/nobody.sock"
    sender = Publisher()
    assert [sender.publish(HINT) for _ in range(3)] == [False, False, False]
    assert (sender.counts.sent, sender.counts.dropped) == (0, 3)


def test_after_the_back_off_hints_are_sent_again(listener: redis.client.PubSub, settings: Settings) -> None:
    sender, url = Publisher(), settings.REDIS_URL
    settings.REDIS_URL = "unix:///nowhere/redis.sock"
    assert not sender.publish(HINT)
    settings.REDIS_URL = url
    assert not sender.publish(HINT), "it must not try again at once"
    sender._away_until = 0.0
    sender._client = None
    assert sender.publish(HINT)
    assert take(listener) == HINT


def test_a_redis_that_hangs_costs_less_than_half_a_second_and_only_once(settings: Settings) -> None:
    with tempfile.TemporaryDirectory(prefix="c-", dir="/tmp") as directory:
        server = Server(Path(directory))
        settings.REDIS_URL = server.url
        server.start()
        try:
            sender = Publisher()
            assert sender.publish(HINT)
            server.freeze()
            began_at = time.monotonic()
            assert not sender.publish(HINT)
            assert time.monotonic() - began_at < 0.5
            began_at = time.monotonic()
            assert not any(sender.publish(HINT) for _ in range(1000))
            assert time.monotonic() - began_at < 0.2
        finally:
            server.stop()


def test_a_forked_child_sends_on_a_connection_of_its_own(
    listener: redis.client.PubSub, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(publisher, "_publisher", Publisher())
    assert publisher.publish(HINT)
    take(listener)
    parents = publisher._publisher._client.connection_pool
    reads, writes = os.pipe()
    child = os.fork()
    if child == 0:
        try:
            sent = publisher.publish(HINT)
            is_own = publisher._publisher._client.connection_pool is not parents and publisher.counts().sent == 1
            os.write(writes, b"yes" if sent and is_own else b"no")
        finally:
            os._exit(0)
    os.close(writes)
    os.waitpid(child, 0)
    with os.fdopen(reads, "rb") as answer:
        assert answer.read() == b"yes"
    assert take(listener) == HINT
    assert publisher.publish(HINT), "the parent's connection is as it was"
    assert take(listener) == HINT
