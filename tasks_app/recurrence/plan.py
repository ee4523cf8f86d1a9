"""A recurrence seen through a calendar: which slots there are, and at which instant each is meant to happen.

A slot keeps its identity, the instant of the pure schedule; a day off of the calendar leaves it out or moves it, at the
same time of day, to a working day. Moved slots may meet others, so the order is that of (instant, slot).

A working day together with the days off that move onto it is a group. All instants of a group lie on its working day,
so a search looks once at each day of one group and then goes on with the next group that has a slot.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, time, timedelta
from typing import NamedTuple
from zoneinfo import ZoneInfo

from tasks_app.recurrence.days_off import DAY, LONGEST_RUN, DaysOff
from tasks_app.recurrence.local_days import (
    clock_of,
    day_of,
    first_instant_of,
    last_instant_of,
    same_place,
    skipped_days,
)
from tasks_app.recurrence.recurrence import Recurrence
from tasks_app.recurrence.walkers import wall_of
from tasks_app.recurrence.zones import load_zone, offsets, steady_offset, to_naive_utc, wall_at

POLICIES = ("skip", "previous", "next")
MOST_TRIES = 60
"""A schedule all of whose slots fall on days off is given up after so many."""
_INSTANT = timedelta(microseconds=1)
_FIRST = datetime.min.replace(tzinfo=UTC)
_LAST = datetime.max.replace(tzinfo=UTC)


class Planned(NamedTuple):
    """A slot and the instant at which it is to happen, aware and in UTC; plans go in the order of (at, slot)."""

    at: datetime
    slot: datetime


@dataclass(frozen=True)
class Plan:
    """A recurrence, and what to do with its slots on days off."""

    rule: Recurrence
    off: DaysOff | None = None
    policy: str = "skip"
    """One of POLICIES."""

    def _search(self, off: DaysOff) -> "_Search":
        skipped = skipped_days(load_zone(self.rule.timezone))
        seen = replace(off, dates=off.dates | skipped) if skipped else off
        return _Search(self.rule, seen, self.policy)

    def after(self, at: datetime, slot: datetime | None = None) -> Planned | None:
        """Give the first planned slot that comes after (at, slot); without a slot, strictly after the instant."""
        if self.off is None:
            return _plain(self.rule.next_after(at))
        search = self._search(self.off)
        try:
            return search.next_moved(Planned(at, slot or _LAST)) if self.moves else search.next_open(at)
        except OverflowError:  # the calendar ends with the year 9999
            return None

    def before(self, at: datetime, slot: datetime | None = None) -> Planned | None:
        """Give the last planned slot that comes before (at, slot); without a slot, strictly before the instant."""
        if self.off is None:
            return _plain(self.rule.previous_before(at))
        search = self._search(self.off)
        try:
            return search.previous_moved(Planned(at, slot or _FIRST)) if self.moves else search.previous_open(at)
        except OverflowError:
            return None

    def slot_after(self, slot: datetime) -> datetime | None:
        """Give the next slot in the order of the slots themselves, wherever it is moved to."""
        return self.rule.next_after(slot) if self.moves else _slot_of(self.after(slot))

    def slot_before(self, slot: datetime) -> datetime | None:
        """Give the slot before, likewise."""
        return self.rule.previous_before(slot) if self.moves else _slot_of(self.before(slot))

    @property
    def moves(self) -> bool:
        """Tell whether slots may be moved, so that some may meet."""
        return self.off is not None and self.policy != "skip"

    def place(self, slot: datetime) -> Planned | None:
        """Say when a slot happens; None when its day is off and slots of such days are left out."""
        if self.off is None:
            return Planned(slot, slot)
        return self._search(self.off).place(slot)

    def day_of(self, instant: datetime) -> date:
        """Give the day of an instant in the schedule's zone."""
        return day_of(self.zone, instant)

    def start_of(self, day: date) -> datetime:
        """Give the first instant of a day."""
        return first_instant_of(self.zone, day, time())

    def target_of(self, day: date) -> date | None:
        """Say on which day the slots of a day happen; None where they are left out."""
        if self.off is None or day not in self.off:
            return day
        return self._search(self.off).target(day) if self.moves else None

    def group_of(self, target: date) -> list[date]:
        """Give the days whose slots happen on a working day, in their order."""
        return self._search(self.off).group(target) if self.off and self.moves else [target]

    def same_time(self, instant: datetime, day: date) -> datetime:
        """Give the first instant of a day that has the time of day of another instant."""
        return first_instant_of(self.zone, day, clock_of(self.zone, instant))

    def has_steady_clocks(self, day: date) -> bool:
        """Tell whether the clocks do not change on a day, nor near it."""
        return steady_offset(self.zone, datetime.combine(day, time())) is not None

    @property
    def zone(self) -> ZoneInfo:
        return load_zone(self.rule.timezone)


def _plain(slot: datetime | None) -> Planned | None:
    return Planned(slot, slot) if slot is not None else None


def _slot_of(planned: Planned | None) -> datetime | None:
    return planned.slot if planned else None


@dataclass(frozen=True)
class _Search:
    rule: Recurrence
    off: DaysOff
    policy: str

    @property
    def zone(self) -> ZoneInfo:
        return load_zone(self.rule.timezone)

    def place(self, slot: datetime) -> Planned | None:
        day = self._day(slot)
        if day not in self.off:
            return Planned(slot, slot)
        target = None if self.policy == "skip" else self.target(day)
        return self._moved(slot, target) if target else None

    # Left out

    def next_open(self, at: datetime) -> Planned | None:
        """The first slot after the instant on a day that is none off."""
        slot = self.rule.next_after(at)
        for _ in range(MOST_TRIES):
            if slot is None:
                return None
            day = self.off.working_day(self._day(slot), DAY)
            if day is None:
                return None
            if day == self._day(slot):
                return Planned(slot, slot)
            slot = self.rule.next_after(self._start(day) - _INSTANT)
        return None

    def previous_open(self, at: datetime) -> Planned | None:
        """The last slot before the instant on a day that is none off."""
        slot = self.rule.previous_before(at)
        for _ in range(MOST_TRIES):
            if slot is None:
                return None
            day = self.off.working_day(self._day(slot), -DAY)
            if day is None:
                return None
            if day == self._day(slot):
                return Planned(slot, slot)
            slot = self.rule.previous_before(self._start(day + DAY))
        return None

    # Moved

    def next_moved(self, cursor: Planned) -> Planned | None:
        # A moment earlier, because times in a gap that ends with its day happen when the next day begins.
        here = self._day(cursor.at - _INSTANT)
        day = self.off.working_day(here, DAY)
        for _ in range(MOST_TRIES):
            if day is None:
                return None
            group = self.group(day)
            found = min(filter(None, (self._first_on(each, day, cursor) for each in group)), default=None)
            if found is not None:
                return found
            slot = self.rule.next_after(self._start(group[-1] + DAY) - _INSTANT)
            day = self.target(self._day(slot)) if slot is not None else None
        return None

    def previous_moved(self, cursor: Planned) -> Planned | None:
        here = self._day(cursor.at)
        day = self.off.working_day(here, -DAY)
        for _ in range(MOST_TRIES):
            if day is None:
                return None
            group = self.group(day)
            found = max(filter(None, (self._last_on(each, day, cursor) for each in group)), default=None)
            if found is not None:
                return found
            slot = self.rule.previous_before(self._start(group[0]))
            day = self.target(self._day(slot)) if slot is not None else None
        return None

    def _first_on(self, day: date, target: date, cursor: Planned) -> Planned | None:
        """The first slot of a day that comes after the cursor, as moved to the group's working day."""
        start = self._start(day)
        # A moment earlier, because all times of day inside a gap share the instant of its end.
        here = cursor.at - _INSTANT
        if target == self._day(here):
            bound = here if day == target else same_place(self.zone, here, day, first_instant_of)
            start = max(start, bound or self._start(day + DAY))
        found: Planned | None = None
        for slot in self._forward(start - _INSTANT, day):
            moved = self._moved(slot, target)
            if moved > cursor:
                found = min(found or moved, moved)
                if not self._is_in_pass(slot, 0):  # the second pass comes later, with the same times of day
                    break
        return found

    def _last_on(self, day: date, target: date, cursor: Planned) -> Planned | None:
        """The last slot of a day that comes before the cursor, as moved to the group's working day."""
        end = self._start(day + DAY)
        if target == self._day(cursor.at):
            bound = cursor.at if day == target else same_place(self.zone, cursor.at, day, last_instant_of)
            end = min(end, bound + _INSTANT) if bound else end
        found: Planned | None = None
        for slot in self._backward(end, day):
            moved = self._moved(slot, target)
            if moved < cursor:
                found = max(found or moved, moved)
                if not self._is_in_pass(slot, 1):
                    break
        return found

    def _is_in_pass(self, slot: datetime, number: int) -> bool:
        """Tell whether the time of day of a slot comes twice on its day, and which of the two this is."""
        wall = wall_at(self.zone, to_naive_utc(slot))
        first, second = offsets(self.zone, wall)
        return first > second and wall.fold == number

    def _forward(self, instant: datetime, day: date) -> Iterator[datetime]:
        slot = self.rule.next_after(instant)
        while slot is not None and self._day(slot) == day:
            yield slot
            slot = self.rule.next_after(slot)

    def _backward(self, instant: datetime, day: date) -> Iterator[datetime]:
        slot = self.rule.previous_before(instant)
        while slot is not None and self._day(slot) == day:
            yield slot
            slot = self.rule.previous_before(slot)

    def group(self, day: date) -> list[date]:
        """A working day and the days off that move onto it, in their order."""
        step = DAY if self.policy == "previous" else -DAY
        group = [day]
        while len(group) <= LONGEST_RUN and group[-1] + step in self.off:
            group.append(group[-1] + step)
        return sorted(group)

    def target(self, day: date) -> date | None:
        return self.off.working_day(day, DAY if self.policy == "next" else -DAY)

    def _moved(self, slot: datetime, target: date) -> Planned:
        if self._day(slot) == target:
            return Planned(slot, slot)
        naive = to_naive_utc(slot)
        is_again = bool(wall_at(self.zone, naive).fold)
        own = self._clock(slot) if is_again else wall_of(self.rule.walker, self.zone, naive).time().replace(fold=0)
        return Planned(first_instant_of(self.zone, target, own), slot)

    def _day(self, instant: datetime) -> date:
        return day_of(self.zone, instant)

    def _clock(self, instant: datetime) -> time:
        return clock_of(self.zone, instant)

    def _start(self, day: date) -> datetime:
        return first_instant_of(self.zone, day, time())
