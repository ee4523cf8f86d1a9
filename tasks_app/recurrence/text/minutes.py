"""Minutes past the hour: at minute 20, at 20 past, at :15, on the hour, in the hours 8 and 20."""

from dataclasses import replace

from tasks_app.recurrence.text import words
from tasks_app.recurrence.text.clauses import Hours, Minutes, Phase
from tasks_app.recurrence.text.cursor import Cursor
from tasks_app.recurrence.text.refusal import Refusal
from tasks_app.recurrence.text.times import HOUR, MINUTE_WORDS
from tasks_app.recurrence.text.tokens import Token

_PAST = {"past", "after"}
_FRACTIONS = {("half", "past"): 30, ("quarter", "past"): 15, ("quarter", "to"): 45}
_HOURS_IN_DAY = 24


def read_minutes(cursor: Cursor) -> Minutes | None:
    """Read the minutes of every hour behind "at" or "on", or give None with the cursor where it was."""
    start = cursor.position
    if cursor.accept("the", "top"):
        return Minutes(start=start, end=cursor.last_end, minutes=(0,), of_hour=_of_the_hour(cursor))
    if cursor.accept("the", "half", "hour"):
        return Minutes(start=start, end=cursor.last_end, minutes=(30,))
    if cursor.accept("the", "hour"):
        return Minutes(start=start, end=cursor.last_end, minutes=(0,))
    minutes = _named(cursor) or _with_colon(cursor) or _before_past(cursor) or _fraction(cursor)
    if minutes is None:
        return None
    for token in minutes:
        if (token.number or 0) >= HOUR:
            raise Refusal("text_time", f"minute is 0-59, not {token.number}", token.start)
    of_hour = _of_the_hour(cursor)
    numbers = tuple(sorted({token.number or 0 for token in minutes}))
    return Minutes(start=start, end=cursor.last_end, minutes=numbers, of_hour=of_hour)


def _of_the_hour(cursor: Cursor) -> str:
    """Go past "past the hour" or "of every hour"; give its middle word."""
    place = 1 if cursor.word() in _PAST | {"of"} else 0
    word = cursor.word(place)
    is_numbered = _is_number(cursor.peek(place + 2))  # "of the hour 4" names one
    if word in {"the", "each", "every"} and cursor.word(place + 1) == "hour" and not is_numbered:
        cursor.at += place + 2
        return word
    cursor.accept_of(_PAST)
    return ""


def _named(cursor: Cursor) -> list[Token] | None:
    """Read "minute 20", "minutes 5, 20 and 35"."""
    if cursor.word() not in MINUTE_WORDS or not _is_number(cursor.peek(1)):
        return None
    cursor.take()
    return read_numbers(cursor)


def read_numbers(cursor: Cursor) -> list[Token]:
    """Read a list of plain numbers and ranges of them."""
    found = _range(cursor)
    while count := cursor.separators(words.LIST):
        if not _is_number(cursor.peek(count)):
            break
        cursor.at += count
        found += _range(cursor)
    return found


def _range(cursor: Cursor) -> list[Token]:
    first = cursor.take()
    if cursor.word() not in words.RANGE or not _is_number(cursor.peek(1)):
        return [first]
    cursor.take()
    last = cursor.take()
    if last.number is None or first.number is None or not first.number < last.number < HOUR:
        raise Refusal("text_number", "the numbers must rise", last.start)
    return [replace(first, number=number) for number in range(first.number, last.number + 1)]


def _is_number(token: Token) -> bool:
    return token.number is not None and not token.is_ordinal


def _with_colon(cursor: Cursor) -> list[Token] | None:
    """Read ":15 and :45"."""
    found: list[Token] = []
    count = 0
    while cursor.word(count) == ":" and cursor.peek(count + 1).digits:
        cursor.at += count + 1
        found.append(cursor.take())
        cursor.accept("past")
        count = cursor.separators(words.LIST)
    return found or None


def _before_past(cursor: Cursor) -> list[Token] | None:
    """Read "20 past", "5, 20 and 35 minutes past" where no hour follows."""
    place = 0
    while _is_number(cursor.peek(place)) or cursor.word(place) in words.LIST:
        place += 1
    after = place + (cursor.word(place) in MINUTE_WORDS)
    if not place or cursor.word(after) not in _PAST or not _is_number(cursor.peek()):
        return None
    following = cursor.peek(after + 1)
    if following.word in words.CLOCK_WORD or _is_number(following):
        return None
    found = read_numbers(cursor)
    cursor.accept_of(MINUTE_WORDS)
    return found if cursor.word() in _PAST else None


def _fraction(cursor: Cursor) -> list[Token] | None:
    """Read "half past", "a quarter to" where no hour follows."""
    place = 1 if cursor.word() == "a" else 0
    minute = _FRACTIONS.get((cursor.word(place), cursor.word(place + 1)))
    following = cursor.peek(place + 2)
    if minute is None or following.word in words.CLOCK_WORD or _is_number(following):
        return None
    token = cursor.peek(place)
    cursor.at += place + 2
    return [Token("", token.start, token.end, number=minute)]


def read_hours(cursor: Cursor) -> Hours:
    """Read the numbers of "in the hours 8 and 20"."""
    start = cursor.position
    hours = [token.number or 0 for token in read_numbers(cursor)]
    if max(hours) >= _HOURS_IN_DAY:
        raise Refusal("text_time", f"hours are 0-23, not {max(hours)}", start)
    return Hours(start=start, end=cursor.last_end, hours=tuple(sorted(set(hours))))


def read_phase(cursor: Cursor) -> Phase:
    """Read "minute 5 of each hour" behind "from"."""
    start = cursor.position
    cursor.take()
    token = cursor.take()
    if token.number is None or token.number >= HOUR:
        raise Refusal("text_time", "minute is 0-59", token.start)
    _of_the_hour(cursor)
    return Phase(start=start, end=cursor.last_end, minute=token.number)
