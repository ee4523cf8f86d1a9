"""Schedules that hold an instant: single runs, every few days or weeks, intervals counted from somewhere."""

from collections.abc import Mapping
from datetime import date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from tasks_app.recurrence.moments import Unreadable, read_instant, to_text
from tasks_app.recurrence.text import words
from tasks_app.recurrence.text.clauses import Anchor, Clause, Clock, Dates, Days, Head, Once, Part, Rhythm, Times
from tasks_app.recurrence.text.clocks import clocks_of
from tasks_app.recurrence.text.cursor import Cursor
from tasks_app.recurrence.text.refusal import Refusal
from tasks_app.recurrence.text.rules import Rule
from tasks_app.recurrence.text.times import HOUR
from tasks_app.recurrence.writing import WEEKDAYS
from tasks_app.recurrence.zones import offsets

Fields = dict[str, Any]
WEEK = 7
# Every few days and weeks are counted from these unless the text says otherwise.
FIRST_DAY = date(1970, 1, 1)
FIRST_MONDAY = date(1970, 1, 5)


def once(rule: Rule, cursor: Cursor, zone: ZoneInfo) -> list[Fields]:
    """Give the instants of dates with their year."""
    allowed = (Dates, Times, Days, Once, Part)
    other = next((clause for clause in rule.clauses if not isinstance(clause, allowed)), None)
    if other:
        raise Refusal("text_ambiguous", "a date with its year comes once; this does not fit beside it", other.start)
    dates = [(clause, day) for clause in rule.of(Dates) for day in clause.dates]
    for clause in rule.of(Days):
        for _, day in dates:
            _check_weekday(clause, day, cursor)
    clocks = clocks_of(rule, cursor)
    is_single = len(rule.clauses) == 2 and len(dates) == len(clocks) == 1  # noqa: PLR2004  # a date and a time
    return [
        {"kind": "once", "run_at": _instant(wall_of(day, clock), zone, clause, is_single=is_single)}
        for clause, day in dates
        for clock in clocks
    ]


def _check_weekday(clause: Days, day: date, cursor: Cursor) -> None:
    if clause.items or clause.is_repeated or clause.months or clause.weekdays != {WEEKDAYS[day.weekday()]}:
        better = cursor.changed(clause.start, clause.end, "").lstrip(" ,")
        raise Refusal(
            "text_ambiguous", f"{said(day)} is a {weekday_name(day)}; say the date alone", clause.start, better
        )


def said(day: date) -> str:
    """Write a date as people do."""
    return f"{day.day} {words.MONTH_NAMES[day.month - 1].capitalize()} {day.year}"


def weekday_name(day: date) -> str:
    """Give the English name of a date's weekday."""
    return words.WEEKDAY_NAMES[day.weekday()].capitalize()


def wall_of(day: date, clock: Clock) -> datetime:
    """Join a date and a time."""
    return datetime(day.year, day.month, day.day, clock.minutes // HOUR, clock.minutes % HOUR, clock.second)


def _instant(wall: datetime, zone: ZoneInfo, clause: Clause, *, is_single: bool) -> str:
    try:
        return to_text(read_instant(wall, zone))
    except Unreadable as error:
        problem = error.problem
        better: list[str | Mapping[str, object]] = []
        if isinstance(problem.suggestion, str) and is_single:
            is_wall = problem.code == "time_nonexistent"
            nearest = problem.suggestion
            better = [nearest.replace("T", " ") if is_wall else {"kind": "once", "run_at": nearest}]
        raise Refusal(problem.code, problem.message, clause.start, *better) from None


def counted(rule: Rule, rhythm: Rhythm, anchor: Anchor, zone: ZoneInfo) -> str:
    """Give the instant that an interval is counted from."""
    if len(rule.clocks) != 1 or not all(isinstance(clause, Rhythm | Anchor | Times) for clause in rule.clauses):
        raise Refusal("text_ambiguous", "say one instant to count from, with its time", anchor.start)
    return _instant(wall_of(anchor.day, rule.clocks[0]), zone, rhythm, is_single=False)


def steps(rule: Rule, head: Head, cursor: Cursor, zone: ZoneInfo) -> list[Fields]:
    """Give every few days or weeks, counted from a day."""
    allowed = (Head, Days, Times, Anchor, Part)
    other = next((clause for clause in rule.clauses if not isinstance(clause, allowed)), None)
    if other:
        message = f"this cannot be said of every {head.count} {head.unit}"
        raise Refusal("text_unsupported", message, other.start)
    in_weeks = head.unit == "weeks"
    starts = _starts_of_weeks(rule, head, cursor) if in_weeks else [_start_of_days(rule)]
    step = head.count * (WEEK if in_weeks else 1)
    return [
        {"kind": "every", "days": step, "anchor": _anchor(wall_of(day, clock), step, zone)}
        for day in starts
        for clock in clocks_of(rule, cursor)
    ]


def _start_of_days(rule: Rule) -> date:
    if rule.has(Days):
        raise Refusal("text_ambiguous", "every few days, or on these? Say one of them", rule.of(Days)[0].start)
    anchor = rule.one(Anchor)
    return anchor.day if anchor else FIRST_DAY


def _starts_of_weeks(rule: Rule, head: Head, cursor: Cursor) -> list[date]:
    every = rule.of(Days)
    weekdays = frozenset(day for days in every for day in days.weekdays)
    if any(days.items or days.months for days in every):
        raise Refusal("text_unsupported", "every few weeks there are weekdays only", every[0].start)
    if not weekdays:
        better = cursor.changed(head.end, head.end, " on Monday")
        raise Refusal("text_day", f'on which day of the week? Such as "{better}"', head.end, better)
    anchor = rule.one(Anchor)
    first = anchor.day if anchor else FIRST_MONDAY
    if anchor and WEEKDAYS[first.weekday()] not in weekdays:
        raise _other_weekday(anchor, weekdays, cursor)
    monday = first - timedelta(days=first.weekday())
    days = [monday + timedelta(days=place) for place, day in enumerate(WEEKDAYS) if day in weekdays]
    # Those before the day that was named belong to the next round.
    return sorted(day if day >= first else day + timedelta(weeks=head.count) for day in days)


def _other_weekday(anchor: Anchor, weekdays: frozenset[str], cursor: Cursor) -> Refusal:
    coming = (anchor.day + timedelta(days=ahead) for ahead in range(WEEK))
    later = said(next(day for day in coming if WEEKDAYS[day.weekday()] in weekdays))
    better = cursor.changed(anchor.start, anchor.end, f"starting {later}")
    name = weekday_name(anchor.day)
    message = f"{said(anchor.day)} is a {name}; count from one of the days themselves, such as {later}"
    return Refusal("text_ambiguous", message, anchor.start, better)


def _anchor(wall: datetime, step: int, zone: ZoneInfo) -> str:
    """Give an instant to count from; where the clocks change just then, the same time a few rounds later."""
    while len(set(offsets(zone, wall))) > 1:
        wall += timedelta(days=step)
    return to_text(read_instant(wall, zone))
