"""Reads the fields of one schedule object and gathers what is wrong with them."""

import difflib
from collections.abc import Callable, Mapping, Sequence
from typing import Any, TypeVar
from zoneinfo import ZoneInfo

from tasks_app.recurrence.errors import Problem, ScheduleError, quoted
from tasks_app.recurrence.moments import Unreadable, read_instant, read_time, to_text

T = TypeVar("T")
MOST_SHOWN = 12
LARGEST_SHOWN = 10**36


class Reader:
    """One schedule object being read.

    A faulty field gives None and leaves a problem behind; look at `problems` in the end.
    """

    def __init__(self, data: Mapping[str, Any], zone: ZoneInfo, path: str = "") -> None:
        self.data = data
        self.zone = zone
        self.path = path
        self.problems: dict[str, list[Problem]] = {}

    def fail(self, field: str, code: str, message: str, suggestion: str | Mapping[str, object] | None = None) -> None:
        """Note a problem at a field."""
        self.problems.setdefault(self.path + field, []).append(Problem(code, message, None, suggestion))

    def take(self, error: ScheduleError, field: str) -> None:
        """Note the problems that something inside the field has."""
        for path, found in error.problems.items():
            where = f"{field}.{path}" if path and path != field else field
            self.problems.setdefault(self.path + where, []).extend(found)

    def has(self, field: str) -> bool:
        """Tell whether a field is given; null counts as absent."""
        return self.data.get(field) is not None

    def known(self, *fields: str) -> None:
        """Refuse every other field."""
        allowed = ("kind", *fields)
        for name in list(self.data)[:MOST_SHOWN]:
            if name not in allowed:
                close = difflib.get_close_matches(str(name)[:40], allowed, n=1)
                hint = f"did you mean {close[0]}?" if close else f"known are {', '.join(allowed)}"
                self.fail(str(name)[:40], "unknown_field", f"there is no field {quoted(name)} here; {hint}")

    def required(self, field: str, example: str) -> bool:
        """Tell whether a field is given, and note its absence."""
        if not self.has(field):
            self.fail(field, "required", f"{field} is needed, such as {example}")
        return self.has(field)

    def whole(self, field: str, low: int, high: int, *, what: str | None = None) -> int | None:
        """Read a whole number within a range."""
        value = self.data.get(field)
        if isinstance(value, int) and not isinstance(value, bool) and low <= value <= high:
            return value
        self.fail(field, "out_of_range", f"{what or f'{field} is {low}-{high}'}, not {_shown(value)}")
        return None

    def choice(self, field: str, names: Sequence[str]) -> str | None:
        """Read one of some words, in any case."""
        return self.word(field, self.data.get(field), names)

    def word(self, field: str, value: object, names: Sequence[str]) -> str | None:
        """Read a value as one of some words."""
        text = value.strip().lower() if isinstance(value, str) else ""
        if text in names:
            return text
        close = [name for name in names if text.startswith(name)] or difflib.get_close_matches(text[:20], names, n=1)
        hint = f"write {close[0]}" if close else f"choose from {', '.join(names)}"
        self.fail(field, "invalid_choice", f"{quoted(value)} is not known; {hint}", close[0] if close else None)
        return None

    def time(self, field: str = "time") -> str | None:
        """Read a time of day."""
        return self._written(field, '"09:00"', read_time)

    def instant(self, field: str) -> str | None:
        """Read an instant, as RFC 3339 in UTC."""
        return self._written(field, '"2027-03-03T12:00:00Z"', lambda value: to_text(read_instant(value, self.zone)))

    def _written(self, field: str, example: str, read: Callable[[object], T]) -> T | None:
        if not self.required(field, example):
            return None
        try:
            return read(self.data[field])
        except Unreadable as error:
            self.problems.setdefault(self.path + field, []).append(error.problem)
            return None


def _shown(value: object) -> str:
    if not isinstance(value, int) or isinstance(value, bool):
        return quoted(value)[:36]
    return str(value) if abs(value) < LARGEST_SHOWN else "a number of that size"
