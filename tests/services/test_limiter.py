"""Rate limits: so many at once, then one after the other, for all processes together."""

import time
from concurrent.futures import ThreadPoolExecutor

import pytest
import redis
from pytest_django import Settings

from tasks_app.services.limiter import Limit, LimiterAway, TooMany

THREE = Limit("three", most=3, seconds=3600)


def test_so_many_pass_and_the_next_is_told_when(empty_redis: redis.Redis) -> None:
    for _ in range(3):
        THREE.take("alice", "no")
    with pytest.raises(TooMany) as refused:
        THREE.take("alice", "Three are enough.")
    assert str(refused.value) == "Three are enough."
    assert 1100 < refused.value.retry_after <= 1201
    THREE.take("bob", "no")


def test_room_comes_back_with_time(empty_redis: redis.Redis) -> None:
    quick = Limit("quick", most=1, seconds=0.05)
    quick.take("alice", "no")
    deadline = time.monotonic() + 30
    while quick.wait("alice"):
        assert time.monotonic() < deadline


def test_a_cost_beyond_the_room_takes_nothing(empty_redis: redis.Redis) -> None:
    THREE.take("alice", "no", cost=2)
    assert THREE.wait("alice", cost=2) > 0
    THREE.take("alice", "no", cost=1)
    assert THREE.wait("alice", cost=1) > 0


def test_a_look_counts_nothing(empty_redis: redis.Redis) -> None:
    for _ in range(10):
        assert THREE.wait("alice", cost=0) == 0
    for _ in range(3):
        THREE.take("alice", "no")
    assert THREE.wait("alice", cost=0) > 0


def test_what_is_forgotten_counts_no_more(empty_redis: redis.Redis) -> None:
    for _ in range(3):
        THREE.take("alice", "no")
    THREE.forget("alice")
    THREE.take("alice", "no")


def test_many_at_once_never_get_more_than_there_is(empty_redis: redis.Redis) -> None:
    limit = Limit("crowd", most=20, seconds=3600)
    with ThreadPoolExecutor(16) as pool:
        waits = list(pool.map(lambda _: limit.wait("all"), range(200)))
    assert waits.count(0) == 20


def test_without_redis_it_is_open_or_closed_as_said(settings: Settings) -> None:
    settings.REDIS_URL = "redis://127.0.0.1:1/0"
    assert THREE.wait("alice") == 0
    closed = Limit("closed", most=3, seconds=60, fails_closed=True)
    with pytest.raises(LimiterAway):
        closed.take("alice", "no")
    closed.forget("alice")


def test_what_is_given_back_can_be_taken_again(empty_redis: redis.Redis) -> None:
    THREE.give_back("alice")
    for _ in range(3):
        THREE.take("alice", "no")
    THREE.give_back("alice")
    THREE.take("alice", "no")
    assert THREE.wait("alice", cost=0) > 0
