"""Other schedulers' forms, recognised only to be refused with the right form ready to use."""

import re
from collections.abc import Mapping
from difflib import get_close_matches
from typing import NoReturn

from tasks_app.recurrence.errors import Problem, ScheduleError, quoted
from tasks_app.recurrence.fields import DAY_NAMES, MONTH_NAMES
from tasks_app.recurrence.foreign import elsewhere, is_instant
from tasks_app.recurrence.lengths import NO_INTERVAL, UNIT_SECONDS, about, interval_of
from tasks_app.recurrence.pieces import EXAMPLE, FIVE, Judge, Suggestion
from tasks_app.recurrence.quartz import (
    SIX,
    Reading,
    checked,
    ends_with_year,
    in_five,
    without_seconds,
    without_year,
)
from tasks_app.recurrence.years import is_years, refuse_years
from tasks_app.recurrence.zone_words import zone_called
from tasks_app.recurrence.zones import zone_names

PATH = "expression"
SEVEN = 7
LONGEST_MACRO = 20
_MACROS = ("@hourly", "@daily", "@midnight", "@weekly", "@monthly", "@yearly", "@annually")
# Macros that others have.
_OTHER_MACROS: dict[str, Suggestion] = {
    "@minutely": "* * * * *",
    "@every_minute": "* * * * *",
    "@every_second": {"kind": "every", "seconds": 1},
    "@weekdays": "0 0 * * 1-5",
    "@workdays": "0 0 * * 1-5",
    "@fortnightly": {"kind": "text", "text": "every 2 weeks on Monday at 0:00"},
    "@biweekly": {"kind": "text", "text": "every 2 weeks on Monday at 0:00"},
    "@quarterly": "0 0 1 1,4,7,10 *",
    "@semiannually": "0 0 1 1,7 *",
}
_HOURLY = "0 * * * *"
_RATE = re.compile(r"rate\s*\(?([^()]*)\)?", re.IGNORECASE)
_AWS = re.compile(r"cron\s*\(([^()]*)\)?", re.IGNORECASE)
_CRON_WORD = re.compile(rf"(?:[0-9*?/,#LW-]|{'|'.join(DAY_NAMES + MONTH_NAMES)})+", re.IGNORECASE)
_AT = re.compile(r"at\(\s*(\d{4}-\d\d-\d\d)?(?:[T ](\d\d:\d\d(?::\d\d)?))?[^()]*\)?", re.IGNORECASE)
_QUOTED = re.compile(r"([\"'`])(.*)\1")
_LONG_STEP = re.compile(r"(?:[*0]/(\d{2,5})|0 +[*0]/(\d{2,4})) +\*(?: +\*){2,3}")
_COMMENT = re.compile(r"([^#]*?)(?:^|\s+)(#)(?!\d).*")
_DAY_NAME = "(?:SUN|MON|TUE|WED|THU|FRI|SAT)"
_TORN = re.compile(rf",\s|\s,|(?<=\w)\s+-\s*\w|(?<=\w)\s*-\s+\w|\b{_DAY_NAME}[ \t]+{_DAY_NAME}\b", re.IGNORECASE)
_BLANKS = re.compile(rf".*?(?:{_TORN.pattern}).*", re.IGNORECASE)
_ZONE = re.compile(r"(?:CRON_)?TZ=(\S*)\s*(.*)", re.IGNORECASE)


def refuse_dialect(text: str, judge: Judge) -> None:
    """Raise for what is well known elsewhere but is not five fields; `judge` looks at what would be suggested."""
    if f"@{text.lower()}" in _MACROS:
        _refuse("cron_macro", "a macro begins with @", f"@{text.lower()}")
    for pattern, refuse in _FORMS:
        match = pattern.fullmatch(text)
        if match:
            refuse(match, judge)
    if text.startswith("@"):
        _refuse_macro(text, judge)
        return
    known = elsewhere(text, judge)
    if known:
        _refuse("cron_dialect", *known)
    fields = text.split()
    if len(fields) > FIVE:
        _refuse_longer(text, fields, judge)
    if len(fields) < FIVE:
        _refuse_shorter(text, fields, judge)


def _refuse(code: str, message: str, suggestion: Suggestion, position: int = 0, also: tuple[str, ...] = ()) -> NoReturn:
    if suggestion is None:
        message, suggestion = f"{message}; write it as five fields, such as {EXAMPLE}", EXAMPLE
    elif not also:
        message = f"{message}; write {shown(suggestion)}"
    raise ScheduleError({PATH: [Problem(code, message, position, suggestion, also)]})


def shown(suggestion: Suggestion) -> str:
    """Say a suggested schedule in words: an interval, or the expression."""
    if not isinstance(suggestion, Mapping):
        return str(suggestion)
    if "run_at" in suggestion:
        return f"it as a single run at {suggestion['run_at']}"
    if "text" in suggestion:
        return f"it in words: {suggestion['text']}"
    unit = next(unit for unit in UNIT_SECONDS if unit in suggestion)
    every = unit[:-1] if suggestion[unit] == 1 else f"{suggestion[unit]} {unit}"
    counted = f", counted from {suggestion['anchor']}" if "anchor" in suggestion else ""
    return f"it as an interval: every {every}{counted}"


def _refuse_macro(text: str, judge: Judge) -> None:
    name, _, rest = text.lower().partition(" ")
    if name in _MACROS and not rest:
        return
    if name in _MACROS:
        _refuse("cron_field_count", "a command does not belong beside the macro", name, len(name) + 1)
    if name == "@every":
        _refuse_every(rest)
    if name == "@reboot":
        message = "@reboot names no time; start the task by hand or through the API, or give it a time of day"
        _refuse("cron_macro", message, "@daily")
    better: Suggestion = _OTHER_MACROS.get(name) or interval_of(text.lstrip("@ "))
    if better is None:
        word = text.lower().lstrip("@ ").partition(" ")[0][:LONGEST_MACRO]
        better = next(iter(get_close_matches(f"@{word}", _MACROS, n=1)), "@daily")
    _refuse("cron_macro", f"there is no macro {quoted(name)}; known are {', '.join(_MACROS)}", better)


def _refuse_every(rest: str) -> NoReturn:
    better = interval_of(rest)
    if better:
        _refuse("cron_dialect", "@every is not a cron expression", better)
    message = f"@every is not a cron expression; {NO_INTERVAL}"
    _refuse("cron_dialect", message, about(rest), len("@every ") if rest else 0)


def _refuse_rate(match: re.Match[str], _: Judge) -> None:
    _refuse("cron_dialect", "rate(...) is the form of AWS", interval_of(match[1]) or about(match[1]))


def _refuse_aws(match: re.Match[str], judge: Judge) -> None:
    fields = match[1].split()
    message = "cron(...) is the form of AWS"
    if len(fields) == SIX and fields[5] not in {"*", "?"}:
        refuse_years(
            fields, _better(" ".join(in_five(fields[:FIVE])), judge), match.start(1) + match[1].rfind(fields[5])
        )
    better = " ".join(in_five(fields[:FIVE])) if len(fields) in (FIVE, SIX) else match[1]
    _refuse("cron_dialect", message, judge.whole(better))


def _refuse_at(match: re.Match[str], _: Judge) -> None:
    at = f"{match[1]}T{match[2] or '00:00'}"
    _refuse("cron_dialect", "at(...) is the form of AWS", {"kind": "once", "run_at": at} if is_instant(at) else None)


def _refuse_quoted(match: re.Match[str], judge: Judge) -> None:
    _refuse("cron_dialect", "quotes do not belong to the expression", judge.whole(match[2]))


def _refuse_comment(match: re.Match[str], judge: Judge) -> None:
    better = judge.whole(match[1]) if match[1] else None
    _refuse("cron_field_count", "a comment does not belong in the expression", better, match.start(2))


def _refuse_long_step(match: re.Match[str], _: Judge) -> None:
    """Offer an interval for steps that are longer than an hour or a day."""
    unit, highest, step = ("minute", 59, match[1]) if match[1] else ("hour", 23, match[2])
    if len(match[0].split()) == FIVE and int(step) > highest + 1:
        message = f"{unit} step {step} is above the range, at most {highest}"
        at = match.start(1) if match[1] else match.start(2)
        _refuse(f"cron_{unit}", message, {"kind": "every", f"{unit}s": int(step)}, at)


def _refuse_blanks(match: re.Match[str], judge: Judge) -> None:
    """Join a list or a range that blanks tear apart, where that makes five fields of it."""
    joined = re.sub(r"\s*,\s*", ",", re.sub(r"(?<=\w)\s*-\s*(?=\w)", "-", match[0]))
    joined = re.sub(rf"\b({_DAY_NAME})[ \t]+(?={_DAY_NAME}\b)", r"\1,", joined, flags=re.IGNORECASE)
    better = checked(joined, judge.is_valid)
    if better:
        torn = _TORN.search(match[0])
        _refuse("cron_field_count", "blanks do not belong inside a field", better, torn.start() if torn else 0)


def _refuse_zone(match: re.Match[str], judge: Judge) -> None:
    _refuse_zone_of(match[1], match[2], judge, 0)


def _refuse_zone_of(zone: str, rest: str, judge: Judge, position: int) -> NoReturn:
    message = f"the time zone {zone[:30]} does not belong in the expression, but in the field Time zone (timezone)"
    try:
        _refuse("cron_dialect", message, judge.whole(rest) if rest else None, position)
    except ScheduleError as error:
        named = zone if zone in zone_names() else zone_called(zone) or ""  # a misspelt one would be long searched for
        raise ScheduleError({PATH: [one._replace(timezone=named) for one in error.problems[PATH]]}) from None


def _refuse_shorter(text: str, fields: list[str], judge: Judge) -> NoReturn:
    """Fill up what is too short: mostly the fields behind are missing, of four also the one before."""
    count = len(fields)
    message = f"a cron expression has five fields (minute hour day month weekday), this has {count}"
    position = text.rfind(fields[-1])
    if not all(_CRON_WORD.fullmatch(field) for field in fields):
        _refuse("cron_field_count", message, None, position)
    if set(fields) <= {"*", "?"}:  # what is missing may be the minute: never every minute by guessing
        _refuse("cron_field_count", f"{message}; every hour would be {_HOURLY}", _HOURLY, position)
    filled = _better(" ".join([*fields, *["*"] * (FIVE - count)]), judge)
    before = _better(f"0 {' '.join(fields)}", judge) if count == FIVE - 1 and fields[-1] not in {"*", "?"} else None
    if before and filled and before != filled:
        said = f'{message}; write "{before}" if the minute is missing, or "{filled}" if the weekday is'
        _refuse("cron_field_count", said, before, position, (filled,))
    _refuse("cron_field_count", message, before or filled, position)


def _better(expression: str, judge: Judge) -> str | None:
    found = judge.whole(expression)
    return found if isinstance(found, str) else None


def _refuse_longer(text: str, fields: list[str], judge: Judge) -> None:
    count = len(fields)
    sixth = _start_of_sixth(text)
    if count == SIX and fields[5] in zone_names():
        _refuse_zone_of(fields[5], " ".join(fields[:FIVE]), judge, sixth)
    if count == SIX and fields[0] in zone_names():
        _refuse_zone_of(fields[0], " ".join(fields[1:]), judge, 0)
    message = f"a cron expression has five fields (minute hour day month weekday), this has {count}"
    if is_years(fields[-1]) and count in (SIX, SEVEN):
        _refuse_with_years(text, fields, judge)
    if not _CRON_WORD.fullmatch(fields[5]):
        message = "a command does not belong in the expression, only five fields"
        better = _better(" ".join(fields[:FIVE]), judge) if all(map(_CRON_WORD.fullmatch, fields[:FIVE])) else None
        _refuse("cron_field_count", message, better, sixth)
    if count not in (SIX, SEVEN):
        _refuse("cron_field_count", message, checked(" ".join(fields[:FIVE]), judge.is_valid), sixth)
    if count == SIX:
        _refuse_six(fields, message, judge)
    _refuse_seconds(message, without_seconds(fields, judge.is_valid), fields, judge)


def _start_of_sixth(text: str) -> int:
    return [match.start() for match in re.finditer(r"\S+", text)][FIVE]


def _refuse_with_years(text: str, fields: list[str], judge: Judge) -> NoReturn:
    rest, position = fields[:-1], text.rfind(fields[-1])
    if len(rest) != SIX:
        refuse_years(fields, _better(" ".join(in_five(rest) if "?" in rest else rest), judge), position)
    reading = without_seconds(rest, judge.is_valid)
    better = reading.suggestion if reading else None
    dropped = reading.dropped if reading else ""
    rest = in_five(rest[1:]) if "?" in rest else rest[1:]
    refuse_years(fields, better if isinstance(better, str) else _better(" ".join(rest), judge), position, dropped)


def _refuse_six(fields: list[str], message: str, judge: Judge) -> NoReturn:
    """Six fields begin with seconds or end with a year; offer both where both can be meant."""
    if set(fields) <= {"*", "?"}:
        message = "six fields begin with seconds, so this is every second; write it as an interval: every second"
        rarer = "* * * * *"
        message = f'{message}, or "{rarer}" for every minute, which is much rarer'
        better: Suggestion = {"kind": "every", "seconds": 1}
        _refuse("cron_field_count", message, better, 0, (rarer,))
    seconds, year = without_seconds(fields, judge.is_valid), without_year(fields, judge.is_valid)
    is_year = ends_with_year(fields)
    if "?" in fields:  # its place tells the two apart
        is_year, seconds = "?" in fields[2::2], seconds if not year or "?" not in fields[2::2] else None
        year = year if is_year else None
    if year and (seconds is None or (is_year and (seconds.dropped or seconds.suggestion is None))):
        _refuse("cron_field_count", message, year)
    better = seconds.suggestion if seconds else None
    if seconds is None or not isinstance(better, str) or year in (None, better):
        _refuse_seconds(message, seconds, fields, judge)
    dropped = f" ({seconds.dropped}, which are dropped)" if seconds.dropped else ""
    readings = [(f'"{better}" if the first is seconds{dropped}', better), (f'"{year}" if the last is the year', year)]
    if is_year:
        readings.reverse()
    (first, one), (second, other) = readings
    _refuse("cron_field_count", f"{message}; write {first}, or {second}", one, 0, (str(other),))


def _refuse_seconds(message: str, reading: Reading | None, fields: list[str], judge: Judge) -> NoReturn:
    """Offer what begins with seconds without them, and say so where that is not quite the same."""
    rest = fields[1:SIX]
    without = _better(" ".join(in_five(rest) if "?" in rest else rest), judge)
    if reading and reading.suggestion is None:
        message = f"{message}; runs within the minute are only known as an interval, so once in the minute is left"
        _refuse("cron_field_count", message, without)
    if reading and reading.dropped:
        message = f"{message}; seconds are dropped, here the {reading.dropped}"
    _refuse("cron_field_count", message, reading.suggestion if reading else without)


_FORMS = (
    (_QUOTED, _refuse_quoted),
    (_RATE, _refuse_rate),
    (_AWS, _refuse_aws),
    (_AT, _refuse_at),
    (_ZONE, _refuse_zone),
    (_LONG_STEP, _refuse_long_step),
    (_COMMENT, _refuse_comment),
    (_BLANKS, _refuse_blanks),
)
