"""Calendar dates: 3 March 2027, March 3, 2027-03-03, 31/12/2027, and the same without a year."""

from collections.abc import Sequence
from datetime import date

from tasks_app.recurrence.text import words
from tasks_app.recurrence.text.bounds import refuse_year
from tasks_app.recurrence.text.clauses import Dates, Days, Item
from tasks_app.recurrence.text.cursor import Cursor
from tasks_app.recurrence.text.months import is_month_date, month_list
from tasks_app.recurrence.text.refusal import Refusal
from tasks_app.recurrence.text.times import is_date
from tasks_app.recurrence.text.tokens import Token

MONTH_LENGTHS = (31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31)
_FIRST_YEAR = 1970
_YEAR_DIGITS = 4
_MONTHS = 12
_ARTICLES = {"the", "a", "each", "every"}


def read_date(cursor: Cursor, *, start: int, is_repeated: bool = False) -> Dates | Days | None:
    """Read a date or a list of days of one month, or give None with the cursor where it was."""
    if is_date(cursor):
        return Dates(start=start, end=cursor.peek(4).end, dates=(_in_digits(cursor),))
    if is_month_date(cursor):
        month = words.MONTH[cursor.take().word]
        cursor.accept("the")
        return with_year(cursor, _days(cursor), month, start=start, is_repeated=is_repeated)
    after = _after_numbers(cursor)
    if not (_is_month_at(cursor, after) or _is_of_month(cursor, after)):
        return None
    days = _days(cursor)
    if _is_of_month(cursor, 0):
        is_repeated = is_repeated or cursor.word(1) in {"each", "every"}
        cursor.at += 2 + (cursor.word(1) in _ARTICLES)
        items = tuple(Item("day", checked_day(token)) for token in days)
        return Days(start=start, end=cursor.last_end, items=items, scope="month", is_repeated=is_repeated)
    cursor.accept("of")
    return of_months(cursor, days, start=start, is_repeated=is_repeated)


def of_months(cursor: Cursor, days: Sequence[Token], *, start: int, is_repeated: bool) -> Dates | Days:
    """Read the months of some days: January, or January and July."""
    months = month_list(cursor)
    if len(months) == 1:
        return with_year(cursor, days, min(months), start=start, is_repeated=is_repeated)
    refuse_year(cursor, start)
    items = tuple(Item("day", checked_day(token)) for token in days)
    return Days(start=start, end=cursor.last_end, items=items, months=months, is_repeated=is_repeated)


def checked_day(token: Token) -> int:
    """Give the number of a day that some month has."""
    if not 1 <= (token.number or 0) <= max(MONTH_LENGTHS):
        raise Refusal("text_never", f"a month has no day {token.number}", token.start)
    return token.number or 0


def is_date_start(cursor: Cursor) -> bool:
    """Tell whether read_date would read something."""
    after = _after_numbers(cursor)
    is_days = _is_month_at(cursor, after) or _is_of_month(cursor, after)
    return is_date(cursor) or is_month_date(cursor) or is_days


def _is_month_at(cursor: Cursor, after: int) -> bool:
    return bool(after) and cursor.word(after + (cursor.word(after) == "of")) in words.MONTH


def _is_of_month(cursor: Cursor, after: int) -> bool:
    """Tell whether "of the month" comes."""
    if cursor.word(after) != "of":
        return False
    return cursor.word(after + 1 + (cursor.word(after + 1) in _ARTICLES)) == "month"


def _after_numbers(cursor: Cursor) -> int:
    """Count the words of "3", "1 and 15"."""
    place = 0
    while cursor.peek(place).number is not None:
        place += 1
        separators = place
        while cursor.word(separators) in words.LIST:
            separators += 1
        if separators == place or cursor.peek(separators).number is None:
            return place
        place = separators
    return 0


def _days(cursor: Cursor) -> list[Token]:
    found = [cursor.take()]
    while count := cursor.separators(words.LIST):
        token = cursor.peek(count)
        if (
            token.number is None
            or len(token.digits) == _YEAR_DIGITS
            or cursor.word(count + 1) in {":", "am", "pm", "h"}
        ):
            break
        cursor.at += count
        found.append(cursor.take())
    return found


def with_year(cursor: Cursor, days: Sequence[Token], month: int, *, start: int, is_repeated: bool) -> Dates | Days:
    """Read a year where one follows, and make the dates of it; else they are days of each year."""
    for token in days:
        if not 1 <= (token.number or 0) <= MONTH_LENGTHS[month - 1]:
            name = words.MONTH_NAMES[month - 1].capitalize()
            raise Refusal("text_never", f"{name} has no day {token.number}", token.start)
    numbers = [token.number or 0 for token in days]
    year = read_year(cursor)
    if year:
        dates = tuple(make_date(year, month, number, days[0].start) for number in numbers)
        return Dates(start=start, end=cursor.last_end, dates=dates)
    items = tuple(Item("day", number) for number in numbers)
    return Days(start=start, end=cursor.last_end, items=items, months=frozenset({month}), is_repeated=is_repeated)


def read_year(cursor: Cursor) -> int:
    """Read a year behind a month, with or without a comma; 0 when none comes."""
    ahead = 1 if cursor.word() == "," else 0
    token = cursor.peek(ahead)
    if len(token.digits) != _YEAR_DIGITS or cursor.word(ahead + 1) == ":":
        return 0
    cursor.at += ahead + 1
    return token.number or 0


def make_date(year: int, month: int, day: int, position: int) -> date:
    """Make a date; raises Refusal when the calendar has no such day."""
    if year < _FIRST_YEAR:
        raise Refusal("text_date", f"the year {year} is long past", position)
    try:
        return date(year, month, day)
    except ValueError:
        raise Refusal("text_never", f"there is no {year:04}-{month:02}-{day:02} in the calendar", position) from None


def _in_digits(cursor: Cursor) -> date:
    """Read 2027-03-03, 3.3.2027, 31/12/2027."""
    first, _, second, _, third = (cursor.take() for _ in range(5))
    numbers = (first.number or 0, second.number or 0, third.number or 0)
    if len(first.digits) == _YEAR_DIGITS:
        cursor.accept("t")
        return make_date(*numbers, first.start)
    if len(third.digits) != _YEAR_DIGITS:
        raise Refusal("text_date", "write the year with four digits, as in 2027-03-03", first.start)
    one, two, year = numbers
    if one == two or two > _MONTHS:
        return make_date(year, one, two, first.start)
    if one > _MONTHS:
        return make_date(year, two, one, first.start)
    readings = [f"{year}-{month:02}-{day:02}" for month, day in ((two, one), (one, two))]
    better = [cursor.changed(first.start, third.end, reading) for reading in readings]
    message = f"which is the month? Write {readings[0]} or {readings[1]}"
    raise Refusal("text_ambiguous", message, first.start, *better)
