"""The hours after midnight of a named night: "Friday night at 1" is a Friday to some and a Saturday to others."""

import re
from collections.abc import Iterable
from typing import NamedTuple

from tasks_app.recurrence.errors import quoted
from tasks_app.recurrence.text import words
from tasks_app.recurrence.text.clauses import Clock, Days, Head, Part
from tasks_app.recurrence.text.cursor import Cursor
from tasks_app.recurrence.text.refusal import Refusal
from tasks_app.recurrence.text.rules import Rule
from tasks_app.recurrence.text.times import HOUR
from tasks_app.recurrence.time_words import and_list
from tasks_app.recurrence.writing import WEEKDAYS

_MORNING = 6 * HOUR
_NIGHT = re.compile(r"\bnights?\b", re.IGNORECASE)


class _Edit(NamedTuple):
    start: int
    end: int
    instead: str


def check_nights(rule: Rule, cursor: Cursor, clocks: list[Clock]) -> None:
    """Refuse a time after midnight in the night of a weekday, with both days that may be meant."""
    days = [clause for clause in rule.of(Days) if clause.weekdays]
    part = rule.one(Part)
    early = [clock for clock in clocks if clock.minutes < _MORNING and _is_at_night(clock, part, cursor)]
    if not days or not early or len(days[0].weekdays) == len(WEEKDAYS):
        return
    plain = [_Edit(clock.start, clock.end, f"{clock.minutes // HOUR}:{clock.minutes % HOUR:02}") for clock in clocks]
    if part and part.part == "night":
        plain.append(_Edit(part.start, part.end, ""))
    head = rule.one(Head)
    opening = "" if head and head.count > 1 else "every "
    shifted = [_Edit(clause.start, clause.end, f"{opening}{_day_after(clause)}") for clause in days]
    same, following = _edited(cursor.text, plain), _edited(cursor.text, [*plain, *shifted])
    if len(early) < len(clocks):
        message = f'one of these times is before midnight and one after it; on the same day? Write "{same}"'
        raise Refusal("text_ambiguous", message, early[0].start, same)
    written = quoted(cursor.text[early[0].start : early[0].end])
    message = f'is {written} of the night before or after that day? Write "{same}" or "{following}"'
    raise Refusal("text_ambiguous", message, early[0].start, same, following)


def _is_at_night(clock: Clock, part: Part | None, cursor: Cursor) -> bool:
    return bool(part and part.part == "night") or bool(_NIGHT.search(cursor.text[clock.start : clock.end]))


def _day_after(clause: Days) -> str:
    places = sorted((WEEKDAYS.index(day) + 1) % len(WEEKDAYS) for day in clause.weekdays)
    return and_list([words.WEEKDAY_NAMES[place].capitalize() for place in places])


def _edited(text: str, edits: Iterable[_Edit]) -> str:
    for edit in sorted(edits, reverse=True):
        text = f"{text[: edit.start]}{edit.instead}{text[edit.end :]}"
    return " ".join(text.split())
