"""Groups of short runs under faults: only the run that had begun is charged, none is lost or waits for a slow one."""

from uuid import UUID

import pytest

from tests.live import inside
from tests.live.platform import Platform
from tests.live.story import Story

pytestmark = pytest.mark.live

COUNT = 20


def group(platform: Platform, *, odd: int, message: str = "", seconds: float = 0) -> list[UUID]:
    """Make runs that go into one group; one of them is odd."""
    payloads = [
        platform.probe(message=message, seconds=seconds) if number == odd else platform.probe()
        for number in range(COUNT)
    ]
    return platform.do(inside.enqueue_many, "probe.short", payloads)


def charged(stories: list[Story]) -> dict[int, tuple[int, int]]:
    """Give failures and crashes of the runs that have any, by their place."""
    counts = {place: (story.failures, story.crashes) for place, story in enumerate(stories)}
    return {place: count for place, count in counts.items() if count != (0, 0)}


def test_runs_of_a_group_run_once_each(platform: Platform) -> None:
    """One child is at other work, and the other has seen none of them take long, so that it takes them all at once."""
    for known in platform.living("worker"):
        known.stop()
    platform.wait_until_ready(platform.start("worker"))
    other = platform.run("probe.sleep", seconds=30)
    platform.running(other)
    runs = group(platform, odd=-1)
    stories = [platform.ended(run) for run in runs]
    assert {tuple(story.path) for story in stories} == {("queued/due", "running", "succeeded")}
    assert [len(platform.ledger.of(run, "end")) for run in runs] == [1] * COUNT
    assert all(story.started_at and story.finished_at and story.started_at <= story.finished_at for story in stories)
    claims = {event.at for story in stories for event in story.moves if event.target == "running"}
    platform.do(inside.cancel, other)
    assert len(claims) == 1, "together"


def test_a_run_that_kills_its_process_once_is_charged_and_its_group_is_not(platform: Platform) -> None:
    stories = [platform.ended(run) for run in group(platform, odd=7, message="die once")]
    assert {story.status for story in stories} == {"succeeded"}
    assert charged(stories) == {7: (0, 1)}
    assert stories[7].path == ["queued/due", "running", "queued/rescued", "running", "succeeded"]


def test_poison_in_a_group_ends_after_three_crashes_alone(platform: Platform) -> None:
    stories = [platform.ended(run) for run in group(platform, odd=3, message="die")]
    assert stories[3].ending == ("failed", "worker_lost")
    assert [story.status for place, story in enumerate(stories) if place != 3] == ["succeeded"] * (COUNT - 1)
    assert charged(stories) == {3: (0, 3)}


def test_a_run_that_takes_the_whole_worker_along_is_found_out(platform: Platform) -> None:
    """Nobody is left who could say which run had begun, so none is charged; one by one they are run again."""
    runs = group(platform, odd=5, message="take the worker along")
    platform["worker"].wait()
    platform.start("worker")
    stories = [platform.ended(run, 60) for run in runs]
    assert {story.status for story in stories} == {"succeeded"}
    assert charged(stories) == {}


def test_a_failure_in_a_group_is_retried_by_itself(platform: Platform) -> None:
    stories = [platform.ended(run) for run in group(platform, odd=2, message="fail")]
    assert stories[2].ending == ("failed", "handler_error")
    assert charged(stories) == {2: (4, 0)}
    assert [story.status for place, story in enumerate(stories) if place != 2] == ["succeeded"] * (COUNT - 1)


def test_nobody_waits_for_a_slow_run_of_the_group(platform: Platform) -> None:
    """It lasts longer than the lease, which is kept for it; those behind it are given to the other child meanwhile."""
    runs = group(platform, odd=4, seconds=12)
    slow = platform.running(runs[4])
    others = [platform.ended(run) for place, run in enumerate(runs) if place != 4]
    assert platform.story(runs[4]).status == "running", "the others have not waited"
    assert {story.status for story in others} == {"succeeded"}
    noted = platform.until(runs[4], lambda story: story.started_at is not None)
    story = platform.ended(runs[4])
    assert story.path == ["queued/due", "running", "succeeded"]
    assert story.started_at == noted.started_at
    assert slow.claim_no == story.claim_no == 1


def test_a_slow_run_of_a_group_can_be_cancelled(platform: Platform) -> None:
    runs = group(platform, odd=0, seconds=20)
    platform.running(runs[0])
    platform.do(inside.cancel, runs[0])
    assert platform.ended(runs[0]).ending == ("cancelled", "user")
    assert {platform.ended(run).status for run in runs[1:]} == {"succeeded"}


def test_a_deployment_gives_the_rest_of_a_group_back(platform: Platform) -> None:
    runs = group(platform, odd=1, seconds=6)
    platform.running(runs[1])
    platform["worker"].stop()
    platform.start("worker")
    stories = [platform.ended(run) for run in runs]
    assert {story.status for story in stories} == {"succeeded"}
    assert charged(stories) == {}
