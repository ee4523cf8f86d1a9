"""When many tasks start within a window, worked out once for all tasks that follow the same schedule.

The work is bounded. Once the bound is reached slots are left out, and the answer says so; none is made up.
"""

import copy
import uuid
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime

from tasks_app.models import Calendar, CalendarPolicy, ScheduledTask
from tasks_app.selectors.access import Person
from tasks_app.selectors.planned import PlannedFilters, PlannedRow, calendars_of, planned_rows
from tasks_app.services import upcoming
from tasks_app.states import TaskKind

# One step is the time that it takes to shift a slot; to search one takes about four. They last for half a second.
STEPS = 100_000
SEARCH = 4
# Where a calendar moves slots a search looks at each day off around the one that it finds.
SEARCH_MOVED = 200
# Every schedule gets so many slots first, so that a few dense ones do not use up what the others need.
FEW, MANY = 26, 10_100


@dataclass(frozen=True)
class Window:
    """From a second since 1970 to before another one, both full minutes."""

    start: int
    end: int

    @classmethod
    def of(cls, start: datetime, until: datetime) -> "Window":
        """Begin with the minute in which `start` lies, and leave out none before `until`."""
        return cls(int(start.timestamp()) // 60 * 60, -(-int(until.timestamp()) // 60) * 60)

    def clip(self, seconds: Sequence[int], shift: int = 0) -> Sequence[int]:
        """Move the ascending seconds by `shift` and keep those within the window."""
        if isinstance(seconds, range):
            first, step = seconds.start + shift, seconds.step
            first += max(0, -(-(self.start - first) // step)) * step
            return range(first, min(seconds.stop + shift, self.end), step)
        return [second + shift for second in seconds if self.start <= second + shift < self.end]


@dataclass(frozen=True)
class Group:
    """Tasks that start at the same seconds, which are a `range` where the schedule is a plain interval."""

    seconds: Sequence[int]
    tasks: list[uuid.UUID]


@dataclass
class Starts:
    """What starts within a window."""

    window: Window
    groups: list[Group] = field(default_factory=list)
    is_complete: bool = True


def starts_within(user: Person, window: Window, filters: PlannedFilters) -> Starts:
    """Find what starts within the window of all tasks that the user may see and that match."""
    rows = planned_rows(user, filters, until=datetime.fromtimestamp(window.end, UTC))
    return _Search(window, calendars_of(rows)).run(rows)


class _Plan:
    """One schedule, followed on time, and the rows that follow it, on time or later."""

    def __init__(self, rows: list[PlannedRow], calendar: Calendar | None, window: Window) -> None:
        self.rows = rows
        self.window = window
        self.task = _task(rows[0], calendar)
        shift = max(row.spread_seconds + row.jitter_seconds for row in rows)
        self.from_ = datetime.fromtimestamp(window.start - shift, UTC)
        is_moved = calendar is not None and rows[0].calendar_policy != CalendarPolicy.SKIP
        self.cost = SEARCH_MOVED if is_moved else SEARCH
        self.slots: list[datetime] = []
        self._found: list[int] = []
        self.seconds: Sequence[int] = self._found
        self._search: Iterator[upcoming.Upcoming] | None = None
        self._begin()

    def _begin(self) -> None:
        row = self.rows[0]
        if row.kind == TaskKind.ONCE and row.calendar_id is None:
            self.slots, self.seconds = [row.next_slot], [int(row.next_slot.timestamp())]
        elif (step := upcoming.step_seconds(self.task)) is not None:
            self.seconds = self._interval(step)
        else:
            self._search = upcoming.slots_from(self.task, self.from_)

    def _interval(self, step: int) -> range:
        row = self.rows[0]
        first, stop = int(row.next_slot.timestamp()), self.window.end
        if row.ends_at is not None:
            stop = min(stop, int(row.ends_at.timestamp()) + 1)
        if row.max_runs is not None:
            stop = min(stop, first + (row.max_runs - row.slots_fired) * step)
        skipped = max(0, -(-(int(self.from_.timestamp()) - first) // step))
        return range(first + skipped * step, stop, step)

    @property
    def is_done(self) -> bool:
        """All its slots in the window are known."""
        return self._search is None

    def search(self, most: int) -> int:
        """Look for up to so many slots; gives how many it took."""
        taken = 0
        while self._search is not None and taken < most:
            taken += 1
            found = next(self._search, None)
            if found is None or found.due_at.timestamp() >= self.window.end:
                self._search = None
            elif found.due_at >= self.from_:
                self.slots.append(found.slot)
                self._found.append(int(found.due_at.timestamp()))
        return taken

    def instants(self) -> list[datetime]:
        """Give the slots themselves."""
        return self.slots or [datetime.fromtimestamp(second, UTC) for second in self.seconds]


class _Search:
    """The search for one window, with what may still be done for it."""

    def __init__(self, window: Window, calendars: Mapping[uuid.UUID, Calendar]) -> None:
        self.found = Starts(window)
        self.calendars = calendars
        self.steps = STEPS

    def run(self, rows: list[PlannedRow]) -> Starts:
        """Search all slots, and give the groups."""
        plans = [_Plan(some, self._calendar(some[0]), self.found.window) for some in _by_schedule(rows)]
        for most in (FEW, MANY):
            for plan in plans:
                # The next slot is in the row itself: everybody has that one for nothing.
                may = max(most == FEW, min(most, self.steps // plan.cost))
                self.steps -= plan.cost * plan.search(may)
        self.found.is_complete = all(plan.is_done for plan in plans)
        for plan in plans:
            self._group(plan)
        return self.found

    def _calendar(self, row: PlannedRow) -> Calendar | None:
        return self.calendars.get(row.calendar_id) if row.calendar_id else None

    def _group(self, plan: _Plan) -> None:
        """Share the plan's seconds among its rows: those that are as late as each other make one group."""
        on_time = upcoming.due_at(plan.task, plan.rows[0].next_slot)
        by_delay: dict[int, list[uuid.UUID]] = {}
        for row in plan.rows:
            delay = int((row.next_due_at - on_time).total_seconds())
            if row.jitter_seconds:
                self._add(self._jittered(row, plan, delay), [row.id])
            else:
                by_delay.setdefault(delay, []).append(row.id)
        for delay, tasks in by_delay.items():
            self._add(self.found.window.clip(plan.seconds, delay), tasks)

    def _add(self, seconds: Sequence[int], tasks: list[uuid.UUID]) -> None:
        if seconds:
            self.found.groups.append(Group(seconds, tasks))

    def _jittered(self, row: PlannedRow, plan: _Plan, delay: int) -> Sequence[int]:
        """Shift every slot by its own jitter; without the steps for that, all by that of the next slot.

        Then those near the ends of the window are left out: they may lie beyond them.
        """
        window, jitter = self.found.window, row.jitter_seconds
        if len(plan.seconds) > self.steps:
            self.found.is_complete = False
            return Window(window.start + jitter, window.end - jitter).clip(plan.seconds, delay)
        self.steps -= len(plan.seconds)
        task = _task(row, self._calendar(row))
        task.spread_seconds, task.jitter_seconds = row.spread_seconds, jitter
        return window.clip(sorted(int(upcoming.due_at(task, slot).timestamp()) for slot in plan.instants()))


def _task(row: PlannedRow, calendar: Calendar | None) -> ScheduledTask:
    """Give a task that follows the row's schedule on time; it is never saved."""
    task = copy.copy(_ANY)  # making one anew takes three times as long
    same = ("id", "kind", "schedule", "timezone", "next_slot", "ends_at", "max_runs", "slots_fired", "calendar_policy")
    for name in same:
        setattr(task, name, getattr(row, name))
    task.calendar = calendar
    return task


_ANY = ScheduledTask()


def _by_schedule(rows: list[PlannedRow]) -> Iterator[list[PlannedRow]]:
    """Put those together that have the same slots from now on."""
    found: dict[tuple[object, ...], list[PlannedRow]] = {}
    for row in rows:
        left = None if row.max_runs is None else row.max_runs - row.slots_fired
        place = (row.timezone, row.next_slot, row.ends_at, left, row.calendar_id, row.calendar_policy)
        found.setdefault((*place, str(row.schedule)), []).append(row)
    yield from found.values()
