"""Tells by its first words which clause comes, and reads it."""

from collections.abc import Callable, Iterator
from dataclasses import replace

from tasks_app.recurrence.text import words
from tasks_app.recurrence.text.bounds import out_of_place
from tasks_app.recurrence.text.clauses import Anchor, Clause, Dates, Except, Part
from tasks_app.recurrence.text.cursor import Cursor
from tasks_app.recurrence.text.dates import is_date_start, read_date
from tasks_app.recurrence.text.heads import EVERY, every_other, read_adverb, read_every, read_often
from tasks_app.recurrence.text.minutes import read_hours, read_minutes, read_phase
from tasks_app.recurrence.text.month_days import is_item_start, read_items
from tasks_app.recurrence.text.months import is_month, month_list, read_months
from tasks_app.recurrence.text.refusal import Refusal
from tasks_app.recurrence.text.times import MINUTE_WORDS, read_clock, read_times, read_window
from tasks_app.recurrence.text.weekdays import read_weekdays, weekday_list

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
    while not cursor.is_done():
        sign = _separator(cursor)
        if cursor.is_done():
            if sign == "and":
                raise cursor.unexpected()
            return
        for clause in _clause(cursor):
            yield sign, clause
            sign = ""


def _separator(cursor: Cursor) -> str:
    found = set()
    while word := cursor.accept_of(_SEPARATORS):
        found.add(word)
    if found & _HARD:
        return ";"
    return "and" if found - _SOFT else "," if found else ""


def _clause(cursor: Cursor) -> list[Clause]:
    cursor.accept("only")
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
    _refuse_edge(cursor, start)
    days = _days(cursor, start)
    if days:
        return days
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
        return Refusal("text_word", f'what is {token.text}? Perhaps "{better}"', token.start, better)
    word = "every" if cursor.word(1) in words.UNIT else "from" if cursor.word(1) in words.RANGE else "at"
    better = cursor.changed(token.start, token.start, f"{word} ")
    return Refusal("text_word", f'what is {token.text}? Write "{better}"', token.start, better)


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
    cursor.accept("exactly")
    if cursor.word() in EVERY:
        return read_every(cursor)
    found = read_minutes(cursor) or read_times(cursor)
    if found:
        return [replace(found, start=start)]
    part = words.PART_WORD.get(cursor.word())
    if part:
        cursor.take()
        return [Part(start=start, end=cursor.last_end, part=part)]
    _refuse_edge(cursor, start)
    _skip_article(cursor)
    is_weekend = cursor.word() in {"weekend", "weekends"}
    if is_weekend or (cursor.peek().number is not None and is_date_start(cursor)):
        return _days(cursor, start)
    raise cursor.unexpected()


def _refuse_edge(cursor: Cursor, start: int) -> None:
    """Refuse "the end of the month"."""
    place = 1 if cursor.word() == "the" else 0
    if cursor.word(place) in {"end", "beginning", "start"} and cursor.word(place + 1) == "of":
        which = "last" if cursor.word(place) == "end" else "first"
        better = cursor.changed(start, cursor.peek(place).end, f"on the {which} day")
        raise Refusal("text_ambiguous", f'name the day: "{better}"', start, better)


def _from(cursor: Cursor) -> list[Clause]:
    token = cursor.take()
    start = token.start
    between = {"and"} if token.word == "between" else words.RANGE
    if cursor.word() in MINUTE_WORDS:
        return [read_phase(cursor)]
    if is_date_start(cursor):
        return [_anchor(cursor, start)]
    if token.word == "between" and (cursor.word() in words.WEEKDAY or cursor.word() in words.MONTH):
        return _between_names(cursor, start)
    named = read_weekdays(cursor, start=start) or read_months(cursor, start=start)
    if named:
        return [named]
    clock = read_clock(cursor, is_bare=False)
    if not clock:
        raise cursor.unexpected()
    return [replace(read_window(cursor, clock, between), start=start)]


def _between_names(cursor: Cursor, start: int) -> list[Clause]:
    """Read "between Monday and Friday" as Monday to Friday."""
    if cursor.word(1) == "and" and (cursor.word(2) in words.WEEKDAY or is_month(cursor, 2)):
        sign = cursor.tokens[cursor.at + 1]
        cursor.tokens[cursor.at + 1] = type(sign)("to", sign.start, sign.end)
        found = read_weekdays(cursor, start=start) or read_months(cursor, start=start)
        if found:
            return [found]
    raise cursor.unexpected()


def _anchor(cursor: Cursor, start: int, *, is_counted: bool = False) -> Clause:
    found = read_date(cursor, start=start)
    if cursor.word() in words.RANGE | words.END:
        raise out_of_place(cursor, start, "starts_at and ends_at")
    if not isinstance(found, Dates):
        message = "say the year of this day; a span of days in each year cannot be said, but months can"
        raise Refusal("text_unsupported", message, start)
    if len(found.dates) > 1:
        raise Refusal("text_word", "only one day can be counted from", start)
    return Anchor(start=start, end=cursor.last_end, day=found.dates[0], is_counted=is_counted)


def _starting(cursor: Cursor) -> list[Clause]:
    _refuse_edge(cursor, cursor.position)
    token = cursor.take()
    cursor.accept_of({"from", "on", "at", "in"})
    if is_date_start(cursor):
        return [_anchor(cursor, token.start, is_counted=token.word in {"counted", "counting"})]
    if cursor.word() in words.MONTH or cursor.word() in words.WEEKDAY:
        raise out_of_place(cursor, token.start, "starts_at")
    clock = read_clock(cursor)
    if not clock:
        raise cursor.unexpected()
    return [replace(read_window(cursor, clock, words.RANGE), start=token.start)]


def _until(cursor: Cursor) -> list[Clause]:
    start = cursor.take().start
    cursor.accept_of({"on", "at", "in"})
    if is_date_start(cursor) or cursor.word() in words.MONTH:
        raise out_of_place(cursor, start, "ends_at")
    clock = read_clock(cursor, is_end=True)
    if not clock:
        raise cursor.unexpected()
    better = cursor.changed(start, start, "from 0:00 ")
    raise Refusal("text_ambiguous", f'from when? Write "{better}"', start, better)


def _except(cursor: Cursor) -> list[Clause]:
    start = cursor.take().start
    cursor.skip({"for", "from", "on", "in", "not", "every", "the"})
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


def _for(cursor: Cursor) -> list[Clause]:
    raise out_of_place(cursor, cursor.position, "ends_at")


_READERS: dict[str, Reader] = {
    **dict.fromkeys(EVERY, read_every),
    **dict.fromkeys(words.START, _starting),
    **dict.fromkeys(words.END, _until),
    **dict.fromkeys(words.EXCEPT | {"not"}, _except),
    "on": _on,
    "in": _in,
    "during": _in,
    "at": _at,
    "@": _at,
    "from": _from,
    "between": _from,
    "of": _of,
    "for": _for,
}
