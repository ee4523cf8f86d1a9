"""Lists of weekdays: Mondays, Mon-Fri, weekends, Tuesday to Thursday and Sunday."""

from tasks_app.recurrence.text import words
from tasks_app.recurrence.text.clauses import Days
from tasks_app.recurrence.text.cursor import Cursor
from tasks_app.recurrence.text.months import of_months
from tasks_app.recurrence.text.refusal import Refusal
from tasks_app.recurrence.writing import WEEKDAYS

_SIGNS = words.LIST | {"/"}
_NEAREST = {"nearest", "closest"}
_DAY = {"day", "days"}
_PLURAL = ("days", "ends")
_ARTICLES = {"the", "each", "every", "a"}


def read_weekdays(cursor: Cursor, *, start: int, is_repeated: bool = False) -> Days | None:
    """Read a list of weekdays and what it belongs to, or give None with the cursor where it was."""
    first = cursor.position
    chosen = weekday_list(cursor)
    if not chosen:
        return None
    months = frozenset[int]()
    if cursor.word() == "of" and cursor.word(1) in _ARTICLES and cursor.word(2) in {"month", "week", "year"}:
        # Every Monday of the month is every Monday.
        if not is_repeated and not cursor.tokens[cursor.at - 1].word.endswith(_PLURAL):
            written = cursor.text[first : cursor.last_end]
            better = cursor.changed(start, cursor.last_end, f"on the first {written}")
            every = cursor.changed(start, cursor.last_end, f"every {written}")
            raise Refusal("text_ambiguous", f'which of them? Write "{better}", or "{every}"', start, better, every)
        cursor.at += 3
    else:
        months = of_months(cursor)
    return Days(start=start, end=cursor.last_end, weekdays=chosen, months=months, is_repeated=is_repeated)


def weekday_list(cursor: Cursor) -> frozenset[str]:
    """Read the weekdays themselves; an empty set when none come."""
    chosen = _item(cursor)
    while chosen and ((count := cursor.separators(_SIGNS)) or cursor.word() in words.WEEKDAY):
        here = cursor.at
        cursor.at += count
        more = _item(cursor)
        if not more:
            cursor.at = here
            break
        chosen |= more
    return frozenset(chosen)


def _item(cursor: Cursor) -> set[str]:
    first = words.WEEKDAY.get(cursor.word())
    if first:
        cursor.take()
        last = words.WEEKDAY.get(cursor.word(1)) if cursor.word() in words.RANGE else None
        if not last:
            return {first}
        cursor.at += 2
        return _range(first, last)
    length = working_day(cursor)
    if length:
        cursor.at += length
        return set(WEEKDAYS[:5])
    group = words.WEEKDAY_GROUP.get(cursor.word())
    if not group or cursor.word(1) in _NEAREST or (cursor.word() == "workday" and _is_counted(cursor, 1)):
        return set()
    cursor.take()
    return set(group)


def working_day(cursor: Cursor) -> int:
    """Count the words of "working day", unless it is counted: working day 5, the working day nearest the 15th."""
    if cursor.word() not in words.WORKING or cursor.word(1) not in _DAY or _is_counted(cursor, 2):
        return 0
    return 2


def _is_counted(cursor: Cursor, ahead: int) -> bool:
    token = cursor.peek(ahead)
    is_time = cursor.word(ahead + 1) in {":", "am", "pm", "oclock", "h", "."}
    return token.word in _NEAREST or (token.number is not None and not is_time)


def _range(first: str, last: str) -> set[str]:
    """Go round the week where it runs over its end."""
    low, high = WEEKDAYS.index(first), WEEKDAYS.index(last)
    return {WEEKDAYS[place % 7] for place in range(low, high + 1 if high >= low else high + 8)}
