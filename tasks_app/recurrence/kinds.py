"""The kinds of schedule objects: each reader checks one kind's fields and gives their canonical form."""

import difflib
from collections.abc import Callable, Mapping
from datetime import datetime
from functools import lru_cache
from typing import Any
from zoneinfo import ZoneInfo

from tasks_app.recurrence.cron import CronExpression, compile_cron
from tasks_app.recurrence.day_words import month_name
from tasks_app.recurrence.errors import ScheduleError, quoted
from tasks_app.recurrence.pieces import EXAMPLE
from tasks_app.recurrence.reading import Reader
from tasks_app.recurrence.text import LONGEST_TEXT, tidy, understand
from tasks_app.recurrence.walkers import ElapsedWalker
from tasks_app.recurrence.writing import WEEKDAYS

Fields = dict[str, Any]
UNIT_SECONDS = {"seconds": 1, "minutes": 60, "hours": 3600, "days": 86400}
LONGEST_STEP_SECONDS = 3660 * 86400
LONGEST_MONTH = 31
MOST_WORKDAYS = 23
MOST_PARTS = 20
MONTH_LENGTHS = (31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31)
# Any instant does: it only tells whether the schedule can ever happen in its zone.
_PROBE = datetime(2020, 1, 1)
HOURS = 24
LONGEST_GAP_HOURS = 2


def read_schedule(data: object, zone: ZoneInfo) -> Fields:
    """Give the canonical form of a schedule object, or raise ScheduleError with all that is wrong."""
    if not isinstance(data, Mapping):
        message = f'a schedule is an object such as {{"kind": "daily"}}, not {quoted(data)}'
        raise ScheduleError.at("", "invalid", message)
    reader = Reader(data, zone)
    fields: Fields = {}
    if reader.required("kind", '"daily"'):
        kind = data["kind"]
        if isinstance(kind, str) and kind in KINDS:
            fields = {"kind": kind, **KINDS[kind](reader)}
        else:
            close = difflib.get_close_matches(str(kind).strip().lower()[:20], KINDS, n=1)
            message = f"there is no kind {quoted(kind)}; known are {', '.join(KINDS)}"
            better = close[0] if close else None
            reader.fail("kind", "unknown_kind", f"{message}; write {better}" if better else message, better)
    if reader.problems:
        raise ScheduleError(reader.problems)
    return fields


def _once(reader: Reader) -> Fields:
    reader.known("run_at")
    return {"run_at": reader.instant("run_at")}


def _cron(reader: Reader) -> Fields:
    reader.known("expression")
    try:
        compiled = compile_cron(reader.data.get("expression"))
    except ScheduleError as error:
        problem = error.problems["expression"][0]
        # Words may be five as well.
        is_odd = problem.code == "cron_minute" or (problem.code == "cron_field_count" and problem.suggestion == EXAMPLE)
        reader.take((_as_text(reader) if is_odd else None) or error, "expression")
        return {}
    if compiled.pattern.elapsed and ElapsedWalker(compiled.pattern, reader.zone).after(_PROBE) is None:
        reader.take(_always_skipped(compiled, reader), "expression")
    return {"expression": compiled.text}


def _always_skipped(compiled: CronExpression, reader: Reader) -> ScheduleError:
    """Offer the same an hour or two later, when the clocks go on."""
    minute, _, *others = compiled.fields.split(" ")
    last = compiled.pattern.hours.bit_length() - 1
    better = EXAMPLE
    for hour in range(last + 1, last + LONGEST_GAP_HOURS + 1):
        later = " ".join([minute, str(hour % HOURS), *others])
        if ElapsedWalker(compile_cron(later).pattern, reader.zone).after(_PROBE) is not None:
            better = later
            break
    message = f"this can never happen: in {reader.zone.key} the clocks always skip this time; write {better}"
    written = str(reader.data["expression"])
    position = written.index(written.split()[1], len(written.split(maxsplit=1)[0]))
    return ScheduleError.at("expression", "cron_never", message, position=position, suggestion=better)


def _as_text(reader: Reader) -> ScheduleError | None:
    """Recognise plain words where a cron expression belongs, to offer them as a text."""
    text = tidy(str(reader.data.get("expression", ""))[: LONGEST_TEXT + 1])
    try:
        schedule_of(text, reader.zone)
    except ScheduleError:
        return None
    message = "these are plain words; choose In words (kind text)"
    return ScheduleError.at("expression", "cron_words", message, position=0, suggestion={"kind": "text", "text": text})


def _every(reader: Reader) -> Fields:
    reader.known(*UNIT_SECONDS, "anchor")
    given = [unit for unit in UNIT_SECONDS if reader.has(unit)]
    if len(given) != 1:
        reader.fail(given[1] if given else "minutes", "required", "give exactly one of seconds, minutes, hours, days")
        return {}
    unit = given[0]
    most = LONGEST_STEP_SECONDS // UNIT_SECONDS[unit]
    fields: Fields = {unit: reader.whole(unit, 1, most, what=f"{unit} are 1-{most}")}
    if reader.has("anchor"):
        fields["anchor"] = reader.instant("anchor")
        if "." in (fields["anchor"] or ""):
            reader.fail("anchor", "time_invalid", "anchor must be on a whole second")
    return fields


def _hourly(reader: Reader) -> Fields:
    reader.known("minute")
    return {"minute": reader.whole("minute", 0, 59) if reader.required("minute", "0") else None}


def _daily(reader: Reader) -> Fields:
    reader.known("time")
    return {"time": reader.time()}


def _weekly(reader: Reader) -> Fields:
    reader.known("days", "time")
    return {"days": _weekdays(reader), "time": reader.time()}


def _weekdays(reader: Reader) -> list[str]:
    days = reader.data.get("days")
    if not isinstance(days, list | tuple) or not 1 <= len(days) <= 4 * len(WEEKDAYS):
        reader.fail("days", "required", 'days is a list of weekdays, such as ["mon", "fri"]')
        return []
    chosen = {reader.word(f"days.{place}", day, WEEKDAYS) for place, day in enumerate(days)}
    return [day for day in WEEKDAYS if day in chosen]


def _monthly(reader: Reader) -> Fields:
    if reader.has("workday"):
        reader.known("workday", "time")
        return {"workday": _workday(reader), "time": reader.time()}
    if reader.has("nth") or reader.has("weekday"):
        reader.known("nth", "weekday", "time")
        return {"nth": _nth(reader), "weekday": _weekday(reader), "time": reader.time()}
    reader.known("day", "time", *(("nth", "weekday", "workday") if not reader.has("day") else ()))
    return {"day": _day(reader), "time": reader.time()}


def _day(reader: Reader) -> int | str | None:
    if not reader.required("day", '1, "last" or -2 (one before the last)'):
        return None
    value = reader.data["day"]
    if value == -1 or (isinstance(value, str) and value.strip().lower() == "last"):
        return "last"
    what = 'day is 1-31, "last" or -1 to -31'
    if value == 0:
        reader.fail("day", "out_of_range", f"{what}, not 0")
        return None
    return reader.whole("day", -LONGEST_MONTH, LONGEST_MONTH, what=what)


def _workday(reader: Reader) -> int | str | None:
    value = reader.data["workday"]
    if isinstance(value, str) and value.strip().lower() in {"first", "last"}:
        return value.strip().lower()
    number = reader.whole("workday", 1, MOST_WORKDAYS, what='workday is "first", "last" or 1-23')
    return "first" if number == 1 else number


def _nth(reader: Reader) -> int | str | None:
    value = reader.data.get("nth")
    if isinstance(value, str) and value.strip().lower() == "last":
        return "last"
    return reader.whole("nth", 1, 5, what='nth is 1-5 or "last"') if reader.required("nth", '2 or "last"') else None


def _weekday(reader: Reader) -> str | None:
    return reader.choice("weekday", WEEKDAYS) if reader.required("weekday", '"mon"') else None


def _yearly(reader: Reader) -> Fields:
    reader.known("month", "day", "time")
    month = reader.whole("month", 1, 12) if reader.required("month", "3 for March") else None
    day = _day(reader)
    if month and isinstance(day, int) and abs(day) > MONTH_LENGTHS[month - 1]:
        most = MONTH_LENGTHS[month - 1]
        message = f"this can never happen: {month_name(month)} has at most {most} days"
        if day > 0:
            reader.fail("day", "cron_never", f'{message}; write "last"', "last")
        else:
            reader.fail("day", "cron_never", f"{message}; write 1")
    return {"month": month, "day": day, "time": reader.time()}


def _text(reader: Reader) -> Fields:
    reader.known("text")
    value = reader.data.get("text")
    if not isinstance(value, str):
        reader.fail("text", "required", 'text is a sentence such as "every weekday at 9:00"')
        return {}
    try:
        schedule_of(value, reader.zone)
    except ScheduleError as error:
        reader.take(error, "text")
    return {"text": tidy(value)}


@lru_cache(maxsize=4096)
def schedule_of(text: str, zone: ZoneInfo) -> Fields:
    """Give the schedule object of another kind that a text means. Shared between callers, hence read-only."""
    return understand(text, zone, read_schedule)


def meaning_of(schedule: Mapping[str, Any], zone: ZoneInfo) -> Mapping[str, Any]:
    """Give what a canonical schedule is walked by: of a text what it means, else the schedule itself."""
    return schedule_of(schedule["text"], zone) if schedule["kind"] == "text" else schedule


def _any(reader: Reader) -> Fields:
    reader.known("of")
    of = reader.data.get("of")
    if not isinstance(of, list | tuple) or not 1 <= len(of) <= MOST_PARTS:
        reader.fail("of", "required", f"of is a list of 1 to {MOST_PARTS} schedules")
        return {}
    parts: list[Fields] = []
    for place, part in enumerate(of):
        if isinstance(part, Mapping) and part.get("kind") == "any":
            reader.fail(f"of.{place}.kind", "invalid_choice", "a union holds no further union; list its parts here")
            continue
        try:
            fields = read_schedule(part, reader.zone)
        except ScheduleError as error:
            reader.take(error, f"of.{place}")
        else:
            parts += [] if fields in parts else [fields]
    return {"of": parts}


KINDS: dict[str, Callable[[Reader], Fields]] = {
    "once": _once,
    "cron": _cron,
    "every": _every,
    "hourly": _hourly,
    "daily": _daily,
    "weekly": _weekly,
    "monthly": _monthly,
    "yearly": _yearly,
    "text": _text,
    "any": _any,
}
