"""When many tasks start within a window, worked out once for all tasks that follow the same schedule.

The work is bounded. Once the bound is reached slots are left out, and the answer says so; none is made up.
"""

import uuid
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import cached_property

from django.db.models.base import ModelState

from tasks_app.models import Calendar, CalendarPolicy, ScheduledTask
from tasks_app.selectors.access import Person
from tasks_app.selectors.planned import (
    PlannedFilters,
    PlannedRow,
    calendars_of,
    instant_of,
    planned_rows,
    schedule_of,
)
from tasks_app.services import slots_known, upcoming
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
    return starts_of(planned_rows(user, filters, until=datetime.fromtimestamp(window.end, UTC)), window)


def starts_of(rows: list[PlannedRow], window: Window, *, steps: int = STEPS) -> Starts:
    """Find what starts within the window of these tasks."""
    return _Search(window, calendars_of(rows), steps).run(rows)


class _Plan:
    """One schedule, followed on time, and the rows that follow it, on time or later."""

    def __init__(self, rows: list[PlannedRow], calendar: Calendar | None, window: Window) -> None:
        self.rows = rows
        self.row = rows[0]
        self.calendar = calendar
        self.window = window
        self.slot = instant_of(self.row.next_slot)
        shift = max(row.spread_seconds + row.jitter_seconds for row in rows)
        self.from_ = datetime.fromtimestamp(window.start - shift, UTC)
        is_moved = calendar is not None and self.row.calendar_policy != CalendarPolicy.SKIP
        self.cost = SEARCH_MOVED if is_moved else SEARCH
        self._found: list[int] = []
        self.seconds: Sequence[int] = self._found
        self._marks: list[upcoming.Mark] = []
        self._known: slots_known.Known | None = None
        self._search: Iterator[upcoming.Upcoming] | None = None
        self._begin()

    def _begin(self) -> None:
        row = self.row
        if row.kind == TaskKind.ONCE and row.calendar_id is None:
            self._marks, self.seconds = [upcoming.Mark.of(self.slot, self.slot)], [int(self.slot.timestamp())]
            return
        known = self._without_calendar()
        if known is not None and (step := upcoming.step_of(known.rule)) is not None:
            self.seconds = self._interval(step)
        elif known is not None and row.max_runs is None:
            self._known = known
        else:
            self._search = upcoming.slots_from(self.task, self.from_)

    def _without_calendar(self) -> slots_known.Known | None:
        """Give what is known of a schedule that depends on nothing else; None where it cannot be read, too."""
        if self.row.calendar_id is not None or self.row.schedule is None:
            return None
        try:
            return slots_known.known(self.row.schedule, self.row.timezone)
        except ValueError:
            return None

    @cached_property
    def task(self) -> ScheduledTask:
        """A task that follows the schedule on time; it is never saved."""
        return _task(self.row, self.calendar)

    @property
    def on_time(self) -> datetime:
        """The moment at which the next slot starts without spread and jitter."""
        return self.slot if self.row.calendar_id is None else upcoming.due_at(self.task, self.slot)

    @cached_property
    def _ends_at(self) -> datetime | None:
        return instant_of(self.row.ends_at) if self.row.ends_at else None

    def _interval(self, step: int) -> range:
        row, first, stop = self.row, int(self.slot.timestamp()), self.window.end
        if self._ends_at is not None:
            stop = min(stop, int(self._ends_at.timestamp()) + 1)
        if row.max_runs is not None:
            stop = min(stop, first + (row.max_runs - row.slots_fired) * step)
        skipped = max(0, -(-(int(self.from_.timestamp()) - first) // step))
        return range(first + skipped * step, stop, step)

    @property
    def is_done(self) -> bool:
        """All its slots in the window are known."""
        return self._search is None and self._known is None

    def search(self, most: int) -> int:
        """Look for up to so many slots; gives how many it took."""
        if self._known is not None:
            return self._search_known(self._known, most)
        taken = 0
        while self._search is not None and taken < most:
            taken += 1
            found = next(self._search, None)
            if found is None or found.due_at.timestamp() >= self.window.end:
                self._search = None
            elif found.due_at >= self.from_:
                self._found.append(int(found.due_at.timestamp()))
                if self._has_jitter:
                    self._marks.append(upcoming.Mark.of(found.slot, found.due_at))
        return taken

    def _search_known(self, known: slots_known.Known, most: int) -> int:
        """Take the next slot, wherever the schedule has its own, and those that follow it."""
        first, begin = slots_known.micros(self.slot), slots_known.micros(self.from_)
        end = self.window.end * slots_known.SECOND
        if self._ends_at is not None:
            end = min(end, slots_known.micros(self._ends_at) + 1)
        found, taken, is_done = known.between(max(first + 1, begin), end, most)
        slots = [first, *found] if begin <= first < self.window.end * slots_known.SECOND else found
        self.seconds = [slot // slots_known.SECOND for slot in slots]
        if self._has_jitter:
            self._marks = [upcoming.Mark.at_slot(slot) for slot in slots]
        self._known = None if is_done else known
        return taken

    @cached_property
    def _has_jitter(self) -> bool:
        return any(row.jitter_seconds for row in self.rows)

    @cached_property
    def marks(self) -> list[upcoming.Mark]:
        """The slots themselves, for those that shift each of them."""
        if self._marks:
            return self._marks
        slots = [datetime.fromtimestamp(second, UTC) for second in self.seconds]
        return [upcoming.Mark.of(slot, slot) for slot in slots]


class _Search:
    """The search for one window, with what may still be done for it."""

    def __init__(self, window: Window, calendars: Mapping[uuid.UUID, Calendar], steps: int) -> None:
        self.found = Starts(window)
        self.calendars = calendars
        self.steps = steps

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
        on_time = plan.on_time
        by_due: dict[str, list[uuid.UUID]] = {}
        for row in plan.rows:
            if row.jitter_seconds:
                self._add(self._jittered(row, plan, _delay(row.next_due_at, on_time)), [row.id])
            else:
                by_due.setdefault(row.next_due_at, []).append(row.id)
        by_delay: dict[int, list[uuid.UUID]] = {}
        for due, tasks in by_due.items():
            by_delay.setdefault(_delay(due, on_time), []).extend(tasks)
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
        task = ScheduledTask(id=row.id, spread_seconds=row.spread_seconds, jitter_seconds=jitter)
        return window.clip(sorted(upcoming.seconds_due(task, plan.marks)))


def _delay(due: str, on_time: datetime) -> int:
    return int((instant_of(due) - on_time).total_seconds())


def _task(row: PlannedRow, calendar: Calendar | None) -> ScheduledTask:
    """Give a task that follows the row's schedule on time; it is never saved."""
    task = ScheduledTask.__new__(ScheduledTask)  # making one in full takes twenty times as long
    vars(task).update(vars(_ANY), _state=ModelState())
    for name in ("id", "kind", "timezone", "max_runs", "slots_fired", "calendar_policy"):
        setattr(task, name, getattr(row, name))
    task.schedule, task.next_slot = schedule_of(row.schedule), instant_of(row.next_slot)
    task.next_due_at = instant_of(row.next_due_at)  # counts where the schedule cannot be read any more
    task.ends_at = instant_of(row.ends_at) if row.ends_at else None
    if calendar is not None:
        task.calendar = calendar
    return task


_ANY = ScheduledTask()


def _by_schedule(rows: list[PlannedRow]) -> Iterable[list[PlannedRow]]:
    """Put those together that have the same slots from now on."""
    found: defaultdict[tuple[object, ...], list[PlannedRow]] = defaultdict(list)
    for row in rows:
        left = None if row.max_runs is None else row.max_runs - row.slots_fired
        place = (row.timezone, row.next_slot, row.ends_at, left, row.calendar_id, row.calendar_policy)
        found[(row.kind, row.schedule, *place)].append(row)
    return found.values()
