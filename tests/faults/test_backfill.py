"""Backfills with real workers: each slot once, never too many at a time, and nothing lost with a worker."""

from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest

from tests.live import inside
from tests.live.platform import Platform
from tests.live.story import Story
from tests.live.surroundings import eventually

pytestmark = pytest.mark.live

START = datetime(2025, 11, 3, 9, 0, tzinfo=UTC)
HOUR = timedelta(hours=1)


def backfilled(platform: Platform, name: str, type: str, count: int, seconds: float = 0) -> tuple[UUID, UUID]:
    """Make a task for every full hour and run some of its slots of long ago, two at a time; gives task and batch."""
    task = platform.do(inside.task, name, type, platform.probe(seconds=seconds), cron="0 * * * *", overlap="allow")
    end = START + (count - 1) * HOUR
    return task, platform.do(inside.backfill, task, START, end, max_concurrency=2)


def runs_of(platform: Platform, batch: UUID) -> list[Story]:
    eventually(lambda: platform.do(inside.batch_ended, batch), 60, "the batch has ended")
    return platform.do(inside.stories, batch=batch)


def most_at_once(stories: list[Story]) -> int:
    """How many ran at the same time, at most."""
    spans = [(one.started_at, one.finished_at) for one in stories if one.started_at and one.finished_at]
    return max(sum(start <= at < end for start, end in spans) for at, _ in spans)


def test_every_slot_is_run_oldest_first_and_its_handler_is_told_it(platform: Platform) -> None:
    _, batch = backfilled(platform, "echoes", "probe.echo", 5)
    stories = runs_of(platform, batch)
    assert [story.status for story in stories] == ["succeeded"] * 5
    assert [story.scheduled_for for story in stories] == [START + number * HOUR for number in range(5)]
    assert [story.result["scheduled_for"] for story in stories] == [str(story.scheduled_for) for story in stories]
    assert {(story.trigger, story.slot) for story in stories} == {("backfill", None)}
    assert [story.path[0] for story in stories] == ["queued/due"] * 2 + ["waiting"] * 3


def test_no_more_are_under_way_than_allowed(platform: Platform) -> None:
    platform.wait_until_ready(platform.start("worker"))  # four children, for two at a time
    _, batch = backfilled(platform, "sleepers", "probe.sleep", 6, seconds=2)
    assert most_at_once(runs_of(platform, batch)) == 2


def test_a_worker_that_dies_with_a_backfill_in_its_hands_loses_none_of_it(platform: Platform) -> None:
    task, batch = backfilled(platform, "survivors", "probe.sleep", 8, seconds=0.3)
    for ended in (1, 4):  # twice: a run that was under way each time would end at a third
        eventually(lambda count=ended: _ended(platform, task) >= count, 60, f"{ended} have ended")  # type: ignore[misc]
        platform["worker"].kill()  # perhaps between the end of a run and the turn of the next
        platform.wait_until_ready(platform.start("worker"))
    stories = runs_of(platform, batch)
    assert [story.ending for story in stories] == [("succeeded", "")] * 8
    assert len({story.scheduled_for for story in stories}) == 8


def _ended(platform: Platform, task: UUID) -> int:
    runs = {story.run_id for story in platform.do(inside.stories, task_id=task)}
    return sum(entry.word == "end" and entry.run_id in runs for entry in platform.ledger.entries())


def test_the_end_of_the_task_ends_its_backfill(platform: Platform) -> None:
    task, batch = backfilled(platform, "cut short", "probe.sleep", 6, seconds=4)
    eventually(lambda: _ended(platform, task) >= 1, what="one has ended")
    platform.do(inside.task_cancel, task)
    statuses = [story.status for story in runs_of(platform, batch)]
    assert set(statuses) == {"succeeded", "cancelled"}
    assert statuses[-1] == "cancelled"
