"""Tasks that are changed in the moment in which they are due, and a machine that wakes up hours later."""

from datetime import UTC, datetime, timedelta

import pytest

from tests.live import inside
from tests.live.clock import timeline
from tests.live.platform import Platform
from tests.live.surroundings import eventually

pytestmark = [pytest.mark.live, pytest.mark.timeout(300)]

TASKS = 12


@pytest.fixture
def eight(platform: Platform, year: int) -> datetime:
    """Eight o'clock on a day in May; it is ten to eight."""
    eight = datetime(year, 5, 4, 8, tzinfo=UTC)
    platform.clock.move_to(eight - timedelta(minutes=10))
    return eight


def test_an_edit_while_a_slot_is_due_loses_nothing_and_fires_nothing_else(platform: Platform, eight: datetime) -> None:
    """Beat and a dozen edits race for the slot of eight o'clock; the new schedule begins at nine."""
    tasks = [timeline.make(platform, f"task {number}", cron="0 8 * * *") for number in range(TASKS)]
    platform.clock.move_to(eight)
    for task in tasks:
        platform.do(inside.edit, task, cron="0 9 * * *")
    for task in tasks:
        (story,) = timeline.until(platform, task, ["04 08:00 succeeded"])
        assert story.result["scheduled_for"] == str(eight)
        assert platform.do(inside.next_slot, task) == eight + timedelta(hours=1)
    platform.clock.move_to(eight + timedelta(hours=1))
    for task in tasks:
        timeline.until(platform, task, ["04 08:00 succeeded", "04 09:00 succeeded"])


def test_what_is_changed_while_no_beat_runs_keeps_its_due_slots(platform: Platform, eight: datetime) -> None:
    """Every process but the one that edits is down when the slots come, and stays so for an hour and a half."""
    edited, cancelled, paused = (timeline.make(platform, name, cron="0 8,9 * * *") for name in ("a", "b", "c"))
    platform.stop()
    platform.processes.clear()
    platform.clock.move_to(eight + timedelta(minutes=90))
    platform.do(inside.edit, edited, cron="0 12 * * *")
    platform.do(inside.task_cancel, cancelled)
    platform.do(inside.pause, paused)
    platform.launch(*timeline.PROCESSES)
    timeline.until(platform, edited, ["04 08:00 skipped/missed", "04 09:00 succeeded"])
    timeline.until(platform, cancelled, ["04 08:00 skipped/missed", "04 09:00 cancelled/user"])
    platform.do(inside.resume, paused)
    timeline.until(platform, paused, ["04 08:00 - 04 09:00 (2) skipped/paused"])
    assert platform.do(inside.next_slot, edited) == eight + timedelta(hours=4)


def test_a_machine_that_wakes_up_hours_later_runs_again_what_it_was_at(platform: Platform, eight: datetime) -> None:
    """The clock jumps, the monotonic clock does not: leases have ended for everybody but those who hold them."""
    run = platform.run("probe.sleep", seconds=8)
    task = timeline.make(platform, "hourly", cron="0 * * * *")
    platform.running(run)
    platform.clock.move_to(eight + timedelta(hours=3, minutes=10))
    story = platform.ended(run)
    assert (story.status, story.failures) == ("succeeded", 0)
    assert story.crashes <= 1
    found = timeline.until(
        platform,
        task,
        [*(f"04 {hour:02}:00 skipped/missed" for hour in (8, 9, 10)), "04 11:00 succeeded"],
    )
    assert found[-1].result["scheduled_for"] == str(found[-1].slot)
    eventually(lambda: len(platform.do(inside.live_workers)) == len(platform.do(inside.live_beats)) == 1)
