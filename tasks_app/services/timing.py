"""When a task runs, as a caller asks for it: read, checked with its window, zone and calendar, every fault named."""

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from django.conf import settings
from django.contrib.auth.models import AbstractBaseUser

from tasks_app import recurrence
from tasks_app.errors import Invalid
from tasks_app.models import Calendar, CalendarPolicy, ScheduledTask, db_now
from tasks_app.recurrence.anchors import anchors_of
from tasks_app.recurrence.closest import pause_below
from tasks_app.recurrence.pace import is_on_whole_minutes
from tasks_app.recurrence.pauses import shortest_pause
from tasks_app.recurrence.plan import Plan
from tasks_app.selectors.calendar_days import days_of
from tasks_app.services import task_calendars as calendars
from tasks_app.services.faults import faults_of
from tasks_app.services.instants import written_instant
from tasks_app.services.policies import DAY_SECONDS
from tasks_app.services.validation import Problems, check_choice, check_number
from tasks_app.states import TaskKind

BOUNDS = {
    "max_runs": (1, 1_000_000_000),
    "jitter_seconds": (0, DAY_SECONDS),
    "spread_seconds": (0, DAY_SECONDS),
}
SHIFTS = ("jitter_seconds", "spread_seconds")
_PAST_GRACE = timedelta(seconds=30)
_FIRST_YEAR, _LAST_YEAR = 1970, 9000
# Where days are counted from 1 January 1970, its midnight comes up to 14 hours earlier than in UTC.
_FIRST = datetime(_FIRST_YEAR, 1, 1, tzinfo=UTC) - timedelta(hours=14)
_MINUTE_SECONDS = 60


@dataclass(frozen=True, kw_only=True)
class TimingSpec:
    """What decides when a task runs, as plain values. At most one of `run_at`, `cron`, `schedule`; none is manual.

    Instants may be text as people write it: without an offset they are wall time in `timezone`. `calendar` is the id or
    the name of one.
    """

    run_at: datetime | str | None = None
    cron: str | None = None
    schedule: Mapping[str, Any] | None = None
    timezone: str = "UTC"
    starts_at: datetime | str | None = None
    ends_at: datetime | str | None = None
    max_runs: int | None = None
    calendar: str | None = None
    calendar_policy: str = CalendarPolicy.SKIP.value
    jitter_seconds: int = 0
    spread_seconds: int = 0


@dataclass(frozen=True)
class Timing:
    """A checked schedule: the stored object, what can be said about it, and its window."""

    schedule: dict[str, Any] | None
    rule: recurrence.Recurrence | None
    timezone: str
    calendar: Calendar | None = None
    policy: str = CalendarPolicy.SKIP.value
    starts_at: datetime | None = None
    ends_at: datetime | None = None

    @property
    def plan(self) -> Plan | None:
        """The schedule as its calendar lets it happen."""
        off = days_of(self.calendar) if self.calendar else None
        return Plan(self.rule, off, self.policy) if self.rule else None

    @property
    def fields(self) -> dict[str, Any]:
        """The task fields that the schedule decides."""
        rule = self.rule
        return {
            "schedule": self.schedule,
            "timezone": self.timezone,
            "starts_at": self.starts_at,
            "ends_at": self.ends_at,
            "kind": TaskKind.MANUAL if rule is None else TaskKind(rule.kind),
            "cron_expression": rule.cron if rule and self.calendar is None else None,
            "calendar": self.calendar,
            "calendar_policy": self.policy,
            "schedule_text": calendars.stored_sentence(rule, self.calendar, self.policy),
        }


def timing_of(
    spec: TimingSpec, *, owner: AbstractBaseUser | None = None, current: ScheduledTask | None = None
) -> Timing:
    """Check only what decides when it runs; raises Invalid with its faults. `owner` is whose calendars it may use."""
    problems = Problems()
    for name, limits in BOUNDS.items():
        check_number(problems, name, getattr(spec, name), limits, is_required=name in SHIFTS)
    timing = checked_timing(problems, spec, owner=owner, current=current)
    if problems or timing is None:
        raise Invalid("The schedule was not accepted; see the fields.", fields=problems.fields)
    return timing


def checked_timing(
    problems: Problems, spec: TimingSpec, *, owner: AbstractBaseUser | None, current: ScheduledTask | None = None
) -> Timing | None:
    """Check the whole of it; None where it cannot be read, and then `problems` say why."""
    given = [name for name in ("run_at", "cron", "schedule") if getattr(spec, name) is not None]
    for name in given[1:]:
        problems.add(name, "conflict", f"Give only one of run_at, cron and schedule; {given[0]} is given too.")
    zone, is_known = _zone(problems, spec.timezone)
    starts_at, ends_at = (_moment(problems, name, getattr(spec, name), zone) for name in ("starts_at", "ends_at"))
    if starts_at and ends_at and ends_at <= starts_at:
        problems.add("ends_at", "out_of_range", "Must be after the start.")
    check_choice(problems, "calendar_policy", spec.calendar_policy, CalendarPolicy.values)
    calendar = calendars.chosen(problems, spec.calendar, owner=owner, current=current)
    found = _read_schedule(problems, spec, given[0], zone) if given else Timing(None, None, zone)
    if found is None or not is_known:
        return None
    moves = calendar is not None and spec.calendar_policy != "skip"
    if current is None or _bounds_jitter(current) != (spec.jitter_seconds, found.schedule, zone, moves):
        _check_jitter(problems, spec.jitter_seconds, found.rule, moves=moves)
    return dataclasses.replace(
        found, starts_at=starts_at, ends_at=ends_at, calendar=calendar, policy=spec.calendar_policy
    )


def _zone(problems: Problems, name: object) -> tuple[str, bool]:
    """Give the zone and whether it is one; the rest is then read as if in UTC, so that one answer names all faults."""
    try:
        return recurrence.check_timezone(name), True
    except recurrence.ScheduleError as error:
        _merge(problems, "timezone", error, name)
        return "UTC", False


def _moment(problems: Problems, name: str, given: datetime | str | None, zone: str) -> datetime | None:
    """Give one end of the window."""
    if isinstance(given, datetime) and given.tzinfo is None:
        problems.add(name, "type", "Must say its time zone.")
    if not isinstance(given, str):
        return given if given is None or given.tzinfo else None
    try:
        return written_instant(given, zone, name)
    except Invalid as error:
        problems.merge(error.fields)
        return None


def _read_schedule(problems: Problems, spec: TimingSpec, source: str, zone: str) -> Timing | None:
    value = getattr(spec, source)
    if source == "run_at":
        moment = value.isoformat() if isinstance(value, datetime) else value
        data: Mapping[str, Any] = {"kind": "once", "run_at": moment}
    elif source == "cron":
        data = {"kind": "cron", "expression": value}
    else:
        data = value
    try:
        schedule = recurrence.normalise(data, zone)
        rule = recurrence.build(schedule, zone)
    except recurrence.ScheduleError as error:
        _merge(problems, source, error, data if source == "schedule" else value)
        return None
    _check_pace(problems, source, rule)
    _check_years(problems, source, rule)
    return Timing(schedule, rule, zone)


def _check_pace(problems: Problems, source: str, rule: recurrence.Recurrence) -> None:
    """Refuse what runs too often: an interval by what it says, all else by the nearest two runs that a look finds."""
    least = settings.MIN_INTERVAL_SECONDS
    if rule.interval is None and least <= _MINUTE_SECONDS and is_on_whole_minutes(rule):
        return
    pause = pause_below(rule, timedelta(seconds=least), db_now())
    if pause is not None:
        said = f"Every {pause.total_seconds():g} s is too often"
        if rule.interval is None:
            said = f"Two runs would be only {pause.total_seconds():g} s apart"
        problems.add(source, "too_often", f"{said}; the shortest interval is {least} s.")


def _bounds_jitter(task: ScheduledTask) -> tuple[object, ...]:
    """Give what the bound of the jitter was judged by; an edit of nothing else does not judge it again."""
    moves = task.calendar_id is not None and task.calendar_policy != "skip"
    return task.jitter_seconds, task.schedule, task.timezone, moves


def _check_jitter(problems: Problems, seconds: object, rule: recurrence.Recurrence | None, *, moves: bool) -> None:
    """Refuse what would let a run start after the next one was due; a spread moves all alike."""
    if rule is None or not isinstance(seconds, int) or not 0 < seconds <= DAY_SECONDS:
        return
    pause = shortest_pause(rule, moves=moves)
    if pause is not None and seconds > (most := int(pause.total_seconds())):
        message = f"At most {most}, the shortest time between two runs: a run must not start after the next one."
        problems.add("jitter_seconds", "out_of_range", message)


def _check_years(problems: Problems, source: str, rule: recurrence.Recurrence) -> None:
    """Keep instants away from the ends of the calendar, where nothing can be counted from them."""
    written = [*anchors_of(rule), *filter(None, [rule.run_at])]
    if any(not (instant >= _FIRST and instant.year <= _LAST_YEAR) for instant in written):
        problems.add(source, "out_of_range", f"The year must be between {_FIRST_YEAR} and {_LAST_YEAR}.")


def _merge(problems: Problems, source: str, error: recurrence.ScheduleError, given: object) -> None:
    """Note the faults of what was given as `source`; only a schedule object has fields of its own."""
    for path, faults in faults_of(error, given).items():
        where = f"{source}.{path}" if source == "schedule" and path else source
        for fault in faults:
            problems.note(where, fault)


def check_future(problems: Problems, spec: TimingSpec, timing: Timing) -> None:
    """Refuse what would never run from now on."""
    if timing.rule is None:
        return
    now = db_now()
    field_name = "run_at" if spec.run_at is not None else "cron" if spec.cron is not None else "schedule"
    after = now - _PAST_GRACE
    if timing.starts_at is not None:
        after = max(after, timing.starts_at.astimezone(UTC) - timedelta(microseconds=1))
    first = timing.plan.after(after) if timing.plan else None
    if timing.rule.next_after(after) is None:
        code = "in_past" if timing.rule.kind == "once" else "never"
        problems.add(field_name, code, "This lies in the past." if code == "in_past" else "This never comes due.")
    elif first is None:
        problems.add("calendar", "never", "All that the schedule plans falls on days off of this calendar.")
    elif timing.ends_at is not None and first.at > timing.ends_at:
        problems.add("ends_at", "never", "The window ends before the first run.")
