"""From the rules of a text to schedule objects of the other kinds."""

from typing import Any
from zoneinfo import ZoneInfo

from tasks_app.recurrence.text.bounds import START
from tasks_app.recurrence.text.clauses import (
    Anchor,
    Clause,
    Clock,
    Dates,
    Days,
    Except,
    Head,
    Hours,
    Minutes,
    Months,
    Often,
    Once,
    Part,
    Phase,
    Rhythm,
    Times,
    Window,
)
from tasks_app.recurrence.text.clocks import check_often, clocks_of, no_days
from tasks_app.recurrence.text.cursor import Cursor
from tasks_app.recurrence.text.dated import counted, once, steps
from tasks_app.recurrence.text.day_lines import DayLine, day_lines
from tasks_app.recurrence.text.refusal import Refusal
from tasks_app.recurrence.text.rhythm_lines import RhythmLines
from tasks_app.recurrence.text.rules import Rule
from tasks_app.recurrence.text.times import HOUR, check_whole_minutes
from tasks_app.recurrence.writing import joined

Fields = dict[str, Any]
_HOURS_OF = {
    "morning": "6:00 to 12:00",
    "afternoon": "12:00 to 18:00",
    "evening": "18:00 to 22:00",
    "night": "22:00 to 6:00",
}
_SECONDS_IN = {"seconds": 1, "minutes": 60, "hours": 3600}
_EXAMPLES = {
    "weeks": ("on which day of the week?", "on Monday"),
    "months": ("on which day of the month?", "on day 1"),
    "quarters": ("on which day of the quarter?", "on day 1"),
    "years": ("on which day of the year?", "on 1 January"),
}


def schedules_of(rule: Rule, cursor: Cursor, zone: ZoneInfo) -> list[Fields]:
    """Give the schedules whose union a rule is."""
    if rule.has(Dates):
        return once(rule, cursor, zone)
    if rule.has(Rhythm, Minutes, Hours, Phase):
        return _rhythm(rule, cursor, zone)
    head = rule.one(Head)
    if head and head.count > 1 and head.unit in {"days", "weeks"}:
        return steps(rule, head, cursor, zone)
    return _at_times(rule, cursor)


def _at_times(rule: Rule, cursor: Cursor) -> list[Fields]:
    """Read days with times of day."""
    _refuse_once(rule, cursor)
    _refuse_anchor(rule, cursor)
    _check_head(rule, cursor)
    if not rule.has(Days, Head):
        better = cursor.changed(rule.start, rule.start, "every day ")
        raise Refusal("text_day", "say on which days, such as every day", rule.start, better)
    clocks = clocks_of(rule, cursor)
    check_whole_minutes(cursor, clocks)
    lines = day_lines(rule, cursor)
    check_often(rule, clocks)
    return [fields for line in lines for fields in _at(line, clocks)]


def _refuse_once(rule: Rule, cursor: Cursor) -> None:
    clause = rule.one(Once)
    if clause:
        better = cursor.changed(clause.start, clause.end, "").lstrip(" ,")
        message = f'a single run needs its date with the year; if it recurs, write "{better}"'
        raise Refusal("text_ambiguous", message, clause.start, better)


def _refuse_anchor(rule: Rule, cursor: Cursor) -> None:
    anchor = rule.one(Anchor)
    if anchor:
        better = cursor.changed(anchor.start, anchor.end, "").replace(" ,", ",").rstrip(" ,")
        message = f"when it starts does not belong in the text, but in the field {START}"
        raise Refusal("text_window", message, anchor.start, better)


def _check_head(rule: Rule, cursor: Cursor) -> None:
    """Refuse what lacks its days, or counts years."""
    head = rule.one(Head)
    if not head or head.unit == "days":
        return
    if head.unit in {"years", "quarters"} and head.count > 1:
        message = f"every {head.count} {head.unit} cannot be said; months and single dates can"
        better = cursor.changed(head.start, head.end, f"every {head.unit.removesuffix('s')}")
        raise Refusal("text_unsupported", message, head.start, better)
    question, example = _EXAMPLES[head.unit]
    often = rule.one(Often)
    if often and not rule.has(Days):
        raise no_days(often, rule.clocks, rule.end, cursor)
    if not rule.has(Days):
        better = cursor.changed(head.end, head.end, f" {example}")
        raise Refusal("text_day", f'{question} Such as "{better}"', head.end, better)


def _at(line: DayLine, clocks: list[Clock]) -> list[Fields]:
    """Give the schedules of some days at some times: the friendly kind for one time, else as few lines as do."""
    if not line.is_cron:
        return [{**(line.friendly or {}), "time": time} for time in sorted({clock.text for clock in clocks})]
    by_minute: dict[int, set[int]] = {}
    for clock in clocks:
        by_minute.setdefault(clock.minutes % HOUR, set()).add(clock.minutes // HOUR)
    by_hours: dict[tuple[int, ...], list[int]] = {}
    for minute, hours in sorted(by_minute.items()):
        by_hours.setdefault(tuple(sorted(hours)), []).append(minute)
    found: list[Fields] = []
    for in_hours, minutes in sorted(by_hours.items()):
        if line.friendly and len(in_hours) == len(minutes) == 1:
            found.append({**line.friendly, "time": f"{in_hours[0]:02}:{minutes[0]:02}"})
        else:
            found.append(_cron(f"{joined(minutes, 0)} {joined(in_hours, 0)} {line.fields}"))
    return found


def _rhythm(rule: Rule, cursor: Cursor, zone: ZoneInfo) -> list[Fields]:
    """Read every so many minutes, on some days, in some hours."""
    rhythm, anchor = rule.one(Rhythm), rule.one(Anchor)
    if anchor and anchor.is_counted and rhythm:
        count = rhythm.seconds // _SECONDS_IN[rhythm.unit]
        return [{"kind": "every", rhythm.unit: count, "anchor": counted(rule, rhythm, anchor, zone)}]
    _refuse_once(rule, cursor)
    _refuse_anchor(rule, cursor)
    _check_beside_rhythm(rule, cursor)
    is_restricted = rule.has(Days, Months, Except)
    if rhythm and not is_restricted and not rule.has(Window, Minutes, Hours, Phase):
        return [_every(rhythm)]
    lines = day_lines(rule, cursor)
    if not all(line.is_cron for line in lines):
        raise Refusal("text_unsupported", "a counted working day has single times only", rule.of(Days)[0].start)
    times = RhythmLines(rule, cursor, days_are_restricted=is_restricted).fields()
    return [_cron(f"{fields} {line.fields}") for line in lines for fields in times]


def _check_beside_rhythm(rule: Rule, cursor: Cursor) -> None:
    """Refuse a time of day beside a rhythm, and a head that counts."""
    rhythm, times, head, minutes = rule.one(Rhythm), rule.one(Times), rule.one(Head), rule.one(Minutes)
    if minutes and not rhythm and not rule.has(Hours) and not any(clause.of_hour for clause in rule.of(Minutes)):
        better = cursor.changed(rule.start, rule.start, "every hour ")
        raise Refusal("text_ambiguous", f'of which hour? Write "{better}"', minutes.end, better)
    if times:
        raise _time_beside(rhythm, times, cursor)
    if rule.has(Part):
        part = rule.of(Part)[0]
        message = "say the hours beside a rhythm, as in from 22:00 to 6:00"
        hours = "" if rule.has(Window) else f"from {_HOURS_OF[part.part]}"
        raise Refusal("text_unsupported", message, part.start, cursor.changed(part.start, part.end, hours))
    wrong: Clause | None = rule.one(Often)
    if head and head.unit != "days" and not rule.has(Days):
        wrong = head
    if head and head.count > 1 and head.unit != "months":
        wrong = head
    if wrong:
        raise Refusal("text_unsupported", "this cannot be said beside a rhythm", wrong.start)


def _time_beside(rhythm: Rhythm | None, times: Times, cursor: Cursor) -> Refusal:
    clock = times.clocks[0]
    written = cursor.text[clock.start : clock.end]
    if rhythm and rhythm.unit == "hours" and len(times.clocks) == 1 and written.isdigit():
        better = cursor.changed(clock.start, clock.end, f"minute {written}")
        message = f'{written} minutes past the hour, or {written}:00? Write "{better}", or a time alone'
        return Refusal("text_ambiguous", message, clock.start, better)
    return Refusal("text_ambiguous", "a time of day beside a rhythm: say one of them", times.start)


def _every(rhythm: Rhythm) -> Fields:
    """Give an interval; every hour is meant on the clock."""
    if rhythm.seconds == _SECONDS_IN["hours"] and rhythm.unit == "hours":
        return {"kind": "hourly", "minute": 0}
    return {"kind": "every", rhythm.unit: rhythm.seconds // _SECONDS_IN[rhythm.unit]}


def _cron(expression: str) -> Fields:
    minute, *rest = expression.split()
    if rest == ["*"] * 4 and minute.isdecimal():
        return {"kind": "hourly", "minute": int(minute)}
    return {"kind": "cron", "expression": expression}
