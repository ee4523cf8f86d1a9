"""Every few days or weeks in words, with the day they are counted from."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from tasks_app.recurrence.as_cron import day_anchor, step_of
from tasks_app.recurrence.day_words import WEEKDAY_NAMES, month_name
from tasks_app.recurrence.time_words import and_list

WEEK = 7


def date_words(day: datetime) -> str:
    """Write a date as people do."""
    return f"{day.day} {month_name(day.month)} {day.year}"


def _clock(wall: datetime) -> str:
    return f"{wall:%H:%M:%S}" if wall.second else f"{wall:%H:%M}"


@dataclass
class Steps:
    """Schedules of every few days that can be said together: the same number, counted alike."""

    count: int
    walls: list[datetime] = field(default_factory=list)

    def words(self) -> str:
        """Say them: "every 2 weeks on Monday and Thursday at 06:15, counted from 5 January 1970"."""
        times = f"at {and_list(sorted({_clock(wall) for wall in self.walls}))}"
        first = min(self.walls)
        if self.count % WEEK:
            every = "every day" if self.count == 1 else f"every {self.count} days"
            counted = f", counted from {date_words(first)}" if self.count > 1 else ""
            return f"{every} {times}{counted}"
        days = and_list([WEEKDAY_NAMES[number % WEEK] for number in sorted({wall.isoweekday() for wall in self.walls})])
        if self.count == WEEK:
            return f"every {days} {times}"
        return f"every {self.count // WEEK} weeks on {days} {times}, counted from {date_words(first)}"

    @property
    def is_even(self) -> bool:
        """Tell whether each of its days has each of its times."""
        days, times = ({part(wall) for wall in self.walls} for part in (datetime.isoweekday, datetime.time))
        return len(days) * len(times) == len(self.walls)


def key_of(schedule: Mapping[str, Any], zone: ZoneInfo) -> tuple[int, int]:
    """Give what schedules must share to be said together: the number of days and where they are counted from."""
    count, _ = step_of(schedule)
    wall = day_anchor(schedule, zone)
    if count % WEEK == 0:
        wall -= timedelta(days=wall.weekday())
    return count, wall.toordinal() % count


def step_words(schedules: list[Mapping[str, Any]], zone: ZoneInfo) -> list[str]:
    """Say schedules of one key, together where they can be."""
    count, _ = key_of(schedules[0], zone)
    walls = [day_anchor(schedule, zone) for schedule in schedules]
    together = Steps(count, walls)
    if together.is_even:
        return [together.words()]
    return [Steps(count, [wall]).words() for wall in walls]
