"""The grammar of one cron field: numbers, names, ranges, steps and lists, read into a bit mask."""

import re
from collections.abc import Iterator
from dataclasses import dataclass

from tasks_app.recurrence.errors import Problem, quoted

MOST_ITEMS = 60
MONTH_NAMES = ("JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC")
DAY_NAMES = ("SUN", "MON", "TUE", "WED", "THU", "FRI", "SAT")
SUNDAY_AS_7 = 7
WEEK = 7
_SPREAD = "set the field Spread (spread_seconds) of the task, a shift of its own that stays the same"
# What people mean who count from 0, or one further than there is.
_NEAR = {
    ("cron_minute", "60"): "0",
    ("cron_hour", "24"): "0",
    ("cron_day", "0"): "1",
    ("cron_day", "32"): "L",
    ("cron_month", "0"): "1",
    ("cron_month", "13"): "1",
    ("cron_weekday", "8"): "1",
}
_SUNDAYS = " (0 and 7 are Sunday)"
_NUMBER = re.compile(r"[0-9]{1,4}")
_NAME = re.compile(r"[A-Z]+")


@dataclass(frozen=True)
class Field:
    """One of the five places of an expression. Names count from `lowest`."""

    code: str
    label: str
    lowest: int
    highest: int
    names: tuple[str, ...] = ()

    @property
    def span(self) -> str:
        """Say what the field takes."""
        names = f" or {self.names[0]}-{self.names[-1]}" if self.names else ""
        return f"{self.label} is {self.lowest}-{self.highest}{names}"


MINUTE = Field("cron_minute", "minute", 0, 59)
HOUR = Field("cron_hour", "hour", 0, 23)
DAY = Field("cron_day", "day of month", 1, 31)
MONTH = Field("cron_month", "month", 1, 12, MONTH_NAMES)
WEEKDAY = Field("cron_weekday", "weekday", 0, 7, DAY_NAMES)
FIELDS = (MINUTE, HOUR, DAY, MONTH, WEEKDAY)


class FieldProblem(Exception):
    """Carries one Problem up to the expression, which knows where the field stands."""

    def __init__(self, field: Field, message: str, suggestion: str | None = None) -> None:
        super().__init__(message)
        self.problem = Problem(field.code, message, None, suggestion)

    def at(self, position: int) -> "FieldProblem":
        """Give the same problem with its place in the field."""
        self.problem = self.problem._replace(position=position)
        return self


def split_items(field: Field, text: str) -> Iterator[tuple[int, str]]:
    """Give the items of a list with their positions."""
    items = text.split(",")
    if len(items) > MOST_ITEMS:
        raise FieldProblem(field, f"{field.label} lists {len(items)} items; at most {MOST_ITEMS} are allowed")
    position = 0
    for item in items:
        is_behind = not item and position == len(text)  # a spare comma at the end is shown itself
        yield position - is_behind if position else 0, item
        position += len(item) + 1


def mask_of(field: Field, item: str) -> int:
    """Read one item of a list (`*`, `a`, `a-b`, each with an optional `/n`) into a mask with one bit for each value."""
    if not item:
        raise FieldProblem(field, f"{field.label} has an empty item in its list; remove the spare comma", "")
    base, slash, step_text = item.partition("/")
    _check_near(field, item, base)
    _check_names(field, item)
    step = _step_of(field, item, step_text) if slash else 1
    low, high = _range_of(field, base, step, open_ended=bool(slash))
    mask = 0
    for value in range(low, high + 1, step):
        mask |= 1 << value
    return mask


def _check_near(field: Field, item: str, base: str) -> None:
    """Refuse what lies just outside: counted otherwise, or a range that goes on too far."""
    better = _NEAR.get((field.code, item))
    low, dash, high = base.partition("-")
    if dash and high.isdecimal() and low.isdecimal() and field.lowest <= int(low) < field.highest < int(high):
        better = item.replace(base, f"{low}-{field.highest}", 1)
    if better:
        note = " for the last day" if better == "L" else ""
        sundays = _SUNDAYS if field is WEEKDAY else ""
        raise FieldProblem(field, f"{field.span}{sundays}, not {quoted_number(item)}; write {better}{note}", better)


def quoted_number(item: str) -> str:
    """Show a number as it is, and anything else in quotes."""
    return item if item.isdecimal() else quoted(item)


def _check_names(field: Field, item: str) -> None:
    """Refuse names that are written in full, with the whole item in short ones."""

    def short(match: re.Match[str]) -> str:
        return next((name for name in field.names if match[0].startswith(name)), match[0])

    better = _NAME.sub(short, item)
    if better != item:
        raise FieldProblem(field, f"{field.span}, not {quoted(item)}; write {better}", better)


def _range_of(field: Field, base: str, step: int, *, open_ended: bool) -> tuple[int, int]:
    if base == "*":
        return field.lowest, field.highest
    first, dash, last = base.partition("-")
    low = value_of(field, first)
    if not dash:
        return low, field.highest if open_ended else low
    high = value_of(field, last)
    if last == DAY_NAMES[0] and field is WEEKDAY and low > high:
        high = SUNDAY_AS_7
    if low > high:
        raise _reversed(field, base, (low, high), step)
    return low, high


def _reversed(field: Field, base: str, ends: tuple[int, int], step: int) -> FieldProblem:
    low, high = ends
    if step > 1:
        better = _round(field, low, high, step)
        return FieldProblem(field, f"{field.label} range {quoted(base)} runs backwards; write {better}", better)
    shown = [str(low), str(field.highest), str(field.lowest), str(high)]
    if field is WEEKDAY:
        shown[1] = "6"
    if field is WEEKDAY and low == SUNDAY_AS_7:
        better = f"0-{high}"
        return FieldProblem(field, f"{field.label} range {quoted(base)} runs backwards; write {better}", better)
    parts = [shown[0] if low == int(shown[1]) else f"{shown[0]}-{shown[1]}"]
    parts.append(shown[2] if high == field.lowest else f"{shown[2]}-{shown[3]}")
    better = ",".join(parts)
    return FieldProblem(field, f"{field.label} range {quoted(base)} runs backwards; write {better}", better)


def _round(field: Field, low: int, high: int, step: int) -> str:
    """Write out the steps of a range that goes round, such as 22-5/2."""
    size = WEEK if field is WEEKDAY else field.highest - field.lowest + 1
    values = range(low, high + size + 1, step)
    return ",".join(str((value - field.lowest) % size + field.lowest) for value in values)


def _step_of(field: Field, item: str, text: str) -> int:
    if not _NUMBER.fullmatch(text):
        raise FieldProblem(field, f"{field.label} step in {quoted(item)} must be a whole number, as in */5")
    step = int(text)
    if step == 0:
        better = item.partition("/")[0]
        raise FieldProblem(field, f"{field.label} step in {quoted(item)} must be at least 1; write {better}", better)
    if step > field.highest + 1:
        message = f"{field.label} step {step} is above the range, at most {field.highest}"
        better = str(field.lowest)
        message = f"{message}; a longer distance is an interval, and for once in a round write {better}"
        raise FieldProblem(field, message, better)
    if step > field.highest:
        better = str(field.lowest)
        message = f"{field.label} step {step} is above the range, at most {field.highest}; for once in a round write"
        raise FieldProblem(field, f"{message} {better}", better)
    return step


def value_of(field: Field, text: str) -> int:
    """Read a number or a name of the field."""
    if text in field.names:
        return field.names.index(text) + field.lowest
    if not _NUMBER.fullmatch(text):
        raise _not_a_value(field, text)
    value = int(text)
    if not field.lowest <= value <= field.highest:
        sundays = _SUNDAYS if field is WEEKDAY else ""
        raise FieldProblem(field, f"{field.span}{sundays}, not {value}")
    return value


def _not_a_value(field: Field, text: str) -> FieldProblem:
    if not text:
        return FieldProblem(field, f"{field.span}; a value is missing")
    if text == "?":
        return FieldProblem(field, f"{field.label} cannot be ?; write *", "*")
    if "~" in text:
        return FieldProblem(field, f"{field.label} cannot be random; choose a value and {_SPREAD}")
    if text[0] == "H":
        return FieldProblem(field, f"{field.label} cannot be H; choose a value and {_SPREAD}")
    return FieldProblem(field, f"{field.span}, not {quoted(text)}")
