"""Which run a child takes next, and which it must leave."""

import itertools
from uuid import UUID

import pytest

from tests.live import inside
from tests.live.platform import Platform
from tests.live.story import Story

pytestmark = pytest.mark.live


def test_a_paused_queue_keeps_its_runs_and_no_others(platform: Platform) -> None:
    platform.do(inside.queue_pause, "default")
    try:
        kept = [platform.run("probe.echo") for _ in range(3)]
        for _ in range(2):  # both children look for work, twice
            urgent = [platform.run("probe.sleep", seconds=0.2, queue="critical") for _ in range(2)]
            assert [story.status for story in stories_of(platform, urgent)] == ["succeeded"] * 2
        assert [platform.story(run).status for run in kept] == ["queued"] * 3
    finally:
        platform.do(inside.queue_resume, "default")
    assert [story.status for story in stories_of(platform, kept)] == ["succeeded"] * 3


def test_background_work_never_takes_the_last_free_child(platform: Platform) -> None:
    background = [platform.run("probe.sleep", seconds=2, queue="low-priority") for _ in range(4)]
    platform.running(background[0])
    urgent = platform.ended(platform.run("probe.echo"))
    stories = stories_of(platform, background)
    last = max(story.started_at for story in stories if story.started_at)
    assert urgent.started_at is not None
    assert urgent.started_at < last, "it did not have to wait for them"
    assert overlapping(stories) == []


def test_more_urgent_queues_and_priorities_go_first(platform: Platform) -> None:
    blockers = [platform.run("probe.sleep", seconds=60) for _ in range(2)]
    for run in blockers:
        platform.running(run)
    last = [platform.run("probe.sleep", seconds=0.1, priority=1) for _ in range(6)]
    first = [platform.run("probe.sleep", seconds=0.1, priority=9) for _ in range(6)]
    for run in blockers:
        platform.do(inside.cancel, run)
    starts = {story.run_id: story.started_at for story in stories_of(platform, [*last, *first])}
    by_start = sorted(starts, key=lambda run: str(starts[run]))
    # The last of the first and the first of the last are claimed by two children, who may begin in any order.
    assert len({*by_start[: len(first)]} - {*first}) <= 1


def stories_of(platform: Platform, runs: list[UUID]) -> list[Story]:
    return [platform.ended(run) for run in runs]


def overlapping(stories: list[Story]) -> list[tuple[Story, Story]]:
    """Give the pairs of runs that ran at the same time."""
    return [
        (one, other)
        for one, other in itertools.combinations(stories, 2)
        if one.started_at and other.started_at and one.finished_at and other.finished_at
        if one.started_at < other.finished_at and other.started_at < one.finished_at
    ]
