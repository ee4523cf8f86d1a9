"""Other schedulers' forms, recognised only to be refused with the right form ready to use."""

import re
from collections.abc import Callable, Mapping
from typing import NoReturn

from tasks_app.recurrence.errors import Problem, ScheduleError, quoted
from tasks_app.recurrence.fields import DAY_NAMES, MONTH_NAMES
from tasks_app.recurrence.lengths import NO_INTERVAL, UNIT_SECONDS, interval_of
from tasks_app.recurrence.years import is_years, refuse_years

PATH = "expression"
Suggestion = str | Mapping[str, object] | None
IsValid = Callable[[str], bool]
FIVE, SIX, SEVEN = 5, 6, 7
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
    return f"it as an interval: every {every}"


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
        refuse_years(fields, " ".join(_from_quartz(fields[:FIVE])), is_valid)
    better = " ".join(_from_quartz(fields[:FIVE])) if len(fields) in (FIVE, SIX) else None
    _refuse("cron_dialect", message, _checked(better, is_valid))


def _refuse_at(match: re.Match[str], _: IsValid) -> None:
    _refuse("cron_dialect", "at(...) is the form of AWS", {"kind": "once", "run_at": match[1]})


def _refuse_quoted(match: re.Match[str], is_valid: IsValid) -> None:
    _refuse("cron_dialect", "quotes do not belong to the expression", _checked(match[2], is_valid))


def _refuse_comment(match: re.Match[str], is_valid: IsValid) -> None:
    _refuse("cron_field_count", "a comment does not belong in the expression", _checked(match[1], is_valid))


def _refuse_long_step(match: re.Match[str], _: IsValid) -> None:
    """Offer an interval for steps that are longer than an hour or a day."""
    unit, highest, step = ("minute", 59, match[1]) if match[1] else ("hour", 23, match[2])
    if len(match[0].split()) == FIVE and int(step) > highest + 1:
        message = f"{unit} step {step} is above the range, at most {highest}"
        _refuse(f"cron_{unit}", message, {"kind": "every", f"{unit}s": int(step)})


def _refuse_blanks(match: re.Match[str], is_valid: IsValid) -> None:
    """Join a list or a range that blanks tear apart, where that makes five fields of it."""
    better = _checked(re.sub(r"\s*,\s*", ",", re.sub(r"(?<=\w)\s*-\s*(?=\w)", "-", match[0])), is_valid)
    if better:
        _refuse("cron_field_count", "blanks do not belong inside a field", better)


def _refuse_zone(match: re.Match[str], is_valid: IsValid) -> None:
    zone = match[1][:30]
    message = f"the time zone {zone} does not belong in the expression, but in the field Time zone (timezone)"
    _refuse("cron_dialect", message, _checked(match[2], is_valid))


def _refuse_longer(fields: list[str], is_valid: IsValid) -> None:
    count = len(fields)
    if not _CRON_WORD.fullmatch(fields[5]):
        message = "a command does not belong in the expression, only five fields"
        _refuse("cron_field_count", message, _checked(" ".join(fields[:FIVE]), is_valid))
    message = f"a cron expression has five fields (minute hour day month weekday), this has {count}"
    if is_years(fields[-1]):
        rest = fields[:-1]
        plain = " ".join(_from_quartz(rest) if "?" in rest else rest)
        better = _without_seconds(rest, is_valid) if len(rest) == SIX else plain
        refuse_years(fields, better if isinstance(better, str) else None, is_valid)
    if count not in (SIX, SEVEN):
        _refuse("cron_field_count", message, None)
    if count == SIX:
        _refuse_six(fields, message, is_valid)
    _refuse("cron_field_count", message, _without_seconds(fields, is_valid))


def _refuse_six(fields: list[str], message: str, is_valid: IsValid) -> None:
    """Six fields begin with seconds or end with a year; offer both where both can be meant."""
    if set(fields) <= {"*", "?"}:
        message = "six fields begin with seconds, so this is every second; write it as an interval: every second"
        rarer = "* * * * *"
        message = f'{message}, or "{rarer}" for every minute, which is much rarer'
        better: Suggestion = {"kind": "every", "seconds": 1}
        _refuse_with_other(message, better, rarer)
    seconds, year = _without_seconds(fields, is_valid), _without_year(fields, is_valid)
    # Where there is a ?, its place tells the two apart.
    if not isinstance(seconds, str) or not isinstance(year, str) or "?" in fields or seconds == year:
        _refuse("cron_field_count", message, (year if "?" in fields[2::2] else None) or seconds or year)
    readings = [(f'"{seconds}" if the first is seconds', seconds), (f'"{year}" if the last is the year', year)]
    if _ends_with_year(fields):
        readings.reverse()
    (first, better), (second, other) = readings
    message = f"{message}; write {first}, or {second}"
    _refuse_with_other(message, better, other)


def _refuse_with_other(message: str, suggestion: Suggestion, other: str) -> NoReturn:
    raise ScheduleError({PATH: [Problem("cron_field_count", message, None, suggestion, (other,))]})


def _ends_with_year(fields: list[str]) -> bool:
    """Tell whether an hour or a weekday stands where it does with a year at the end."""
    has_weekday = fields[4] != "*"
    return has_weekday or (fields[2] == "*" and re.fullmatch(r"[1-9][0-9,-]*", fields[1]) is not None)


def _without_seconds(fields: list[str], is_valid: IsValid) -> Suggestion:
    """Quartz and Spring: seconds first, Quartz with a year at the end."""
    seconds, *rest = fields
    if len(rest) == SIX:
        if rest[5] not in {"*", "?"}:
            return None
        rest = rest[:FIVE]
    step = re.fullmatch(r"[*0]/(\d{1,2})", seconds)
    if step and set(rest) <= {"*", "?"}:
        return {"kind": "every", "seconds": int(step[1])} if int(step[1]) else None
    # Elsewhere ? stands in the day fields only.
    if not re.fullmatch(r"0|00", seconds) or "?" in (rest[0], rest[1], rest[3]):
        return None
    return _checked(" ".join(_from_quartz(rest) if "?" in rest else rest), is_valid)


def _without_year(fields: list[str], is_valid: IsValid) -> Suggestion:
    """AWS and others: a year at the end."""
    if fields[5] not in {"*", "?"}:
        return None
    rest = fields[:FIVE]
    return _checked(" ".join(_from_quartz(rest) if "?" in rest else rest), is_valid)


def _from_quartz(fields: list[str]) -> list[str]:
    """Weekdays count from SUN = 1 there, so numbers become names (and keep what follows # or /)."""
    *others, weekday = [field.upper() for field in fields]
    weekday = "SAT" if weekday == "L" else weekday

    def name(match: re.Match[str]) -> str:
        return DAY_NAMES[int(match[0]) - 1]

    def stepped(match: re.Match[str]) -> str:
        """There a step ends with Saturday, here with Sunday as 7."""
        return ",".join(DAY_NAMES[number - 1] for number in range(int(match[1]), 8, int(match[2])))

    listed = re.sub(r"(?<![#/\d-])([1-7])/([1-7])(?!\d)", stepped, weekday)
    named = re.sub(r"(?<![#/\d])[1-7](?!\d)", name, listed)
    return ["*" if field == "?" else field for field in (*others, named)]


def _checked(expression: str | None, is_valid: IsValid) -> str | None:
    """Never suggest what would be refused in its turn."""
    return expression if expression and len(expression.split()) == FIVE and is_valid(expression) else None


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
