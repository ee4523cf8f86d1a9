"""The answer to "when": one schedule in one time zone."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

from tasks_app.recurrence.walkers import Walker
from tasks_app.recurrence.wording import sentence
from tasks_app.recurrence.zones import to_aware_utc, to_naive_utc

Kind = Literal["once", "recurring"]


@dataclass(frozen=True, eq=False)
class Recurrence:
    """When a task is planned to run, without window, calendar or jitter. Shared between callers, hence read-only."""

    schedule: Mapping[str, Any]
    """The canonical schedule object."""
    meaning: Mapping[str, Any]
    """What is walked: of a text the schedule object of another kind that it means, else the same as `schedule`."""
    timezone: str
    kind: Kind
    cron: str | None
    """The cron expression (five fields) that says the same in this zone, where one does."""
    interval: tuple[int, str] | None
    """Number and unit (seconds, minutes, hours, days) of an `every` schedule."""
    run_at: datetime | None
    """The instant of a `once` schedule."""
    walker: Walker

    def next_after(self, instant: datetime) -> datetime | None:
        """Give the first planned instant strictly after an aware instant, in UTC, or None when there is none."""
        return _search(self.walker.after, instant)

    def previous_before(self, instant: datetime) -> datetime | None:
        """Give the last planned instant strictly before an aware instant, in UTC, or None when there is none."""
        return _search(self.walker.before, instant)

    def describe(self) -> str:
        """Say it as an English sentence without a full stop: "Every weekday at 09:00, Berlin time"."""
        return sentence(self.meaning, self.timezone)


def _search(find: Callable[[datetime], datetime | None], instant: datetime) -> datetime | None:
    if instant.tzinfo is None:
        raise ValueError("an instant needs a time zone")
    try:
        found = find(to_naive_utc(instant))
    except OverflowError:
        # The calendar ends with the years 1 and 9999.
        return None
    return found and to_aware_utc(found)
