"""The expressions of Quartz, Spring and AWS, with seconds or a year, said in five fields where five say the same."""

import re
from collections.abc import Sequence
from typing import NamedTuple

from tasks_app.recurrence.fields import DAY_NAMES
from tasks_app.recurrence.pieces import FIVE, IsValid, Suggestion

SIX = 6
_MINUTE = 60
_WEEK = 7
_EVERY = {"*", "?"}
_SECONDS = re.compile(r"(?:\*|(\d\d?)(?:-(\d\d?))?)(?:/(\d\d?))?")
_WEEKDAYS = re.compile(rf"([1-7]|{'|'.join(DAY_NAMES)})(?:-([1-7]|{'|'.join(DAY_NAMES)}))?(?:/([1-7]))?")
_BACKWARDS = re.compile(r"(\d+)-(\d+)")
_ROUNDS = ((0, 59), (0, 23), None, (1, 12))
"""The lowest and the highest of minute, hour and month: ranges go round there."""


class Reading(NamedTuple):
    """What an expression says when its first field is seconds; nothing is suggested where no schedule here says it."""

    suggestion: Suggestion
    dropped: str = ""
    """The second that the suggestion leaves out."""


def without_seconds(fields: Sequence[str], is_valid: IsValid) -> Reading | None:
    """Read seconds first, and in Quartz a year at the end; None where it cannot be read so."""
    seconds, *rest = fields
    if len(rest) == SIX:
        if rest[5] not in _EVERY:
            return None
        rest = rest[:FIVE]
    places = _seconds(seconds)
    # Elsewhere ? stands in the day fields only.
    if not places or "?" in (rest[0], rest[1], rest[3]):
        return None
    expression = checked(" ".join(in_five(rest) if "?" in rest else rest), is_valid)
    if expression is None:
        return None
    if len(places) > 1:
        return Reading(_interval(places) if set(rest) <= _EVERY else None)
    return Reading(expression, str(places[0] or ""))


def without_year(fields: Sequence[str], is_valid: IsValid) -> str | None:
    """AWS and others: a year at the end."""
    if fields[5] != "*":
        return None
    rest = fields[:FIVE]
    return checked(" ".join(in_five(rest) if "?" in rest else rest), is_valid)


def ends_with_year(fields: Sequence[str]) -> bool:
    """Tell whether an hour or a weekday stands where it does with a year at the end."""
    has_weekday = fields[4] != "*"
    return has_weekday or (fields[2] == "*" and re.fullmatch(r"[1-9][0-9,-]*", fields[1]) is not None)


def in_five(fields: Sequence[str]) -> list[str]:
    """Say five fields as they are meant there: weekdays count from SUN = 1, and ranges may go round."""
    *others, weekday = [field.upper() for field in fields]
    rounded = [_rounded(field, place) for field, place in zip(others, _ROUNDS, strict=True)]
    named = ",".join(_weekday(item) for item in weekday.split(","))
    return ["*" if field == "?" else field for field in (*rounded, named)]


def checked(expression: str | None, is_valid: IsValid) -> str | None:
    """Never suggest what would be refused in its turn."""
    return expression if expression and is_valid(expression) else None


def _seconds(field: str) -> list[int]:
    """Give the seconds of a minute that a field names; none where it is no such field."""
    found: set[int] = set()
    for item in field.split(","):
        match = _SECONDS.fullmatch(item)
        if not match:
            return []
        low, step = int(match[1] or 0), int(match[3] or 1)
        high = int(match[2]) if match[2] else low if match[1] and not match[3] else _MINUTE - 1
        if not low <= high < _MINUTE or not step:
            return []
        found.update(range(low, high + 1, step))
    return sorted(found)


def _interval(places: list[int]) -> Suggestion:
    """Give the interval that seconds are when the distance is the same all round the minute."""
    step, rest = divmod(_MINUTE, len(places))
    if rest or places != [places[0] + step * number for number in range(len(places))]:
        return None
    anchor = {"anchor": f"1970-01-01T00:00:{places[0]:02}Z"} if places[0] else {}
    return {"kind": "every", "seconds": step, **anchor}


def _rounded(field: str, ends: tuple[int, int] | None) -> str:
    """Say a range that goes round, such as 22-6, as two."""
    match = _BACKWARDS.fullmatch(field)
    if not ends or not match or int(match[1]) <= int(match[2]):
        return field
    return f"{match[1]}-{ends[1]},{ends[0]}-{match[2]}"


def _weekday(item: str) -> str:
    """Say an item of the weekdays; what hangs on a number (6L, 6#3) stays, a step and a range going round are lists."""
    match = _WEEKDAYS.fullmatch(item)
    if not match:
        item = "SAT" if item == "L" else item
        return re.sub(r"(?<![#/\d])[1-7](?!\d)", lambda number: DAY_NAMES[int(number[0]) - 1], item)
    first = _number(match[1])
    # There a step without an end goes on to Saturday, here to Sunday as 7.
    last = _number(match[2]) if match[2] else _WEEK - 1 if match[3] else first
    if first <= last and not match[3]:
        return DAY_NAMES[first] + (f"-{DAY_NAMES[last]}" if match[2] else "")
    days = range(first, last + 1 if first <= last else last + 1 + _WEEK, int(match[3] or 1))
    return ",".join(DAY_NAMES[day % _WEEK] for day in days)


def _number(day: str) -> int:
    """Count from Sunday = 0."""
    return int(day) - 1 if day.isdecimal() else DAY_NAMES.index(day)
