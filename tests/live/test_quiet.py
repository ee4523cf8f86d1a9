"""Quiet, take work again and stop, asked of real workers through the database."""

import os
import signal
from collections.abc import Iterator

import pytest
from django.conf import settings

from tests.live import inside
from tests.live.platform import Platform, running_platform
from tests.live.process import Process
from tests.live.surroundings import eventually

pytestmark = [pytest.mark.live, pytest.mark.slow]
# Upkeep posts wake-ups while runs wait; so seldom, only those of the runs themselves can be why a run is taken.
SELDOM = {"UPKEEP_SECONDS": "60", "STOP_GRACE_SECONDS": "20", "WORKER_CONCURRENCY": "1", "LEASE_SECONDS": "30"}


@pytest.fixture(scope="module")
def shared() -> Iterator[Platform]:
    """Two workers of one child each."""
    with running_platform("redis", "worker", "worker", **SELDOM) as platform:
        yield platform


@pytest.fixture
def platform(shared: Platform) -> Platform:
    """Two workers that take work, before each test and after it."""
    missing = [kind for kind in ["redis"] if not shared.living(kind)]
    missing += ["worker"] * (2 - len(shared.living("worker")))
    if missing:
        shared.wait_until_ready(*[shared.start(kind) for kind in missing])
    for worker in shared.living("worker"):
        hush(shared, worker, "")
    return shared


def name_of(platform: Platform, worker: Process) -> str:
    """Give the name under which a worker reports itself."""
    return eventually(lambda: platform.do(inside.live_workers).get(worker.pid, ""), what=f"{worker.title} reports")


def hush(platform: Platform, worker: Process, wish: str = "quiet") -> None:
    """Ask, and wait until it is obeyed."""
    name = name_of(platform, worker)
    platform.do(inside.worker_ask, name, wish)
    eventually(lambda: platform.do(inside.worker_names)[name] is (wish == "quiet"), what=f"{name} obeys")


def test_a_quiet_worker_ends_what_it_has_and_takes_nothing_more(platform: Platform) -> None:
    first, second = platform.living("worker")
    hush(platform, second)
    held = platform.run("probe.sleep", seconds=8)
    assert platform.running(held).worker == name_of(platform, first)
    hush(platform, first)
    left = platform.run("probe.echo")
    assert platform.ended(held).status == "succeeded"
    assert platform.story(held).path == ["queued/due", "running", "succeeded"]
    assert platform.story(left).path == ["queued/due"]
    with platform.redis() as redis:
        lengths = {redis.llen(f"{settings.REDIS_PREFIX}default") for _ in range(500)}
    assert lengths == {1}, "the wake-up stays where it is, and does not go round between Redis and those who leave it"
    hush(platform, second, "")
    assert platform.ended(left).status == "succeeded", "its wake-up was kept for whoever takes work again"
    assert platform.story(left).worker == name_of(platform, second)


def test_no_wake_up_is_lost_to_a_quiet_worker(platform: Platform) -> None:
    first, second = platform.living("worker")
    hush(platform, first)
    for _ in range(20):
        ended = platform.ended(platform.run("probe.echo"))
        assert ended.worker == name_of(platform, second)


def test_a_worker_stops_in_good_order_when_it_is_asked_to(platform: Platform) -> None:
    first, second = platform.living("worker")
    hush(platform, second)
    held = platform.run("probe.sleep", seconds=5)
    platform.running(held)
    name = name_of(platform, first)
    platform.do(inside.worker_ask, name, "stop")
    eventually(lambda: not first.is_alive, what="it has ended")
    assert name not in platform.do(inside.worker_names), "it has said goodbye"
    hush(platform, second, "")
    story = platform.ended(held)
    assert (story.status, story.failures, story.crashes) == ("succeeded", 0, 0)


def test_a_wish_is_not_inherited_by_the_next_of_the_name(platform: Platform) -> None:
    worker = platform.living("worker")[0]
    name = name_of(platform, worker)
    hush(platform, worker)
    os.kill(worker.pid, signal.SIGTERM)
    eventually(lambda: not worker.is_alive, what="it has ended")
    anew = platform.start("worker", WORKER_NAME=name)
    platform.wait_until_ready(anew)
    eventually(lambda: name in platform.do(inside.worker_names))
    assert (platform.do(inside.worker_names)[name], platform.do(inside.worker_wish, name)) == (False, "")


def test_a_stop_is_heard_while_redis_is_away(platform: Platform) -> None:
    worker = platform.living("worker")[0]
    name = name_of(platform, worker)
    platform["redis"].kill()
    platform.do(inside.worker_ask, name, "stop")
    eventually(lambda: not worker.is_alive, what="it has ended")
