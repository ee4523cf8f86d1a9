"""Lists of months: in July and August, from November to February."""

from tasks_app.recurrence.text import words
from tasks_app.recurrence.text.bounds import refuse_year
from tasks_app.recurrence.text.clauses import Months
from tasks_app.recurrence.text.cursor import Cursor

YEAR = 12
_CLOCK_SIGNS = {":", "am", "pm", "oclock", "h"}


def month_list(cursor: Cursor) -> frozenset[int]:
    """Read months; an empty set when none come."""
    chosen = _item(cursor)
    while chosen and (count := cursor.separators(words.LIST)):
        # From January to March and from June to September.
        count += cursor.word(count) == "from" and cursor.word(count + 2) in words.RANGE and is_month(cursor, count + 3)
        if not is_month(cursor, count):
            break
        cursor.at += count
        chosen |= _item(cursor)
    return frozenset(chosen)


def is_month(cursor: Cursor, ahead: int = 0) -> bool:
    """Tell whether a month comes that is not the beginning of a date."""
    return cursor.word(ahead) in words.MONTH and not is_month_date(cursor, ahead)


def is_month_date(cursor: Cursor, ahead: int = 0) -> bool:
    """Tell whether a month and a day come: March 3, March the 3rd."""
    if cursor.word(ahead) not in words.MONTH:
        return False
    day = ahead + 1 + (cursor.word(ahead + 1) == "the")
    token = cursor.peek(day)
    if token.is_ordinal:
        return True
    is_day = token.number is not None and len(token.digits) <= 2  # noqa: PLR2004  # and no year
    is_clock = cursor.word(day + 1) in _CLOCK_SIGNS or (cursor.word(day + 1) == "." and cursor.word(day + 3) != ".")
    return is_day and not is_clock


def _item(cursor: Cursor) -> set[int]:
    first = words.MONTH.get(cursor.word())
    if not first:
        return set()
    cursor.take()
    if cursor.word() not in words.RANGE or not is_month(cursor, 1):
        return {first}
    cursor.take()
    last = words.MONTH[cursor.take().word]
    return {(month - 1) % YEAR + 1 for month in range(first, last + 1 if last >= first else last + YEAR + 1)}


def read_months(cursor: Cursor, *, start: int, is_repeated: bool = False) -> Months | None:
    """Read a list of months as a clause of its own."""
    months = month_list(cursor)
    if not months:
        return None
    refuse_year(cursor, start)
    return Months(start=start, end=cursor.last_end, months=months, is_repeated=is_repeated)


def of_months(cursor: Cursor) -> frozenset[int]:
    """Read "of July and August" or "in March"; an empty set when it does not come."""
    if cursor.word() not in {"of", "in"} or not is_month(cursor, 1):
        return frozenset()
    start = cursor.take().start
    months = month_list(cursor)
    refuse_year(cursor, start)
    return months
