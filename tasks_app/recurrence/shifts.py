"""The clock changes of a zone, and which of them a schedule meets."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo

from tasks_app.recurrence.pattern import Pattern
from tasks_app.recurrence.zones import change_between, offset_at

# No zone changes its clocks twice within a week.
_LOOK = timedelta(days=7)
_MOMENT = timedelta(microseconds=1)
_FIRST, _LAST = datetime(2025, 1, 1), datetime(2035, 1, 1)


@dataclass(frozen=True)
class Change:
    """A change, in naive UTC: the clocks show `at + before` no more, and go on with `at + after`."""

    at: datetime
    before: timedelta
    after: timedelta

    @property
    def is_forward(self) -> bool:
        return self.after > self.before

    @property
    def start(self) -> datetime:
        """The first wall time that is skipped or comes twice."""
        return self.at + min(self.before, self.after)

    @property
    def end(self) -> datetime:
        """The first one behind them."""
        return self.at + max(self.before, self.after)


def changes_within(zone: ZoneInfo, low: datetime, until: datetime) -> Iterator[Change]:
    """Give the changes of a zone between two instants, in naive UTC."""
    offset = offset_at(zone, low)
    while low < until:
        high = min(low + _LOOK, until)
        later = offset_at(zone, high)
        if later != offset:
            yield Change(change_between(zone, low, high), offset, later)
        low, offset = high, later


@lru_cache(maxsize=1024)
def changes_of_this_age(zone: ZoneInfo) -> tuple[Change, ...]:
    """Give the changes of ten years: rules of clock changes come round within that time."""
    return tuple(changes_within(zone, _FIRST, _LAST))


@lru_cache(maxsize=4096)
def directions_met(pattern: Pattern, zone: ZoneInfo) -> frozenset[str]:
    """Give which changes of this age concern times of the pattern: "back", "forward", both or none."""
    return frozenset(
        "forward" if change.is_forward else "back"
        for change in changes_of_this_age(zone)
        if (wall := pattern.after(change.start - _MOMENT)) and wall < change.end
    )
