"""What stands behind "every": units, weekdays, days of the month; and the words that say the same in one."""

from dataclasses import replace

from tasks_app.recurrence.text import words
from tasks_app.recurrence.text.clauses import Clause, Clock, Dates, Days, Head, Item, Often, Once, Part, Rhythm, Times
from tasks_app.recurrence.text.cursor import Cursor
from tasks_app.recurrence.text.dates import is_date_start, read_date
from tasks_app.recurrence.text.month_days import is_item_start, read_items
from tasks_app.recurrence.text.months import read_months
from tasks_app.recurrence.text.refusal import Refusal
from tasks_app.recurrence.text.tokens import Token
from tasks_app.recurrence.text.weekdays import read_weekdays, weekday_list

SECONDS = {"seconds": 1, "minutes": 60, "hours": 3600}
_AS_OTHER = {"fortnights": ("weeks", 2)}
_PER = {"a", "an", "per", "every", "each"}
# Every third day counts days; every 15th day may be meant for the month.
_MOST_COUNTED = 10
_WHOLE = {"week", "month", "year"}
EVERY = {"every", "each", "all"}
OTHER = {"other", "alternate"}


def read_every(cursor: Cursor) -> list[Clause]:
    """Read what stands behind "every", which comes next."""
    start = cursor.take().start
    cursor.accept("single")
    if cursor.accept_of(OTHER):
        return every_other(cursor, start)
    counted = _fraction(cursor, start) or _ordinal(cursor, start) or _number(cursor, start)
    return counted or _named(cursor, start) or _time_of_day(cursor, start) or _units(cursor, 1, start)


def _named(cursor: Cursor, start: int) -> list[Clause]:
    """Read "Monday", "January 15", "July and August", "leap day"."""
    if cursor.accept("leap", "day"):
        days = (Item("day", 29),)
        end = cursor.last_end
        return [Days(start=start, end=end, items=days, months=frozenset({2}), is_repeated=True)]
    weekdays = read_weekdays(cursor, start=start, is_repeated=True)
    if weekdays:
        return [weekdays]
    if is_date_start(cursor):
        return [_repeated(cursor, read_date(cursor, start=start, is_repeated=True))]
    months = read_months(cursor, start=start, is_repeated=True)
    return [months] if months else []


def every_other(cursor: Cursor, start: int) -> list[Clause]:
    """Read what stands behind "every other" or "alternate"."""
    token = cursor.peek()
    if token.word in words.WEEKDAY or token.word in {"weekend", "weekends"}:
        week = Head(start=start, end=token.start, unit="weeks", count=2)
        chosen = weekday_list(cursor)
        if cursor.word() == "of":
            raise Refusal("text_ambiguous", "is it counted in weeks or in the month? Say one of them", cursor.position)
        return [week, Days(start=token.start, end=cursor.last_end, weekdays=chosen, is_repeated=True)]
    if token.word in words.WEEKDAY_GROUP or token.word in words.WORKING - {"week"}:
        message = "every other working day cannot be said; name the weekdays, as in Monday, Wednesday and Friday"
        raise Refusal("text_unsupported", message, token.start)
    return _units(cursor, 2, start)


def _fraction(cursor: Cursor, start: int) -> list[Clause]:
    """Read "half hour", "half an hour", "quarter of an hour", "quarter"."""
    minutes = {"half": 30, "quarter": 15}.get(cursor.word())
    if not minutes:
        return []
    for following in (("hour",), ("-", "hour"), ("an", "hour"), ("of", "an", "hour"), ("of", "the", "hour")):
        if all(cursor.word(place) == word for place, word in enumerate(following, start=1)):
            cursor.at += 1 + len(following)
            return [Rhythm(start=start, end=cursor.last_end, seconds=60 * minutes, unit="minutes")]
    return []


def _ordinal(cursor: Cursor, start: int) -> list[Clause]:
    """Read "second day", "15th of the month", "last Friday of the month"."""
    token = cursor.peek()
    following = cursor.word(1)
    is_second = token.word == "second" and not _can_be_counted(cursor)
    if is_second or not is_item_start(cursor) or token.word in {"the", "a", "day", "days"}:
        return []
    if token.is_ordinal and following in words.UNIT and not (following == "day" and token.number == 1):
        cursor.take()
        return _counted_units(cursor, token, start)
    first = cursor.at
    days = read_items(cursor, start=start, is_repeated=True)
    if isinstance(days, Days) and _may_be_counted_on(days) and cursor.word() != "of":
        raise _not_of_month(cursor, first, start)
    return [_repeated(cursor, days)]


def _may_be_counted_on(days: Days) -> bool:
    """Tell whether it may be meant for more than a month: every third Monday, and not every first Monday or 13th."""
    if days.months or days.scope:
        return False
    return days.is_loose or (len(days.items) == 1 and days.items[0].kind != "day" and days.items[0].number > 1)


def _can_be_counted(cursor: Cursor) -> bool:
    """Tell "every second Friday" from "every second"."""
    word = cursor.word(1)
    known = (words.UNIT, words.WEEKDAY, words.MONTH, words.WEEKDAY_GROUP, words.WORKING, {"of", "-", "last"})
    return any(word in table for table in known) or (word in words.LIST and is_item_start(cursor, 2))


def _counted_units(cursor: Cursor, token: Token, start: int) -> list[Clause]:
    """Read the unit of "every third day"."""
    is_of_month = cursor.word(1) == "of" and cursor.word(2) in {"the", "each", "every", "month"}
    number = token.number or 1
    if cursor.word() == "day" and not is_of_month and number > _MOST_COUNTED:
        end = cursor.peek().end
        in_days = cursor.changed(start, end, f"every {number} days")
        of_month = cursor.changed(start, end, f"on day {number} of every month")
        message = f'every {number} days, or once a month? Write "{in_days}" or "{of_month}"'
        raise Refusal("text_ambiguous", message, token.start, of_month, in_days)
    if cursor.word() == "day" and is_of_month:
        end = cursor.peek().end
        better = cursor.changed(start, end, f"on day {token.number}")
        message = f'every {token.number} days, or day {token.number} of the month? Write "{better}" for the day'
        raise Refusal("text_ambiguous", message, token.start, better)
    return _units(cursor, token.number or 1, start)


def _not_of_month(cursor: Cursor, first: int, start: int) -> Refusal:
    """Refuse "every second Friday", which may be every other Friday."""
    token = cursor.tokens[first]
    end = cursor.last_end
    counted = cursor.text[token.start : end]
    of_month = cursor.changed(start, end, f"on the {counted} of every month")
    noun = cursor.tokens[first + 1] if first + 1 < cursor.at else None
    if token.is_ordinal and token.number and noun and noun.word in words.WEEKDAY and first + 2 == cursor.at:
        weeks = "every other" if token.number == 2 else f"every {token.number} weeks on"  # noqa: PLR2004  # other
        in_weeks = cursor.changed(start, end, f"{weeks} {cursor.text[noun.start : noun.end]}")
        if token.number > 1:
            message = f'is it counted in weeks or in the month? Write "{in_weeks}" or "{of_month}"'
            return Refusal("text_ambiguous", message, token.start, in_weeks, of_month)
    return Refusal("text_ambiguous", f'say of what: write "{of_month}"', token.start, of_month)


def _repeated(cursor: Cursor, days: Days | Dates | None) -> Clause:
    if days is None or isinstance(days, Dates):
        position = days.start if days else cursor.position
        raise Refusal("text_ambiguous", "a date with its year comes once; leave out the year, or every", position)
    return days


def _number(cursor: Cursor, start: int) -> list[Clause]:
    """Read "5 minutes", "24 December"."""
    token = cursor.peek()
    if token.number is None or token.is_ordinal:
        return []
    if is_date_start(cursor):
        return [_repeated(cursor, read_date(cursor, start=start, is_repeated=True))]
    if cursor.word(1) == "." and cursor.peek(2).digits:
        raise _decimal(cursor, token)
    if cursor.word(1) in words.WEEKDAY:
        better = cursor.changed(token.end, cursor.peek(1).start, " weeks on ")
        raise Refusal("text_ambiguous", f'write "{better}"', token.start, better)
    cursor.take()
    cursor.accept("-")
    return _units(cursor, token.number, start, is_counted=True)


def _decimal(cursor: Cursor, token: Token) -> Refusal:
    part, unit = cursor.peek(2), cursor.peek(3)
    smaller = {"hours": "minutes", "minutes": "seconds"}.get(words.UNIT.get(unit.word, ""))
    value, rest = divmod(int(token.digits + part.digits) * 60, 10 ** len(part.digits))
    message = "write a whole number"
    if not smaller or rest or len(part.digits) > 2:  # noqa: PLR2004  # 1.25
        return Refusal("text_number", message, token.start)
    better = cursor.changed(token.start, unit.end, f"{value} {smaller}")
    return Refusal("text_number", f'{message}: "{better}"', token.start, better)


def _units(cursor: Cursor, count: int, start: int, *, is_counted: bool = False) -> list[Clause]:
    """Read a unit and what may be added to it."""
    token = cursor.peek()
    unit = words.UNIT.get(token.word)
    if not unit or (token.word in words.ABBREVIATED_UNITS and not is_counted):
        raise cursor.unexpected()
    if count == 1 and not is_counted and token.word.endswith("s") and cursor.tokens[cursor.at - 1].word != "all":
        better = cursor.changed(token.start, token.end, token.word.removesuffix("s"))
        raise Refusal("text_number", f'how many? For one write "{better}"', token.start, better)
    if not count:
        raise Refusal("text_number", "the number must be at least 1", token.start)
    cursor.take()
    unit, times = _AS_OTHER.get(unit, (unit, 1))
    count *= times
    if unit not in SECONDS:
        if unit == "days" and count == 1 and cursor.word() == "from" and cursor.word(1) in words.WEEKDAY:
            cursor.take()
            weekdays = read_weekdays(cursor, start=start, is_repeated=True)
            return [weekdays] if weekdays else []
        if count == 1 and cursor.word() == "of" and cursor.word(1) == "the" and cursor.word(2) in _WHOLE:
            cursor.at += 3
        return [Head(start=start, end=cursor.last_end, unit=unit, count=count)]
    seconds = count * SECONDS[unit]
    cursor.accept("of", "the", "day")
    while more := _more(cursor, SECONDS[unit], is_counted=is_counted):
        seconds, unit = seconds + more[0], more[1]
    return [Rhythm(start=start, end=cursor.last_end, seconds=seconds, unit=unit)]


def _more(cursor: Cursor, below: int, *, is_counted: bool) -> tuple[int, str] | None:
    """Read the rest of "1 hour and 30 minutes" and of "hour and a half"."""
    if below == SECONDS["hours"] and cursor.accept("and", "a", "half"):
        return below // 2, "minutes"
    if not is_counted:
        return None
    ahead = 1 if cursor.word() == "and" else 0
    token, unit = cursor.peek(ahead), words.UNIT.get(cursor.word(ahead + 1), "")
    if token.number is None or token.is_ordinal or SECONDS.get(unit, below) >= below:
        return None
    if cursor.word(ahead + 2) in {"past", "after", "to"}:
        return None
    cursor.at += ahead + 2
    return token.number * SECONDS[unit], unit


def _time_of_day(cursor: Cursor, start: int) -> list[Clause]:
    """Read "morning", "midnight"."""
    token = cursor.peek()
    day = Head(start=start, end=token.end, unit="days")
    if token.word in words.PART_WORD:
        cursor.take()
        return [day, Part(start=token.start, end=token.end, part=words.PART_WORD[token.word])]
    if token.word in words.CLOCK_WORD:
        cursor.take()
        hour, minute = words.CLOCK_WORD[token.word]
        clock = Clock(hour * 60 + minute, 0, "word", token.start, token.end)
        return [day, Times(start=token.start, end=token.end, clocks=(clock,))]
    return []


def read_adverb(cursor: Cursor) -> list[Clause]:
    """Read "daily", "hourly", "fortnightly"."""
    token = cursor.take()
    if token.word == "half":
        token = replace(cursor.take(), text="halfhourly")
    unit, count = words.ADVERB[token.word]
    if unit in SECONDS:
        return [Rhythm(start=token.start, end=token.end, seconds=count * SECONDS[unit], unit=unit)]
    head = Head(start=token.start, end=token.end, unit=unit, count=count)
    return [head, Part(start=token.start, end=token.end, part="night")] if token.word == "nightly" else [head]


def read_often(cursor: Cursor) -> list[Clause]:
    """Read "once a day", "twice a week", "3 times a month", "once"."""
    token = cursor.take()
    count = words.OFTEN.get(token.word) or token.number or 0
    if token.word not in words.OFTEN:
        cursor.take()
    word = cursor.word()
    if word in words.ADVERB:
        found = read_adverb(cursor)
        return found if count == 1 else [*found, _often(cursor, found[0], count, token)]
    if count == 1 and word in EVERY:
        return read_every(cursor)
    if count == 1 and word not in _PER:
        cursor.accept(",")
        return [Once(start=token.start, end=token.end)]
    if word not in _PER:
        message = "how many runs there will be in all belongs in the field Runs at most (max_runs)"
        raise Refusal("text_window", message, token.start)
    cursor.take()
    found = _units(cursor, 1, token.start)
    if count == 1:
        return found
    return [*found, _often(cursor, found[0], count, token)]


def _often(cursor: Cursor, found: Clause, count: int, token: Token) -> Often:
    if isinstance(found, Head):
        return Often(start=token.start, end=cursor.last_end, count=count, unit=found.unit)
    assert isinstance(found, Rhythm)
    step, rest = divmod(found.seconds, count)
    message = "say how far apart"
    if rest or step < 1:
        raise Refusal("text_unsupported", f"{message}, in whole minutes", token.start)
    written = f"every {step // 60} minutes" if step % 60 == 0 else f"every {step} seconds"
    better = cursor.changed(token.start, cursor.last_end, written)
    raise Refusal("text_unsupported", f'{message}: write "{better}"', token.start, better)
