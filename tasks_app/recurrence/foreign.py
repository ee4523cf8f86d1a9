"""Schedules in the words of systemd, ISO 8601 and iCalendar, and assigned cron lines, said in forms of here."""

import re
from collections.abc import Callable
from datetime import MAXYEAR, datetime

from tasks_app.recurrence.celery_call import fields_of_call
from tasks_app.recurrence.lengths import interval_of
from tasks_app.recurrence.pieces import Judge, Suggestion
from tasks_app.recurrence.rrule import said_of_rule

_SYSTEMD_WORDS = {
    "minutely": "* * * * *",
    "hourly": "@hourly",
    "daily": "@daily",
    "weekly": "0 0 * * 1",
    "monthly": "@monthly",
    "yearly": "@yearly",
    "annually": "@yearly",
    "quarterly": "0 0 1 1,4,7,10 *",
    "semiannually": "0 0 1 1,7 *",
}
_ASSIGNED = re.compile(r"(?:- *)?(?:cron|schedule|crontab|expression|cron_?expression)\s*[:=]\s*(.+)", re.IGNORECASE)
_ON_CALENDAR = re.compile(r"OnCalendar\s*=\s*(.*)", re.IGNORECASE)
_DAYS = "(?:(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun)[a-z]*(?:\\.\\.|,|-)?)+"
_NUMBERS = r"[0-9*/,.]+"
_CALENDAR = re.compile(
    rf"(?:({_DAYS})(?:\s+|$))?"
    rf"(?:(?:({_NUMBERS})-)?({_NUMBERS})-({_NUMBERS}|~0?[1-9]|[0-9*]+~0?[1-9])(?:\s+|$))?"
    rf"(?:({_NUMBERS}):({_NUMBERS})(?::({_NUMBERS}))?)?",
    re.IGNORECASE,
)
_LAST = re.compile(
    rf"(?:({_DAYS})\s+)?(?:({_NUMBERS})-)?({_NUMBERS})~0?([1-9])(?:\s+(\d\d?):(\d\d)(?::00)?)?", re.IGNORECASE
)
_DURATION = re.compile(r"P(?:(\d{1,4})Y|(\d{1,4})M|(\d{1,4})W|(?:(\d{1,4})D)?(?:T(\w{2,20}))?)", re.IGNORECASE)
_REPEATED = re.compile(
    r"R(\d{0,6})/(\d{4}-\d\d-\d\dT\d\d:\d\d(?::\d\d)?(?:Z|[+-]\d\d:\d\d)?)/(P\w{1,24})", re.IGNORECASE
)
_RULE = re.compile(r"(?:RRULE:)?((?:[A-Z]+=[A-Z0-9,+-]+;?)+)", re.IGNORECASE)
_CALL = re.compile(r"(?:\w+\.)*crontab\((.*)\)")
_DATE_AND_TIME = re.compile(r"\d{4}-\d\d-\d\d \d\d:\d\d(?::\d\d)?")
_CLOCK = re.compile(r"(\d{1,2}):(\d\d)(?::00)?")
_MONTHS_OF_A_YEAR = 12
Found = tuple[str, Suggestion]
"""What is said, and what is suggested."""


def elsewhere(text: str, judge: Judge) -> tuple[str, Suggestion] | None:
    """Say whose form a text has, and what it is here; None where it is nobody's that is known."""
    for pattern, read in _FORMS:
        match = pattern.fullmatch(text)
        if match and (found := read(match, judge)):
            return found
    better = interval_of(text.removeprefix("@"))
    return ("a length of time is an interval", better) if better else None


def _assigned(match: re.Match[str], judge: Judge) -> Found:
    return "only the expression itself belongs here", judge.whole(match[1].strip("\"'` "))


def _on_calendar(match: re.Match[str], judge: Judge) -> Found:
    return "OnCalendar= is the form of systemd", _calendar(match[1].strip(), judge)


def _word(match: re.Match[str], _: Judge) -> Found:
    return f"{match[0].lower()} is a word of systemd", _SYSTEMD_WORDS[match[0].lower()]


def _bare_calendar(match: re.Match[str], judge: Judge) -> Found | None:
    text = match[0]
    is_dated = "-" in text and (":" in text or "*-" in text)
    if not is_dated and ".." not in text and not text.startswith("*:"):
        return None
    if _DATE_AND_TIME.fullmatch(text) and is_instant(at := text.replace(" ", "T")):
        return "this is a single instant", {"kind": "once", "run_at": at}
    return "this is the form of systemd", _calendar(text, judge)


def _length(match: re.Match[str], _: Judge) -> Found:
    return "this is a length of time of ISO 8601", _duration(match)


def _time_of_day(match: re.Match[str], judge: Judge) -> Found:
    return "this is a time of day", _checked(f"{int(match[2])} {int(match[1])} * * *", judge)


def _recurring(match: re.Match[str], judge: Judge) -> Found | None:
    if not match[0].upper().startswith(("FREQ=", "RRULE:")):
        return None
    return "this is a rule of iCalendar", _checked(said_of_rule(match[1].upper()), judge)


def _checked(better: Suggestion, judge: Judge) -> Suggestion:
    return better if not isinstance(better, str) or judge.is_valid(better) else None


def _calendar(text: str, judge: Judge) -> Suggestion:
    """Say what systemd calls a calendar event, where five fields can."""
    if text.lower() in _SYSTEMD_WORDS:
        return _SYSTEMD_WORDS[text.lower()]
    if match := _LAST.fullmatch(text):
        days, year, month, back, hour, minute = match.groups()
        day = "L" if back == "1" else f"L-{int(back) - 1}"
        is_plain = not days and year in (None, "*")
        return _checked(f"{int(minute or 0)} {int(hour or 0)} {day} {_field(month)} *", judge) if is_plain else None
    match = _CALENDAR.fullmatch(text)
    if not match:
        return None
    days, year, month, day, hour, minute, second = match.groups()
    if year not in (None, "*") or (days and (day or "*") != "*") or set(second or "0") - set("0"):
        return None  # five fields have no years and no seconds, and of two days either is enough
    weekdays = ",".join(_weekdays(item) for item in days.rstrip(",").split(",")) if days else "*"
    time = f"{_field(minute or '0')} {_field(hour or '0')}"
    return _checked(f"{time} {_field(day or '*')} {_field(month or '*')} {weekdays}", judge)


def _weekdays(item: str) -> str:
    return "-".join(name[:3].upper() for name in re.split(r"\.\.|-", item))


def _field(text: str) -> str:
    """Say a component: ranges have two dots there, and numbers zeros before them."""
    return re.sub(r"\b0+(?=\d)", "", text.replace("..", "-"))


def _duration(match: re.Match[str]) -> Suggestion:
    years, months, weeks, days, times = match.groups()
    if months and not _MONTHS_OF_A_YEAR % int(months or 1) and int(months):
        return "@monthly" if months == "1" else f"0 0 1 */{months} *" if int(months) < _MONTHS_OF_A_YEAR else "@yearly"
    if years:
        return "@yearly" if years == "1" else None
    length = f"{weeks or 0}w {days or 0}d " if weeks or days else ""
    return interval_of(length + (times or ""))


def _repeated(match: re.Match[str], _: Judge) -> Found:
    """R5/start/length: the start is the anchor; how often there is no word for."""
    duration = _DURATION.fullmatch(match[3])
    better = _duration(duration) if duration else None
    lost = f"; the count {match[1]} is lost, for a task ends at an instant (ends_at)" if match[1] else ""
    if isinstance(better, dict) and is_instant(match[2]):
        better = {**better, "anchor": match[2]}
    return f"this is a repeated interval of ISO 8601{lost}", better


def is_instant(text: str) -> bool:
    """Tell whether a date with its time is one, and none at the edge of the calendar."""
    try:
        return 1 < datetime.fromisoformat(text.upper()).year < MAXYEAR
    except ValueError:
        return False


def _call(match: re.Match[str], judge: Judge) -> Found:
    fields = fields_of_call(match[1])
    return "crontab(...) is the form of Celery", judge.whole(fields) if fields else None


_FORMS: tuple[tuple[re.Pattern[str], Callable[[re.Match[str], Judge], Found | None]], ...] = (
    (_ASSIGNED, _assigned),
    (_ON_CALENDAR, _on_calendar),
    (re.compile("|".join(_SYSTEMD_WORDS), re.IGNORECASE), _word),
    (_REPEATED, _repeated),
    (_DURATION, _length),
    (_RULE, _recurring),
    (_CALL, _call),
    (_CLOCK, _time_of_day),
    (_CALENDAR, _bare_calendar),
)
