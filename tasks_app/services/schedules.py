"""Seeing a schedule before it is saved."""

from dataclasses import dataclass, field
from datetime import datetime, timedelta

from django.contrib.auth.models import AbstractBaseUser

from tasks_app.errors import Invalid
from tasks_app.models import ScheduledTask, db_now
from tasks_app.recurrence import Recurrence
from tasks_app.recurrence.anchors import anchors_of
from tasks_app.recurrence.changes import ClockNote, clock_notes
from tasks_app.recurrence.day_words import month_name
from tasks_app.recurrence.pace import runs_per_day
from tasks_app.recurrence.wording import zone_words
from tasks_app.recurrence.zone_warnings import zone_warning
from tasks_app.recurrence.zones import load_zone
from tasks_app.services import planning, task_calendars
from tasks_app.services.planning import Coming
from tasks_app.services.timing import Timing, TimingSpec, timing_of

MOST = 100
MOST_NOTES = 12
_AHEAD = timedelta(days=360)
_DAY = timedelta(days=1)
_MOMENT = timedelta(microseconds=1)


@dataclass(frozen=True)
class Note:
    """Something to know: about one of the next runs, about a later one, or (without an instant) about all."""

    at: datetime | None
    code: str
    message: str


@dataclass(frozen=True)
class SchedulePreview:
    """What a schedule means: the sentence, its cron (None where none says it), the next instants, what to know."""

    description: str
    cron: str | None
    timezone: str
    next: list[datetime]
    warnings: list[str]
    schedule: dict[str, object] | None
    notes: list[Note] = field(default_factory=list)
    runs_per_day: float | None = None
    coming: list[Coming] = field(default_factory=list)
    """The same instants as `next`, with the slots that moved runs stand for."""


def schedule_preview(
    *,
    spec: TimingSpec,
    owner: AbstractBaseUser | None = None,
    count: int = 10,
    after: datetime | None = None,
    task: ScheduledTask | None = None,
) -> SchedulePreview:
    """Explain the schedule fields of `spec`; nothing is stored. Raises Invalid with the fields at fault.

    `owner` is whose calendars it may use. `task` is the one that is being edited: its own place within the spread, and
    the runs that it has had, count.
    """
    if not 1 <= count <= MOST:
        raise Invalid.at("count", "out_of_range", f"Must be between 1 and {MOST}.")
    timing = timing_of(spec, owner=owner, current=task)
    after = after or db_now()
    planned = _planned(spec, timing, task)
    coming = planning.upcoming(planned, after, count)
    slots = [one.at for one in coming]
    fields = timing.fields
    return SchedulePreview(
        description=task_calendars.sentence(timing.rule, timing.calendar, timing.policy),
        cron=fields["cron_expression"],
        timezone=timing.timezone,
        next=slots,
        warnings=_warnings(planned, timing.rule, after, is_planned=bool(slots)),
        schedule=timing.schedule,
        notes=[
            *_notes(planned, timing.rule, slots, after),
            *_anchored(planned, timing.rule, slots),
            *_spread(spec, is_known=task is not None),
        ],
        runs_per_day=None if timing.rule is None or timing.calendar else runs_per_day(timing.rule),
        coming=coming,
    )


def _planned(spec: TimingSpec, timing: Timing, task: ScheduledTask | None) -> ScheduledTask:
    """Give a task that would be planned so; a new one does not know its place within the spread yet."""
    shifts = {"spread_seconds": spec.spread_seconds, "jitter_seconds": spec.jitter_seconds}
    known = {"id": task.id, "slots_fired": task.slots_fired, **shifts} if task else {"slots_fired": 0}
    return ScheduledTask(max_runs=spec.max_runs, **known, **timing.fields)


def _warnings(task: ScheduledTask, rule: Recurrence | None, after: datetime, *, is_planned: bool) -> list[str]:
    """Say that nothing comes, and that a zone which matters is seldom what is meant."""
    if rule is None:
        return []
    found = [] if is_planned else [_why_never(task, rule, after)]
    about_zone = zone_warning(rule.timezone) if zone_words(rule.timezone) in rule.describe() else None
    return [*found, about_zone] if about_zone else found


def _why_never(task: ScheduledTask, rule: Recurrence, after: datetime) -> str:
    """Say why nothing comes."""
    if task.max_runs is not None and task.slots_fired >= task.max_runs:
        return f"It has had its {task.max_runs} runs, so it never comes due again."
    if rule.kind == "once" and rule.run_at is not None and rule.run_at <= after:
        return "This lies in the past, so it never comes due."
    if task.ends_at is not None and task.ends_at <= after:
        return "Its end lies in the past, so it never comes due."
    start = max(after, task.starts_at - _MOMENT) if task.starts_at else after
    if task.ends_at is not None and rule.next_after(start) is not None:
        return "The window ends before the first run, so it never comes due."
    return "This never comes due: nothing of it lies within its window." if task.starts_at else "This never comes due."


def _notes(task: ScheduledTask, rule: Recurrence | None, slots: list[datetime], after: datetime) -> list[Note]:
    """Give what clock changes do to the next runs, and to those of the year that begins with them."""
    if rule is None or not slots:
        return []
    start = max(after, slots[0] - _DAY)
    spans = [(start, start + _AHEAD)]
    # Rare runs may be centuries away; a change that concerns one lies within its day.
    spans += [(slot - _DAY, slot + _DAY) for slot in slots if slot > start + _AHEAD]
    found: list[Note] = []
    for note in clock_notes(rule, spans)[:MOST_NOTES]:
        # Of what lies further off the first is enough: the next year is like this one.
        is_known = note.at > slots[-1] and any(note.code == one.code for one in found)
        at = None if is_known else _concerned(task, note, slots)
        if at is not None:
            found.append(Note(at, note.code, note.message))
    return found


def _concerned(task: ScheduledTask, note: ClockNote, slots: list[datetime]) -> datetime | None:
    """Give the run that a note is about; None where the task has none there, or nobody would miss it."""
    reach = note.at + timedelta(seconds=task.spread_seconds + task.jitter_seconds)
    if note.at > slots[-1]:
        if not note.is_striking or task.max_runs is not None:
            return None
        slots = [one.at for one in planning.upcoming(task, note.at - _MOMENT, 1)]
    if note.code == "left_out":
        has_begun = task.starts_at is None or task.starts_at <= note.at
        return note.at if slots and has_begun else None
    return next((slot for slot in slots if note.at <= slot <= reach), None)


def _anchored(task: ScheduledTask, rule: Recurrence | None, slots: list[datetime]) -> list[Note]:
    """Say that an interval is counted in both directions, where it runs before the instant that it counts from."""
    if rule is None or not slots or task.starts_at is not None:
        return []
    ahead = [anchor for anchor in anchors_of(rule) if anchor > slots[0]]
    if not ahead:
        return []
    day = min(ahead).astimezone(load_zone(rule.timezone)).date()
    message = f"It is counted from {day.day} {month_name(day.month)} {day.year} both ways, and runs before that day too"
    return [Note(None, "anchor", f"{message}; set a start to begin then.")]


def _spread(spec: TimingSpec, *, is_known: bool) -> list[Note]:
    seconds = spec.spread_seconds + spec.jitter_seconds
    if is_known or seconds <= 0:
        return []
    return [Note(None, "spread", f"Each run starts up to {_span(seconds)} later.")]


def _span(seconds: int) -> str:
    size, unit = next((size, unit) for size, unit in ((3600, "h"), (60, "min"), (1, "s")) if not seconds % size)
    return f"{seconds // size} {unit}"
