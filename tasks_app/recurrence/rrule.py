"""Rules of iCalendar, as far as five fields, an interval or plain words say the same; nothing of a rule is dropped."""

import re

from tasks_app.recurrence.fields import DAY_NAMES
from tasks_app.recurrence.lengths import interval_of
from tasks_app.recurrence.pieces import Suggestion

_DAYS = ("SU", "MO", "TU", "WE", "TH", "FR", "SA")
_WORKDAYS = frozenset({"MO", "TU", "WE", "TH", "FR"})
_UNITS = {"SECONDLY": "s", "MINUTELY": "m", "HOURLY": "h", "DAILY": "d", "WEEKLY": "w"}
_NTH = re.compile(rf"\+?([1-5]|-1)?({'|'.join(_DAYS)})")
_KNOWN = {"FREQ", "INTERVAL", "BYMINUTE", "BYHOUR", "BYMONTHDAY", "BYMONTH", "BYDAY", "BYSETPOS", "WKST"}
_FROM_END = re.compile(r"-([1-9]|[12]\d|3[01])")
_COUNT = re.compile(r"[1-9]\d{0,3}")
_HOUR, _MINUTE = re.compile(r"[01]?\d|2[0-3]"), re.compile(r"[0-5]?\d")


def said_of_rule(text: str) -> Suggestion:
    """Say a rule in capitals, such as FREQ=WEEKLY;BYDAY=MO; None where nothing here says it."""
    parts = dict(part.split("=", 1) for part in text.rstrip(";").split(";") if "=" in part)
    if not set(parts) <= _KNOWN:
        return None  # also COUNT and UNTIL, which the task's end says
    parts.pop("WKST", None)
    frequency, interval = parts.pop("FREQ", ""), parts.pop("INTERVAL", "1")
    if interval != "1":
        return _repeated(frequency, interval, parts)
    if not parts and frequency in ("SECONDLY", "MINUTELY", "HOURLY"):
        return interval_of(f"1{_UNITS[frequency]}")
    return _fields(frequency, parts)


def _repeated(frequency: str, interval: str, parts: dict[str, str]) -> Suggestion:
    """Say every so many: an interval, or in words at a time of day."""
    if not parts:
        return interval_of(f"{interval}{_UNITS[frequency]}") if frequency in _UNITS else None
    day = parts.pop("BYDAY", "")
    hour, minute = parts.pop("BYHOUR", "0"), parts.pop("BYMINUTE", "0")
    if parts or not (_COUNT.fullmatch(interval) and _HOUR.fullmatch(hour) and _MINUTE.fullmatch(minute)):
        return None
    at = f"at {int(hour)}:{int(minute):02}"
    if frequency == "DAILY" and not day:
        return {"kind": "text", "text": f"every {int(interval)} days {at}"}
    names = [_DAYS.index(name) for name in day.split(",") if name in _DAYS]
    if frequency != "WEEKLY" or len(names) != len(day.split(",")):
        return None
    days = " and ".join(DAY_NAMES[name].capitalize() for name in names)
    return {"kind": "text", "text": f"every {int(interval)} weeks on {days} {at}"}


def _fields(frequency: str, parts: dict[str, str]) -> Suggestion:
    """Say it in five fields; what a rule leaves open is the beginning of its period, or every one of a shorter one."""
    rank = ["MINUTELY", "HOURLY", "DAILY", "WEEKLY", "MONTHLY", "YEARLY"]
    if frequency not in rank:
        return None
    minute = parts.get("BYMINUTE", "*" if frequency == "MINUTELY" else "0")
    hour = parts.get("BYHOUR", "*" if frequency in rank[:2] else "0")
    month = parts.get("BYMONTH", "*")
    day: str | None = parts.get("BYMONTHDAY", "")
    weekday = _weekday(frequency, parts) if "BYDAY" in parts else "*"
    if "BYSETPOS" in parts:
        day, weekday = _workday(frequency, parts), "*"
    if weekday is None or day is None or (day and weekday != "*"):
        return None
    if not day and weekday == "*":
        weekday = "MON" if frequency == "WEEKLY" else "*"
        day = "1" if frequency in ("MONTHLY", "YEARLY") else ""
        month = "1" if frequency == "YEARLY" and month == "*" else month
    return f"{minute} {hour} {_day(day) or '*'} {month} {weekday}"


def _day(days: str) -> str:
    """Say days that are counted from the end: -1 is L, -3 is L-2."""
    return ",".join(
        (f"L-{int(match[1]) - 1}" if match[1] != "1" else "L") if (match := _FROM_END.fullmatch(day)) else day
        for day in days.split(",")
    )


def _weekday(frequency: str, parts: dict[str, str]) -> str | None:
    """Say weekdays, counted in the month where the rule does; in the year they cannot be."""
    counts = frequency == "MONTHLY" or (frequency == "YEARLY" and "BYMONTH" in parts)
    said: list[str] = []
    for item in parts["BYDAY"].split(","):
        match = _NTH.fullmatch(item)
        if match is None or (match[1] and not counts):
            return None
        name = DAY_NAMES[_DAYS.index(match[2])]
        said.append(name if not match[1] else f"{name}L" if match[1] == "-1" else f"{name}#{match[1]}")
    return ",".join(said)


def _workday(frequency: str, parts: dict[str, str]) -> str | None:
    """Say the first or the last working day of the month."""
    is_workday = frequency == "MONTHLY" and set(parts.get("BYDAY", "").split(",")) == _WORKDAYS
    return {"1": "1W", "-1": "LW"}.get(parts["BYSETPOS"]) if is_workday and "BYMONTHDAY" not in parts else None
