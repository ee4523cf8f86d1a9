"""Any number of beats, even none: each slot becomes one run."""

import itertools

import pytest

from tests.live import inside
from tests.live.platform import Platform
from tests.live.story import Story
from tests.live.surroundings import eventually

pytestmark = pytest.mark.live


def test_two_beats_at_once_make_one_run_of_each_slot(platform: Platform) -> None:
    platform.wait_until_ready(platform.start("beat"))
    tasks = [
        platform.do(
            inside.task,
            f"tick {number}",
            "probe.echo",
            platform.probe(),
            schedule={"kind": "every", "seconds": 1},
            overlap="allow",
            max_runs=6,
        )
        for number in range(3)
    ]
    beats = {story.events[0].actor for task in tasks for story in every_slot(platform, task, 3)}
    assert all(beat.startswith("beat:") for beat in beats)
    platform.living("beat")[0].kill()
    for task in tasks:
        stories = every_slot(platform, task, 6)
        assert [story.status for story in stories] == ["succeeded"] * 6


def test_workers_make_runs_of_slots_while_no_beat_runs(platform: Platform) -> None:
    platform["beat"].kill()
    task = platform.do(
        inside.task,
        "tick without beat",
        "probe.echo",
        platform.probe(),
        schedule={"kind": "every", "seconds": 2},
        overlap="allow",
        max_runs=2,
    )
    delayed = platform.run("probe.echo", delay=0.5)
    stories = every_slot(platform, task, 2)
    assert all(story.events[0].actor.startswith("upkeep:") for story in stories)
    assert platform.ended(delayed).status == "succeeded"


def every_slot(platform: Platform, task: object, count: int) -> list[Story]:
    """Wait for the task's first runs to end; each second has one, none is left out, none comes twice."""
    found: list[Story] = []

    def are_there() -> bool:
        found[:] = platform.do(inside.stories, task_id=task)
        return sum(story.is_final for story in found) >= count

    eventually(are_there, 30, f"{count} runs of the task")
    slots = sorted(story.slot for story in found if story.slot)
    assert len(slots) == len(found) == len(set(slots))
    gaps = {later - earlier for earlier, later in itertools.pairwise(slots)}
    assert len(gaps) == 1
    return found
