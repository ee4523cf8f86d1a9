"""Redis loses everything, hangs, or goes away: nothing is lost, because it held only wake-ups."""

import os
import signal

import pytest

from tests.live import inside
from tests.live.platform import Platform
from tests.live.surroundings import eventually

pytestmark = pytest.mark.live


def test_an_emptied_redis_loses_no_work(platform: Platform) -> None:
    runs = [platform.run("probe.sleep", seconds=3) for _ in range(2)]
    for run in runs:
        platform.running(run)
    waiting = [platform.run("probe.echo") for _ in range(5)]
    later = platform.run("probe.echo", delay=1)
    with platform.redis() as client:
        client.flushall()
    stories = [platform.ended(run) for run in [*runs, *waiting, later]]
    assert [story.status for story in stories] == ["succeeded"] * 8
    assert all(story.claim_no == 1 for story in stories)


def test_work_goes_on_when_redis_dies_and_comes_back(platform: Platform) -> None:
    running = platform.run("probe.sleep", seconds=5)
    platform.running(running)
    platform["redis"].kill()
    made_meanwhile = [platform.run("probe.echo") for _ in range(3)]
    assert platform.ended(running).path == ["queued/due", "running", "succeeded"], "a run needs no Redis to end"
    platform.start("redis")
    stories = [platform.ended(run) for run in made_meanwhile]
    assert [story.status for story in stories] == ["succeeded"] * 3
    assert all(story.claim_no == 1 for story in stories)
    eventually(lambda: platform["worker"].pid in platform.do(inside.live_workers), what="the worker reports again")


def test_who_dies_while_redis_is_away_is_seen_before_it_is_back(platform: Platform) -> None:
    watching = platform["worker"]
    lost = [platform.run("probe.sleep", seconds=60) for _ in range(2)]  # both children of the one that watches
    for run in lost:
        platform.running(run)
    second = platform.start("worker")
    platform.wait_until_ready(second)
    elsewhere = platform.run("probe.sleep", seconds=60)
    platform.running(elsewhere)
    platform["redis"].kill()
    for run in lost:
        os.kill(platform.ledger.of(run, "start")[0].pid, signal.SIGKILL)
    second.kill()
    for run in (*lost, elsewhere):
        platform.until(run, lambda story: story.path == ["queued/due", "running", "queued/rescued"], 10)
    assert list(platform.do(inside.live_workers)) == [watching.pid], "and says so, as long as it lasts"
    for run in (*lost, elsewhere):
        platform.do(inside.cancel, run)
    platform.start("redis")
    assert platform.ended(platform.run("probe.echo"), 40).status == "succeeded", "the children are replaced"


def test_a_redis_that_hangs_holds_nobody_up(platform: Platform) -> None:
    platform["worker"].kill()
    platform.wait_until_ready(platform.start("worker"))  # one that has not learnt yet to be silent: it tells of its run
    running = platform.run("probe.sleep", seconds=20)
    platform.running(running)
    platform["redis"].send(signal.SIGSTOP)
    try:
        made_meanwhile = [platform.run("probe.echo") for _ in range(3)]
        assert platform.story(running).status == "running", "runs are made in less time than this one takes"
        assert platform.ended(running).path == ["queued/due", "running", "succeeded"]
    finally:
        platform["redis"].send(signal.SIGCONT)
    stories = [platform.ended(run) for run in made_meanwhile]
    assert [story.status for story in stories] == ["succeeded"] * 3


def test_spare_wake_ups_do_nothing(platform: Platform) -> None:
    platform.do(inside.wake, "default", 20)
    runs = [platform.run("probe.echo") for _ in range(5)]
    platform.do(inside.wake, "default", 20)
    platform.do(inside.wake, "no-such-queue", 1)
    stories = [platform.ended(run) for run in runs]
    assert [(story.status, story.claim_no) for story in stories] == [("succeeded", 1)] * 5
    assert [len(platform.ledger.of(run, "start")) for run in runs] == [1] * 5
