"""Dates that are told from today: "tomorrow at 9" is refused with the date that it is at this moment."""

import re
import time
from collections.abc import Callable
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from tasks_app.recurrence.errors import quoted
from tasks_app.recurrence.text import words
from tasks_app.recurrence.text.bounds import START
from tasks_app.recurrence.text.refusal import Refusal
from tasks_app.recurrence.writing import WEEKDAYS

_DAYS_IN = {"day": 1, "week": 7, "fortnight": 14}
_WEEK, _MONTHS, _NOON = 7, 12, 12
_WEEKDAY = "|".join(sorted(words.WEEKDAY, key=len, reverse=True))
_COUNT = rf"\d{{1,4}}|an?|{'|'.join(sorted(words.NUMBER, key=len, reverse=True))}"
_LEAD = r"(?:on |at |@ ?)?"
_DAY = re.compile(
    rf"\b{_LEAD}(?P<said>(?P<day>today|tonight|tomorrow)|(?:the )?(?P<which>this|next|coming) (?P<weekday>{_WEEKDAY})"
    rf"|in (?P<count>{_COUNT}) (?P<unit>day|week|fortnight)s?|(?P<next>next (?:week|month|year)))\b"
    r"(?P<nth>,? (?:on )?(?:the )?(?P<number>\d{1,2})(?:st|nd|rd|th)\b)?",
    re.IGNORECASE,
)
_SPAN = re.compile(
    rf"(?:run |once )?(?:in )?(?P<count>{_COUNT}|half an) (?P<unit>minute|min|m|hour|hr|h)s?(?: from now)?",
    re.IGNORECASE,
)
_SPAN_SIGN = re.compile(r"\bin\b|\bfrom now\b", re.IGNORECASE)
_NOW = re.compile(
    r"(?:run |start |do it |once )?(?:right |just )?"
    r"(?:now|asap|a\.s\.a\.p\.?|immediately|at once|straight ?away|right away|instantly|as soon as possible)",
    re.IGNORECASE,
)
_START = re.compile(
    r",? *\b(?:starting|beginning|starts|from|as of)(?: on| from"
    r")? (?P<said>today|tomorrow|tonight|now(?: on)?|next \w+)\b",
    re.IGNORECASE,
)
_PLAIN_HOUR = re.compile(r"\bat (1[01]|[1-9])(?::(\d\d))?(?! ?[ap]\.?m)(?=\s*$)", re.IGNORECASE)


def check_relative(text: str, zone: ZoneInfo) -> None:
    """Raise Refusal where a text counts from now; the suggestion has the date."""
    now = _now(zone)
    span = _SPAN.fullmatch(text.strip())
    if span and _SPAN_SIGN.search(text):
        raise _refusal(text, text.strip(), 0, _after(span, now))
    if _NOW.fullmatch(text.strip(" .!")):
        raise _at_once(text, now)
    start = _START.search(text)
    if start:
        message = f"{quoted(start['said'])}: when it starts does not belong in the text, but in the field {START}"
        better = f"{text[: start.start()]}{text[start.end() :]}".strip()
        raise Refusal("text_relative", message, start.start("said"), better)
    found = _DAY.search(text)
    if found and (found["number"] is None or found["next"]):
        day = _day(found, now.date())
        if day:
            raise _refusal(text, found["said"], found.start("said"), _with_date(text, found, day, now))


def _at_once(text: str, now: datetime) -> Refusal:
    """Suggest a minute that is still to come when the suggestion is taken."""
    better = _in_minutes(2, now)
    message = f'{quoted(text.strip())} is no schedule: choose Only by hand and press Run now, or write "{better}"'
    return Refusal("text_relative", message, len(text) - len(text.lstrip()), better)


def _now(zone: ZoneInfo) -> datetime:
    return datetime.fromtimestamp(time.time(), zone)


def _refusal(text: str, said: str, position: int, better: str) -> Refusal:
    message = f'{quoted(said)}: a schedule knows no today; write the date: "{better}"'
    return Refusal("text_relative", message, position + (len(text) - len(text.lstrip()) if not position else 0), better)


def _written(day: date) -> str:
    return f"{day.day} {words.MONTH_NAMES[day.month - 1].capitalize()} {day.year}"


def _with_date(text: str, found: re.Match[str], day: date, now: datetime) -> str:
    evening = " in the evening" if (found["day"] or "").lower() == "tonight" else ""
    end = text[found.end() :]
    if (found["day"] or "").lower() == "today":
        end = _PLAIN_HOUR.sub(lambda hour: _still_to_come(hour, now), end)
    return f"{text[: found.start()]}on {_written(day)}{evening}{end}".strip()


def _still_to_come(hour: re.Match[str], now: datetime) -> str:
    """Take "today at 5" for the afternoon once five in the morning is over."""
    is_over = (int(hour[1]), int(hour[2] or 0)) <= (now.hour, now.minute)
    return f"at {int(hour[1]) + _NOON * is_over}:{hour[2] or '00'}" if is_over else hour[0]


def _after(span: re.Match[str], now: datetime) -> str:
    """Give the whole minute at which a span from now has passed."""
    count = 0.5 if span["count"].lower() == "half an" else _count(span["count"])
    minutes = count * (60 if span["unit"].lower().startswith("h") else 1)
    return _in_minutes(minutes, now)


def _in_minutes(minutes: float, now: datetime) -> str:
    moment = datetime.fromtimestamp(-(-(now.timestamp() + 60 * minutes) // 60) * 60, now.tzinfo)
    return f"on {_written(moment.date())} at {moment:%H:%M}"


def _count(written: str) -> int:
    return int(written) if written.isdecimal() else words.NUMBER.get(written.lower(), 1)


def _day(found: re.Match[str], today: date) -> date | None:
    readers: tuple[tuple[str, Callable[[re.Match[str], date], date]], ...] = (
        ("day", lambda match, day: day + timedelta(days=match["day"].lower() == "tomorrow")),
        ("weekday", _weekday),
        ("unit", lambda match, day: day + timedelta(days=_count(match["count"]) * _DAYS_IN[match["unit"].lower()])),
        ("next", _next),
    )
    try:
        return next((read(found, today) for group, read in readers if found[group]), None)
    except (ValueError, OverflowError):
        return None


def _weekday(found: re.Match[str], today: date) -> date:
    """Give the first such weekday after today."""
    place = WEEKDAYS.index(words.WEEKDAY[found["weekday"].lower()])
    return today + timedelta(days=(place - today.weekday() - 1) % _WEEK + 1)


def _next(found: re.Match[str], today: date) -> date:
    """Give the Monday of the next week, the first or the named day of the next month or year."""
    unit = found["next"].lower().split()[-1]
    number = int(found["number"] or 1)
    if unit == "week":
        return today + timedelta(days=_WEEK - today.weekday())
    if unit == "year":
        return date(today.year + 1, 1, number)
    return date(today.year + today.month // _MONTHS, today.month % _MONTHS + 1, number)
