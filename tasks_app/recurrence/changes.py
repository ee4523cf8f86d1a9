"""What the clock changes of a zone do to a schedule, said in words for people."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from tasks_app.recurrence.pattern import ALL_HOURS, Pattern
from tasks_app.recurrence.recurrence import Recurrence
from tasks_app.recurrence.shifts import Change, changes_within
from tasks_app.recurrence.walkers import (
    JUST_BEFORE,
    ElapsedWalker,
    EveryWalker,
    FixedWalker,
    Walker,
    parts_of,
)
from tasks_app.recurrence.zones import load_zone, to_naive_utc

_NONE = timedelta(0)
_HOUR = timedelta(hours=1)
_MINUTE = timedelta(minutes=1)


@dataclass(frozen=True)
class ClockNote:
    """One effect of one change. `at` is the run that it concerns, or the change where nothing runs.

    Not `is_striking` is what nobody would miss, such as the quarters of an hour that a change takes away.
    """

    at: datetime
    code: str
    message: str
    is_striking: bool = True


def clock_notes(rule: Recurrence, spans: Iterable[tuple[datetime, datetime]]) -> list[ClockNote]:
    """Give what the changes in spans of time do, in order of time; times of day are those of the schedule's zone."""
    if rule.kind == "once":
        return []
    zone = load_zone(rule.timezone)
    changes = {
        change.at: change
        for low, high in spans
        for change in changes_within(zone, to_naive_utc(low), to_naive_utc(high))
        for low, high in spans
        for change in changes_within(zone, to_naive_utc(low), to_naive_utc(high))
    }
    found = {
        note: None for change in changes.values() for part in parts_of(rule.walker) for note in _effect(part, change)
    }
    return sorted(found, key=lambda note: note.at)


def _effect(walker: Walker, change: Change) -> list[ClockNote]:
    note: ClockNote | None = None
    match walker:
        case FixedWalker():
            note = _on_fixed(walker, change)
        case ElapsedWalker():
            note = _on_elapsed(walker, change)
        case EveryWalker():
            note = _on_interval(walker, change)
    return [note] if note else []


def _on_fixed(walker: FixedWalker, change: Change) -> ClockNote | None:
    walls = _walls_within(walker.walls, change)
    if walls is None:
        return None
    first, last = walls
    many = first != last
    said = f"{first:%H:%M} to {last:%H:%M}" if many else f"{first:%H:%M}"
    if change.is_forward:
        runs = f"{'do' if many else 'does'} not exist, so it runs {'once, ' if many else ''}at {change.end:%H:%M}"
        return _note(change.at, "gap", f"Clocks go forward: {said} {runs}.")
    runs = f"{'come' if many else 'comes'} twice, and it runs the first time only"
    return _note(first - change.before, "overlap", f"Clocks go back: {said} {runs}.")


def _on_elapsed(walker: ElapsedWalker, change: Change) -> ClockNote | None:
    if _walls_within(walker.walls, change) is None:
        return None
    is_striking = not (isinstance(walker.walls, Pattern) and walker.walls.hours == ALL_HOURS)
    said = f"{change.start:%H:%M} to {change.end:%H:%M}"
    if change.is_forward:
        message = f"Clocks go forward: {said} does not exist, and nothing runs in its place."
        return _note(change.at, "left_out", message, is_striking=is_striking)
    second = walker.after(change.at - JUST_BEFORE)
    message = f"Clocks go back: {said} comes twice, and it runs both times."
    return _note(second, "twice", message, is_striking=is_striking) if second else None


def _on_interval(walker: EveryWalker, change: Change) -> ClockNote | None:
    moved = abs(change.after - change.before)
    if not moved % walker.step:
        return None
    first = walker.after(change.at - JUST_BEFORE)
    how = "an hour" if moved == _HOUR else f"{moved // _MINUTE} minutes"
    way, clocks = ("later", "forward") if change.is_forward else ("earlier", "back")
    message = f"Clocks go {clocks}: from then on it runs {how} {way} by the clock."
    # Few follow the clock of what runs several times an hour.
    return _note(first, "shifted", message, is_striking=walker.step >= _HOUR) if first else None


def _walls_within(walls: Walker, change: Change) -> tuple[datetime, datetime] | None:
    """Give the first and the last wall time that the change concerns."""
    first, last = walls.after(change.start - JUST_BEFORE), walls.before(change.end)
    return (first, last) if first and last and first < change.end else None


def _note(at: datetime, code: str, message: str, *, is_striking: bool = True) -> ClockNote:
    return ClockNote(at.replace(tzinfo=UTC), code, message, is_striking)
