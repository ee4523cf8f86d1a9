"""Tells by its first words which clause comes, and reads it."""

from collections.abc import Callable, Iterator
from dataclasses import replace

from tasks_app.recurrence.text import words
from tasks_app.recurrence.text.clauses import Clause, Dates, Days, Except, Months, Part
from tasks_app.recurrence.text.cursor import Cursor
from tasks_app.recurrence.text.dates import is_date_start, read_date
from tasks_app.recurrence.text.heads import EVERY, every_other, read_adverb, read_every, read_often
from tasks_app.recurrence.text.minutes import read_hours, read_minutes
from tasks_app.recurrence.text.month_days import is_item_start, read_items
from tasks_app.recurrence.text.months import month_list, read_months
from tasks_app.recurrence.text.refusal import Refusal
from tasks_app.recurrence.text.spans import read_for, read_from, read_starting, read_until, refuse_edge
from tasks_app.recurrence.text.times import MINUTE_WORDS, read_times
from tasks_app.recurrence.text.weekdays import read_weekdays, weekday_list

_SAID_BESIDES = {"only", "exactly", "precisely"}
Reader = Callable[[Cursor], list[Clause]]
_HARD = {";", "also"}
# A dash between clauses is no range; it stands for a comma.
_SOFT = {",", "-"}
_SEPARATORS = words.LIST | _HARD | _SOFT
_RELATIVE = "a schedule knows no today: say the date, such as 3 March 2027 at 9:00"


def read_pieces(cursor: Cursor) -> Iterator[tuple[str, Clause]]:
    """Give the clauses, each with what separates it from the one before: "", ",", "and" or ";"."""
    cursor.accept("please")
    if cursor.word(1) != "of" and cursor.accept_of(words.ORDERS):
        cursor.accept_of({"it", "this"})
    while not cursor.is_done() and not _only_at_end(cursor):
        here = cursor.peek()
        sign = _separator(cursor)
        if sign == "and" and (cursor.is_done() or here is cursor.tokens[0]):
            raise cursor.unexpected()
        if cursor.is_done():
            return
        for clause in _clause(cursor):
            if here.word == "-" and isinstance(clause, Days | Dates | Months):
                message = "a dash between these is not understood; write to, and, or a comma"
                raise Refusal("text_word", message, here.start)
            yield sign, clause
            sign = ""


def _only_at_end(cursor: Cursor) -> bool:
    """Tell whether nothing but "only" or "please" is left, as in weekdays only."""
    return cursor.word() in {"only", "please"} and cursor.at == len(cursor.tokens) - 1 and cursor.at > 0


def _separator(cursor: Cursor) -> str:
    found = set()
    while word := cursor.accept_of(_SEPARATORS):
        found.add(word)
    if found & _HARD:
        return ";"
    return "and" if found - _SOFT else "," if found else ""


def _clause(cursor: Cursor) -> list[Clause]:
    cursor.accept_of(_SAID_BESIDES)
    reader = _READERS.get(cursor.word())
    return reader(cursor) if reader else _bare(cursor)


def _bare(cursor: Cursor) -> list[Clause]:
    """Read a clause that no small word opens."""
    word, start = cursor.word(), cursor.position
    if word in words.ADVERB or (word == "half" and cursor.word(1) == "hourly"):
        return read_adverb(cursor)
    if word in words.OFTEN or (cursor.peek().number is not None and cursor.word(1) == "times"):
        return read_often(cursor)
    if word in words.PART_WORD:
        cursor.take()
        return [Part(start=start, end=cursor.last_end, part=words.PART_WORD[word])]
    refuse_edge(cursor, start)
    days = _days(cursor, start)
    if days:
        return days
    if not cursor.at and cursor.word(1) == "h" and not cursor.peek(2).digits:
        raise _number_alone(cursor) or cursor.unexpected()
    past = read_minutes(cursor) if word not in MINUTE_WORDS and word != "the" else None
    found = past or read_times(cursor, is_bare=True)
    if found:
        return [found]
    raise _number_alone(cursor) or cursor.unexpected()


def _days(cursor: Cursor, start: int) -> list[Clause]:
    """Read weekdays, dates, days counted in a month, or months."""
    found: Clause | None = read_weekdays(cursor, start=start)
    if not found and is_date_start(cursor):
        found = read_date(cursor, start=start)
    if not found and is_item_start(cursor):
        found = read_items(cursor, start=start)
    found = found or read_months(cursor, start=start)
    return [found] if found else []


def _number_alone(cursor: Cursor) -> Refusal | None:
    token = cursor.peek()
    if token.word == "this":
        return Refusal("text_relative", _RELATIVE, token.start)
    if token.number is None:
        return None
    before = cursor.tokens[cursor.at - 1] if cursor.at else token
    if cursor.word(1) in words.WORKING:
        message = "working days cannot be counted back from the end of the month; days can, and the last working day"
        return Refusal("text_unsupported", message, token.start)
    if before.number is not None and before is not token:
        better = cursor.changed(before.start, token.end, f"{before.number}:{token.number:02}")
        return Refusal("text_word", f'what is {token.text} here? Perhaps "{better}"', token.start, better)
    is_hours = cursor.word(1) == "h" and (token.number or 0) < 24 and not cursor.at  # noqa: PLR2004  # a day
    if is_hours and any(other.word in words.ADVERB or other.word in {"day", "weekdays"} for other in cursor.tokens):
        better = cursor.changed(token.start, cursor.peek(1).end, f"at {token.number}:00")
        return Refusal("text_word", f'what is {token.text} here? Write "{better}"', token.start, better)
    word = "every" if cursor.word(1) in words.UNIT else "from" if cursor.word(1) in words.RANGE else "at"
    better = cursor.changed(token.start, token.start, f"{word} ")
    return Refusal("text_word", f'what is {token.text} here? Write "{better}"', token.start, better)


def _on(cursor: Cursor) -> list[Clause]:
    start = cursor.take().start
    if cursor.word() in EVERY:
        return read_every(cursor)
    if cursor.accept("alternate"):
        return every_other(cursor, start)
    if cursor.word() == "a" and cursor.word(1) in words.ADVERB and cursor.word(2) == "basis":
        cursor.take()
        found = read_adverb(cursor)
        cursor.take()
        return found
    if cursor.word() == "the" and cursor.word(1) in {"hour", "half"}:
        minutes = read_minutes(cursor)
        return [replace(minutes, start=start)] if minutes else []
    _skip_article(cursor)
    found = _days(cursor, start)
    if not found:
        raise cursor.unexpected()
    return found


def _skip_article(cursor: Cursor) -> None:
    is_plain_day = bool(cursor.peek(1).digits) and not cursor.peek(1).is_ordinal
    if cursor.word() == "the" and (cursor.word(1) in {"weekend", "weekends"} or is_plain_day):
        cursor.take()


def _alternate(cursor: Cursor) -> list[Clause]:
    return every_other(cursor, cursor.take().start)


def _in(cursor: Cursor) -> list[Clause]:
    start = cursor.take().start
    cursor.accept("the")
    if cursor.word() in words.PART_WORD:
        part = words.PART_WORD[cursor.take().word]
        return [Part(start=start, end=cursor.last_end, part=part)]
    if cursor.word() in {"hour", "hours"} and cursor.peek(1).number is not None:
        cursor.take()
        return [read_hours(cursor)]
    if cursor.word() in EVERY:
        return read_every(cursor)
    if (cursor.peek().number is not None or cursor.word() in {"a", "an"}) and cursor.word(1) in words.UNIT:
        raise Refusal("text_relative", _RELATIVE, start)
    months = read_months(cursor, start=start)
    if not months:
        raise cursor.unexpected()
    return [months]


def _at(cursor: Cursor) -> list[Clause]:
    start = cursor.take().start
    cursor.accept_of({"exactly", "precisely"})
    if cursor.word() in EVERY:
        return read_every(cursor)
    found = read_minutes(cursor) or read_times(cursor)
    if found:
        return [replace(found, start=start)]
    part = words.PART_WORD.get(cursor.word())
    if part:
        cursor.take()
        return [Part(start=start, end=cursor.last_end, part=part)]
    refuse_edge(cursor, start)
    _skip_article(cursor)
    is_weekend = cursor.word() in {"weekend", "weekends"}
    if is_weekend or (cursor.peek().number is not None and is_date_start(cursor)):
        return _days(cursor, start)
    raise cursor.unexpected()


def _except(cursor: Cursor) -> list[Clause]:
    start = cursor.take().start
    cursor.skip({"for", "from", "on", "in", "not", "every", "the"})
    if is_date_start(cursor):
        read_date(cursor, start=start, is_repeated=True)
        message = "only weekdays and months can be left out; single days off belong to the task's calendar"
        raise Refusal("text_unsupported", message, start, cursor.changed(start, cursor.last_end, "").replace("  ", " "))
    weekdays = weekday_list(cursor)
    months = frozenset[int]() if weekdays else month_list(cursor)
    if not weekdays and not months:
        message = "only weekdays and months can be left out; days off belong to the task's calendar"
        raise Refusal("text_unsupported", message, start)
    return [Except(start=start, end=cursor.last_end, weekdays=weekdays, months=months)]


def _of(cursor: Cursor) -> list[Clause]:
    if cursor.word(1) in EVERY:
        cursor.take()
        return read_every(cursor)
    if cursor.word(1) in words.MONTH or (cursor.word(1) == "the" and cursor.word(2) in {"hour", "hours"}):
        return _in(cursor)
    raise cursor.unexpected()


_READERS: dict[str, Reader] = {
    **dict.fromkeys(EVERY, read_every),
    **dict.fromkeys(words.START, read_starting),
    **dict.fromkeys(words.END, read_until),
    **dict.fromkeys(words.EXCEPT | {"not"}, _except),
    "on": _on,
    "alternate": _alternate,
    "in": _in,
    "during": _in,
    "at": _at,
    "@": _at,
    "from": read_from,
    "between": read_from,
    "of": _of,
    "for": read_for,
}
