"""Redis loses everything, or goes away: nothing is lost, because it held only wake-ups."""

import pytest

from tests.live import inside
from tests.live.platform import Platform
from tests.live.surroundings import eventually

pytestmark = pytest.mark.live


def test_an_emptied_redis_loses_no_work(platform: Platform) -> None:
    runs = [platform.run("probe.sleep", seconds=1) for _ in range(2)]
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
    running = platform.run("probe.sleep", seconds=2)
    platform.running(running)
    platform["redis"].kill()
    made_meanwhile = [platform.run("probe.echo") for _ in range(3)]
    assert platform.ended(running).path == ["queued/due", "running", "succeeded"], "a run needs no Redis to end"
    platform.start("redis")
    stories = [platform.ended(run, 40) for run in made_meanwhile]
    assert [story.status for story in stories] == ["succeeded"] * 3
    assert all(story.claim_no == 1 for story in stories)
    eventually(lambda: platform["worker"].pid in platform.do(inside.live_workers), what="the worker reports again")
