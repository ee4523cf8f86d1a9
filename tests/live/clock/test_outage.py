"""Every process stops for hours. When they come back, each slot has run or has its row, by the policy of its task."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import pairwise
from typing import Any
from uuid import UUID

import pytest

from tests.live import inside
from tests.live.clock import timeline
from tests.live.platform import Platform
from tests.live.story import Story
from tests.live.surroundings import eventually

pytestmark = [pytest.mark.live, pytest.mark.timeout(300)]

HOURLY = "0 7-11 * * *"
HALF_HOURLY = "*/30 7-11 * * *"
TASKS: dict[str, dict[str, Any]] = {
    "skip": {"cron": HOURLY, "misfire": {"policy": "skip"}},
    "latest": {"cron": HOURLY},
    "grace": {"cron": HOURLY, "misfire": {"policy": "skip", "grace_seconds": 5000}},
    "all": {"cron": HOURLY, "misfire": {"policy": "all"}, "seconds": 0.3},
    "newest two": {"cron": HALF_HOURLY, "misfire": {"policy": "all", "max": 2}},
    "of two hours": {"cron": HALF_HOURLY, "misfire": {"policy": "all", "window_seconds": 7200}},
    "side by side": {"cron": HOURLY, "misfire": {"policy": "all"}, "overlap": "allow"},
    "a hundred": {"cron": "1-59/3 7-11 * * *", "misfire": {"policy": "skip"}},
    "many": {"cron": "1-59 7-11 * * *", "misfire": {"policy": "skip"}},
    "three runs": {"cron": HOURLY, "misfire": {"policy": "all"}, "max_runs": 3},
    "until nine": {"cron": HOURLY, "ends_at": datetime(2026, 3, 10, 9, 30, tzinfo=UTC)},
    "once": {"run_at": datetime(2026, 3, 10, 9, 15, tzinfo=UTC)},
    "once or never": {"run_at": datetime(2026, 3, 10, 9, 15, tzinfo=UTC), "misfire": {"policy": "skip"}},
    "paused": {"cron": HOURLY, "misfire": {"policy": "all"}},
    "broken off": {"type": "probe.sleep", "seconds": 14, "cron": HOURLY},
}
ONLY_LATER = {"a hundred", "many", "once", "once or never", "paused"}


@dataclass(frozen=True)
class Outage:
    """The platform after the outage, its tasks by name, and runs that were to begin in it or later."""

    platform: Platform
    tasks: dict[str, UUID]
    delayed: UUID
    future: UUID

    def history(self, name: str, *expected: str) -> list[Story]:
        """Wait for the task's history to be this, and give it."""
        return timeline.until(self.platform, self.tasks[name], list(expected))

    def status(self, name: str) -> str:
        """Give the task's status."""
        return self.platform.do(inside.task_status, self.tasks[name])


@pytest.fixture(scope="module")
def after() -> Iterator[Outage]:
    """Stopped soon after 7:00, started again at 12:10; in between lie slots of every task."""
    with timeline.platform_at(at(6, 59)) as platform:
        tasks = {name: timeline.make(platform, name, **fields) for name, fields in TASKS.items()}
        platform.do(inside.pause, tasks["paused"])
        delayed = platform.run("probe.echo", run_at=at(9, 15))
        future = platform.run("probe.echo", run_at=at(13, 0))
        platform.clock.move_to(at(6, 59, 59))
        for name in TASKS.keys() - ONLY_LATER - {"broken off"}:
            timeline.until(platform, tasks[name], ["10 07:00 succeeded"])
        (broken_off,) = eventually(lambda: timeline.stories(platform, tasks["broken off"]))
        platform.running(broken_off.run_id)
        timeline.outage(platform, until=at(12, 10))
        yield Outage(platform, tasks, delayed, future)


def at(hour: int, minute: int, second: int = 0) -> datetime:
    """Give an instant of that day."""
    return datetime(2026, 3, 10, hour, minute, second, tzinfo=UTC)


def missed(*slots: str) -> list[str]:
    """Give the lines of skipped slots."""
    return [f"10 {slot} skipped/missed" for slot in slots]


def ran(*slots: str) -> list[str]:
    """Give the lines of slots that ran."""
    return [f"10 {slot} succeeded" for slot in slots]


def check_told(found: list[Story]) -> None:
    """Every handler was told the slot that it ran for, however late it was."""
    for story in found:
        if story.status == "succeeded":
            assert story.slot == story.scheduled_for
            assert story.result["scheduled_for"] == str(story.slot)


def check_one_by_one(found: list[Story]) -> None:
    """Each began when the one before had ended."""
    for before, after in pairwise(story for story in found if story.status == "succeeded"):
        assert before.finished_at is not None
        assert after.started_at is not None
        assert before.finished_at <= after.started_at


def test_skip_runs_nothing_and_writes_every_slot_down(after: Outage) -> None:
    check_told(after.history("skip", *ran("07:00"), *missed("08:00", "09:00", "10:00", "11:00")))


def test_latest_runs_the_newest_once(after: Outage) -> None:
    check_told(after.history("latest", *ran("07:00"), *missed("08:00", "09:00", "10:00"), *ran("11:00")))


def test_a_slot_within_its_grace_is_late_and_not_missed(after: Outage) -> None:
    check_told(after.history("grace", *ran("07:00"), *missed("08:00", "09:00", "10:00"), *ran("11:00")))


def test_all_runs_every_slot_oldest_first_and_one_by_one(after: Outage) -> None:
    found = after.history("all", *ran("07:00", "08:00", "09:00", "10:00", "11:00"))
    check_told(found)
    check_one_by_one(found)


def test_all_runs_the_newest_up_to_its_maximum(after: Outage) -> None:
    skipped = missed("07:30", "08:00", "08:30", "09:00", "09:30", "10:00", "10:30")
    found = after.history("newest two", *ran("07:00"), *skipped, *ran("11:00", "11:30"))
    check_told(found)
    check_one_by_one(found)


def test_all_goes_no_further_back_than_its_window(after: Outage) -> None:
    skipped = missed("07:30", "08:00", "08:30", "09:00", "09:30", "10:00")
    found = after.history("of two hours", *ran("07:00"), *skipped, *ran("10:30", "11:00", "11:30"))
    check_told(found)
    check_one_by_one(found)


def test_all_runs_side_by_side_where_that_is_allowed(after: Outage) -> None:
    check_told(after.history("side by side", *ran("07:00", "08:00", "09:00", "10:00", "11:00")))


def test_up_to_a_hundred_missed_slots_have_a_row_each(after: Outage) -> None:
    slots = [f"{hour:02}:{minute:02}" for hour in range(7, 12) for minute in range(1, 60, 3)]
    assert len(slots) == 100
    after.history("a hundred", *missed(*slots))


def test_more_than_a_hundred_missed_slots_are_one_row(after: Outage) -> None:
    (row,) = after.history("many", "10 07:01 - 10 11:59 (295) skipped/missed")
    assert row.slot is None


def test_what_was_skipped_uses_up_no_run_of_a_task_that_ends_after_some(after: Outage) -> None:
    check_told(after.history("three runs", *ran("07:00"), *missed("08:00", "09:00"), *ran("10:00", "11:00")))
    assert after.status("three runs") == "completed"


def test_a_window_that_closed_in_the_outage_bounds_what_is_made_up_for(after: Outage) -> None:
    check_told(after.history("until nine", *ran("07:00"), *missed("08:00"), *ran("09:00")))
    assert after.status("until nine") == "completed"


def test_a_one_time_task_runs_late_or_is_written_down(after: Outage) -> None:
    check_told(after.history("once", *ran("09:15")))
    after.history("once or never", *missed("09:15"))
    assert (after.status("once"), after.status("once or never")) == ("completed", "completed")


def test_a_pause_is_one_row_when_it_ends_and_brings_no_burst(after: Outage) -> None:
    after.history("paused")
    after.platform.do(inside.resume, after.tasks["paused"])
    after.history("paused", "10 07:00 - 10 11:00 (5) skipped/paused")


def test_the_newest_slot_waits_for_the_run_that_was_broken_off(after: Outage) -> None:
    found = after.history("broken off", *ran("07:00"), *missed("08:00", "09:00", "10:00"), *ran("11:00"))
    assert "queued/handed_back" in found[0].path
    check_one_by_one(found)


def test_a_delayed_run_of_the_outage_runs_and_one_of_later_does_not(after: Outage) -> None:
    assert after.platform.ended(after.delayed).result["scheduled_for"] == str(at(9, 15))
    assert after.platform.story(after.future).path == ["scheduled/delayed"]


def test_nothing_else_has_run(after: Outage) -> None:
    known = {*after.tasks.values(), None}
    assert {story.task_id for story in after.platform.do(inside.stories)} <= known
