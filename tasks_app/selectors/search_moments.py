"""Moments in a search: `due:<1h`, `due:today`, `after:2026-05-01`. Pure; the search grammar is `search_text`.

`1h` and `<1h` are no further than an hour ahead (or back, in lists of what was), `>1h` is further away than that.
`today`, `tomorrow`, `yesterday` and a date are that day in the reader's zone; `<2026-05-01` is before it,
`>2026-05-01` after it.
"""

import re
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta, tzinfo

TAKES = "a span such as <1h or >2d, or a date such as 2026-05-01"
DAYS = {"yesterday": -1, "today": 0, "tomorrow": 1}
_UNITS = {"m": 1, "min": 1, "h": 60, "d": 1440, "w": 10080}
_SPAN = re.compile(r"([<>]?)(\d{1,5})(min|m|h|d|w)\Z", re.ASCII)
_DATE = re.compile(r"([<>]?)(\d{4}-\d{2}-\d{2})\Z", re.ASCII)
_FAR = timedelta(days=2)


@dataclass(frozen=True)
class Between:
    """From the one instant (included) to the other (excluded); None is open."""

    start: datetime | None = None
    end: datetime | None = None


def is_moment(text: str) -> bool:
    """Say whether a value reads as a moment."""
    return between(text, now=datetime(2026, 1, 1, tzinfo=UTC), zone=UTC) is not None


def between(text: str, *, now: datetime, zone: tzinfo, is_ahead: bool = True) -> Between | None:
    """Read a value; spans reach ahead of now or, for lists of what was, back from it. None when it does not read."""
    text = text.strip().lower()
    if text in DAYS:
        return _day("", now.astimezone(zone).date() + timedelta(days=DAYS[text]), zone)
    if found := _SPAN.match(text):
        span = timedelta(minutes=int(found[2]) * _UNITS[found[3]])
        return _span(found[1], span, now, is_ahead=is_ahead)
    if found := _DATE.match(text):
        try:
            return _day(found[1], date.fromisoformat(found[2]), zone)
        except (ValueError, OverflowError):
            return None
    return None


def _span(sign: str, span: timedelta, now: datetime, *, is_ahead: bool) -> Between:
    try:
        edge = now + span if is_ahead else now - span
    except OverflowError:
        edge = None
    return Between(edge, None) if is_ahead == (sign == ">") else Between(None, edge)


def _day(sign: str, day: date, zone: tzinfo) -> Between | None:
    if not date.min + _FAR < day < date.max - _FAR:
        return None
    start = datetime.combine(day, time.min, zone)
    end = datetime.combine(day + timedelta(days=1), time.min, zone)
    return {"<": Between(None, start), ">": Between(end, None)}.get(sign, Between(start, end))
