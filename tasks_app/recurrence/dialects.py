"""Other schedulers' forms, recognised only to be refused with the right form ready to use."""

import re
from collections.abc import Mapping
from typing import NoReturn

from tasks_app.recurrence.errors import Problem, ScheduleError, quoted
from tasks_app.recurrence.fields import DAY_NAMES, MONTH_NAMES
from tasks_app.recurrence.lengths import NO_INTERVAL, UNIT_SECONDS, interval_of
from tasks_app.recurrence.quartz import (
    FIVE,
    SIX,
    IsValid,
    Reading,
    Suggestion,
    checked,
    ends_with_year,
    in_five,
    without_seconds,
    without_year,
)
from tasks_app.recurrence.years import is_years, refuse_years
from tasks_app.recurrence.zones import zone_names

PATH = "expression"
SEVEN = 7
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
_RATE = re.compile(r"rate\(\s*(\d{1,9})\s+(second|minute|hour|day|week)s?\s*\)", re.IGNORECASE)
_AWS = re.compile(r"cron\((.*)\)", re.IGNORECASE)
_CRON_WORD = re.compile(rf"(?:[0-9*?/,#LW-]|{'|'.join(DAY_NAMES + MONTH_NAMES)})+", re.IGNORECASE)
_AT = re.compile(r"at\(\s*(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)\s*\)", re.IGNORECASE)
_QUOTED = re.compile(r"([\"'`])(.*)\1")
_LONG_STEP = re.compile(r"(?:[*0]/(\d{2,5})|0 +[*0]/(\d{2,4})) +\*(?: +\*){2,3}")
_COMMENT = re.compile(r"([^#]*?)\s+#(?!\d).*")
_BLANKS = re.compile(r".*(?:,\s|\s,|\w\s+-\s*\w|\w\s*-\s+\w).*")
_ZONE = re.compile(r"(?:CRON_)?TZ=(\S*)\s*(.*)", re.IGNORECASE)


def refuse_dialect(text: str, *, is_valid: IsValid) -> None:
    """Raise for what is well known elsewhere but is not five fields; `is_valid` judges what would be suggested."""
    if text.startswith("@"):
        _refuse_macro(text)
    if f"@{text.lower()}" in _MACROS:
        _refuse("cron_macro", "a macro begins with @", f"@{text.lower()}")
    for pattern, refuse in _FORMS:
        match = pattern.fullmatch(text)
        if match:
            refuse(match, is_valid)
    fields = text.split()
    if len(fields) > FIVE:
        _refuse_longer(fields, is_valid)


def _refuse(code: str, message: str, suggestion: Suggestion) -> NoReturn:
    if suggestion is not None:
        message = f"{message}; write {shown(suggestion)}"
    raise ScheduleError.at(PATH, code, message, suggestion=suggestion)


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


def _refuse_macro(text: str) -> None:
    name, _, rest = text.lower().partition(" ")
    if name in _MACROS and not rest:
        return
    if name in _MACROS:
        _refuse("cron_field_count", "a command does not belong beside the macro", name)
    if name == "@every":
        better = interval_of(rest)
        message = "@every is not a cron expression"
        _refuse("cron_dialect", message if better else f"{message}; {NO_INTERVAL}", better)
    if name == "@reboot":
        _refuse("cron_macro", "@reboot names no time; start the task by hand or through the API", None)
    _refuse("cron_macro", f"there is no macro {quoted(name)}; known are {', '.join(_MACROS)}", _OTHER_MACROS.get(name))


def _refuse_rate(match: re.Match[str], _: IsValid) -> None:
    better = interval_of(f"{match[1]} {match[2]}")
    _refuse("cron_dialect", "rate(...) is the form of AWS", better)


def _refuse_aws(match: re.Match[str], is_valid: IsValid) -> None:
    fields = match[1].split()
    message = "cron(...) is the form of AWS"
    if len(fields) == SIX and fields[5] not in {"*", "?"}:
        refuse_years(fields, " ".join(in_five(fields[:FIVE])), is_valid)
    better = " ".join(in_five(fields[:FIVE])) if len(fields) in (FIVE, SIX) else None
    _refuse("cron_dialect", message, checked(better, is_valid))


def _refuse_at(match: re.Match[str], _: IsValid) -> None:
    _refuse("cron_dialect", "at(...) is the form of AWS", {"kind": "once", "run_at": match[1]})


def _refuse_quoted(match: re.Match[str], is_valid: IsValid) -> None:
    _refuse("cron_dialect", "quotes do not belong to the expression", checked(match[2], is_valid))


def _refuse_comment(match: re.Match[str], is_valid: IsValid) -> None:
    _refuse("cron_field_count", "a comment does not belong in the expression", checked(match[1], is_valid))


def _refuse_long_step(match: re.Match[str], _: IsValid) -> None:
    """Offer an interval for steps that are longer than an hour or a day."""
    unit, highest, step = ("minute", 59, match[1]) if match[1] else ("hour", 23, match[2])
    if len(match[0].split()) == FIVE and int(step) > highest + 1:
        message = f"{unit} step {step} is above the range, at most {highest}"
        _refuse(f"cron_{unit}", message, {"kind": "every", f"{unit}s": int(step)})


def _refuse_blanks(match: re.Match[str], is_valid: IsValid) -> None:
    """Join a list or a range that blanks tear apart, where that makes five fields of it."""
    better = checked(re.sub(r"\s*,\s*", ",", re.sub(r"(?<=\w)\s*-\s*(?=\w)", "-", match[0])), is_valid)
    if better:
        _refuse("cron_field_count", "blanks do not belong inside a field", better)


def _refuse_zone(match: re.Match[str], is_valid: IsValid) -> None:
    _refuse_zone_of(match[1][:30], match[2], is_valid)


def _refuse_zone_of(zone: str, rest: str, is_valid: IsValid) -> NoReturn:
    message = f"the time zone {zone} does not belong in the expression, but in the field Time zone (timezone)"
    _refuse("cron_dialect", message, checked(rest, is_valid))


def _refuse_longer(fields: list[str], is_valid: IsValid) -> None:
    count = len(fields)
    if count == SIX and fields[5] in zone_names():
        _refuse_zone_of(fields[5], " ".join(fields[:FIVE]), is_valid)
    if not _CRON_WORD.fullmatch(fields[5]):
        message = "a command does not belong in the expression, only five fields"
        _refuse("cron_field_count", message, checked(" ".join(fields[:FIVE]), is_valid))
    message = f"a cron expression has five fields (minute hour day month weekday), this has {count}"
    if is_years(fields[-1]):
        _refuse_with_years(fields, is_valid)
    if count not in (SIX, SEVEN):
        _refuse("cron_field_count", message, None)
    if count == SIX:
        _refuse_six(fields, message, is_valid)
    _refuse_seconds(message, without_seconds(fields, is_valid))


def _refuse_with_years(fields: list[str], is_valid: IsValid) -> NoReturn:
    rest = fields[:-1]
    if len(rest) != SIX:
        refuse_years(fields, " ".join(in_five(rest) if "?" in rest else rest), is_valid)
    reading = without_seconds(rest, is_valid)
    better = reading.suggestion if reading and not reading.dropped else None
    refuse_years(fields, better if isinstance(better, str) else None, is_valid)


def _refuse_six(fields: list[str], message: str, is_valid: IsValid) -> NoReturn:
    """Six fields begin with seconds or end with a year; offer both where both can be meant."""
    if set(fields) <= {"*", "?"}:
        message = "six fields begin with seconds, so this is every second; write it as an interval: every second"
        rarer = "* * * * *"
        message = f'{message}, or "{rarer}" for every minute, which is much rarer'
        better: Suggestion = {"kind": "every", "seconds": 1}
        _refuse_with_other(message, better, rarer)
    seconds, year = without_seconds(fields, is_valid), without_year(fields, is_valid)
    is_year = ends_with_year(fields)
    if "?" in fields:  # its place tells the two apart
        is_year, seconds = "?" in fields[2::2], seconds if not year or "?" not in fields[2::2] else None
        year = year if is_year else None
    if seconds is None or (is_year and (seconds.dropped or seconds.suggestion is None)):
        _refuse("cron_field_count", message, year)
    better = seconds.suggestion
    if not isinstance(better, str) or year in (None, better):
        _refuse_seconds(message, seconds)
    dropped = f" ({seconds.dropped}, which are dropped)" if seconds.dropped else ""
    readings = [(f'"{better}" if the first is seconds{dropped}', better), (f'"{year}" if the last is the year', year)]
    if is_year:
        readings.reverse()
    (first, one), (second, other) = readings
    _refuse_with_other(f"{message}; write {first}, or {second}", one, str(other))


def _refuse_seconds(message: str, reading: Reading | None) -> NoReturn:
    """Offer what begins with seconds without them, and say so where that is not quite the same."""
    if reading and reading.suggestion is None:
        _refuse("cron_field_count", f"{message}; runs within the minute are only known as an interval", None)
    if reading and reading.dropped:
        message = f"{message}; seconds are dropped, here the {reading.dropped}"
    _refuse("cron_field_count", message, reading and reading.suggestion)


def _refuse_with_other(message: str, suggestion: Suggestion, other: str) -> NoReturn:
    raise ScheduleError({PATH: [Problem("cron_field_count", message, None, suggestion, (other,))]})


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
