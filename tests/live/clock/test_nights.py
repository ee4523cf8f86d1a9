"""The nights in which the clocks change, awake and slept through: no slot too many, none too few."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest

from tests.live import inside
from tests.live.clock import timeline
from tests.live.platform import Platform

pytestmark = [pytest.mark.live, pytest.mark.timeout(300)]


@dataclass(frozen=True)
class Night:
    """In UTC: its midnight, the one moment of 2:30 in Berlin, and that of the night after."""

    midnight: datetime
    fixed: str
    next_fixed: datetime

    @property
    def half_hours(self) -> list[str]:
        """The lines of what runs every half hour, from midnight to half past two: elapsed time knows no change."""
        return [f"{self.midnight:%d} {hour:02}:{minute:02} succeeded" for hour in range(3) for minute in (0, 30)]


def nights(year: int) -> tuple[Night, Night]:
    """Give both nights of a year, in Berlin."""
    spring, autumn = last_sunday(year, 3), last_sunday(year, 10)
    return (
        # 2:00 is 3:00 at 01:00 UTC: there is no 2:30, and it runs when the gap ends.
        Night(spring, f"{spring:%d} 01:00 succeeded", spring + timedelta(days=1, minutes=30)),
        # 3:00 is 2:00 at 01:00 UTC: 2:30 comes twice, and it runs in the first pass.
        Night(autumn, f"{autumn:%d} 00:30 succeeded", autumn + timedelta(days=1, hours=1, minutes=30)),
    )


def last_sunday(year: int, month: int) -> datetime:
    """Give the midnight before the last Sunday of a month with 31 days, in UTC."""
    last = datetime(year, month, 31, tzinfo=UTC)
    return last - timedelta(days=last.isoweekday() % 7)


def make(platform: Platform, night: Night) -> tuple[UUID, UUID]:
    """Shortly before midnight, make a task at 2:30 and one of every half hour; they make up for all that they miss."""
    platform.clock.move_to(night.midnight - timedelta(minutes=20))
    fixed, half_hourly = (
        timeline.make(platform, cron, cron=cron, timezone="Europe/Berlin", misfire={"policy": "all"})
        for cron in ("30 2 * * *", "*/30 * * * *")
    )
    return fixed, half_hourly


def check(platform: Platform, night: Night, fixed: UUID, half_hourly: UUID) -> None:
    """See that both have run as they should and were told their slots; then end them."""
    found = timeline.until(platform, fixed, [night.fixed])
    assert platform.do(inside.next_slot, fixed) == night.next_fixed
    for story in found + timeline.until(platform, half_hourly, night.half_hours):
        assert story.result["scheduled_for"] == str(story.slot)
    platform.do(inside.end_tasks)


def test_through_the_nights_awake(platform: Platform, year: int) -> None:
    for night in nights(year):
        fixed, half_hourly = make(platform, night)
        for count in range(1, 7):
            platform.clock.move_to(night.midnight + timedelta(minutes=30 * (count - 1)))
            timeline.until(platform, half_hourly, night.half_hours[:count])
        check(platform, night, fixed, half_hourly)


def test_through_the_nights_asleep(platform: Platform, year: int) -> None:
    for night in nights(year):
        fixed, half_hourly = make(platform, night)
        timeline.outage(platform, until=night.midnight + timedelta(hours=2, minutes=45))
        check(platform, night, fixed, half_hourly)
