"""From when to when: windows of the day, weekdays and months in a row, and the day that is counted from."""

from dataclasses import replace

from tasks_app.recurrence.text import words
from tasks_app.recurrence.text.bounds import BOTH, END, START, out_of_place
from tasks_app.recurrence.text.clauses import Anchor, Clause, Dates
from tasks_app.recurrence.text.cursor import Cursor
from tasks_app.recurrence.text.dates import is_date_start, read_date
from tasks_app.recurrence.text.minutes import read_phase
from tasks_app.recurrence.text.months import is_month, read_months
from tasks_app.recurrence.text.refusal import Refusal
from tasks_app.recurrence.text.times import MINUTE_WORDS, read_clock, read_window
from tasks_app.recurrence.text.weekdays import read_weekdays

_EDGES = {"month": "on the last day of every month", "year": "every year on 31 December"}


def refuse_edge(cursor: Cursor, start: int) -> None:
    """Refuse "the end of the month" and "year end"."""
    place = 1 if cursor.word() == "the" else 0
    edge = _EDGES.get(cursor.word(place), "")
    dash = cursor.word(place + 1) == "-"
    if edge and cursor.word(place + 1 + dash) == "end":
        better = cursor.changed(start, cursor.peek(place + 1 + dash).end, edge)
        raise Refusal("text_ambiguous", f'name the day: "{better}"', start, better)
    if cursor.word(place) in {"end", "beginning", "start"} and cursor.word(place + 1) == "of":
        which = "last" if cursor.word(place) == "end" else "first"
        better = cursor.changed(start, cursor.peek(place).end, f"on the {which} day")
        raise Refusal("text_ambiguous", f'name the day: "{better}"', start, better)


def read_from(cursor: Cursor) -> list[Clause]:
    """Read "from 8 to 18", "from Monday to Friday", "between June and August", "from 2 March 2027"."""
    token = cursor.take()
    start = token.start
    between = {"and", "to", "-"} if token.word == "between" else words.RANGE
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
    if token.word == "between" and (cursor.word() not in between or cursor.at + 1 == len(cursor.tokens)):
        end = cursor.last_end
        cursor.accept_of(between)
        better = cursor.changed(end, cursor.last_end, " and 18:00")
        raise Refusal("text_ambiguous", "say until when, such as and 18:00", cursor.last_end, better)
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
        raise out_of_place(cursor, start, BOTH)
    if not isinstance(found, Dates):
        message = "say the year of this day; a span of days in each year cannot be said, but months can"
        raise Refusal("text_unsupported", message, start)
    if len(found.dates) > 1:
        raise Refusal("text_word", "only one day can be counted from", start)
    return Anchor(start=start, end=cursor.last_end, day=found.dates[0], is_counted=is_counted)


def read_starting(cursor: Cursor) -> list[Clause]:
    """Read "starting 2 March 2027", "counted from 2 March 2027", "starting at 8:00"."""
    refuse_edge(cursor, cursor.position)
    token = cursor.take()
    cursor.accept_of({"from", "on", "at", "in"})
    if is_date_start(cursor):
        return [_anchor(cursor, token.start, is_counted=token.word in {"counted", "counting"})]
    if cursor.word() in words.MONTH or cursor.word() in words.WEEKDAY:
        raise out_of_place(cursor, token.start, START)
    clock = read_clock(cursor)
    if not clock:
        raise cursor.unexpected()
    return [replace(read_window(cursor, clock, words.RANGE), start=token.start)]


def read_until(cursor: Cursor) -> list[Clause]:
    """Refuse "until 30 June 2027" and "until 18:00", with what was meant."""
    start = cursor.take().start
    cursor.accept_of({"on", "at", "in"})
    if is_date_start(cursor) or cursor.word() in words.MONTH:
        raise out_of_place(cursor, start, END)
    clock = read_clock(cursor, is_end=True)
    if not clock:
        raise cursor.unexpected()
    better = cursor.changed(start, start, "from 0:00 ")
    raise Refusal("text_ambiguous", f'from when on? Write "{better}"', start, better)


def read_for(cursor: Cursor) -> list[Clause]:
    """Refuse "for 3 days"."""
    raise out_of_place(cursor, cursor.position, END)
