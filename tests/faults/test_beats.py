"""Any number of beats, even none: each slot becomes one run."""

import contextlib
import itertools
import signal

import pytest

from tests.live import inside
from tests.live.database import connect
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


@pytest.mark.postgres
def test_a_beat_that_is_told_twice_to_stop_in_the_middle_of_a_statement_stops(platform: Platform) -> None:
    beat = platform["beat"]
    waiting = "SELECT 1 FROM pg_locks WHERE NOT granted AND relation = 'tasks_app_beat'::regclass"
    with contextlib.closing(connect(platform.environment["DATABASE_URL"])) as other:
        other.execute("LOCK TABLE tasks_app_beat IN EXCLUSIVE MODE")
        eventually(lambda: other.execute(waiting).fetchone(), what="beat waits for its row")
        for number in (signal.SIGINT, signal.SIGTERM):  # a terminal's, and then a supervisor's
            beat.send(number)
            other.execute("SELECT pg_sleep(0.3)")  # a waiting psycopg looks for signals every 0.1 s
        other.rollback()
    assert beat.wait() == 0
    assert platform.do(inside.live_beats) == []


def every_slot(platform: Platform, task: object, count: int) -> list[Story]:
    """Wait for the task's first runs to end; each second has one, none is left out, none comes twice."""
    found: list[Story] = []

    def are_there() -> bool:
        found[:] = platform.do(inside.stories, task_id=task)
        return sum(story.is_final for story in found) >= count

    eventually(are_there, what=f"{count} runs of the task")
    slots = sorted(story.slot for story in found if story.slot)
    assert len(slots) == len(found) == len(set(slots))
    gaps = {later - earlier for earlier, later in itertools.pairwise(slots)}
    assert len(gaps) == 1
    return found
