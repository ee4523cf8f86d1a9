"""Times of day, lists of them, windows between two, and minutes past the hour."""

from collections.abc import Sequence
from itertools import pairwise

from tasks_app.recurrence.errors import quoted
from tasks_app.recurrence.text import words
from tasks_app.recurrence.text.clauses import Clock, Times, Window
from tasks_app.recurrence.text.cursor import Cursor
from tasks_app.recurrence.text.refusal import Refusal
from tasks_app.recurrence.text.tokens import Token

HOUR, DAY = 60, 24 * 60
NOON = 12
MINUTE_WORDS = {"minute", "minutes", "min", "mins"}
_FRACTION = {"half": 30, "quarter": 15}
_HOURS_WORDS = {"hours", "hrs", "h"}
_MILITARY = 4
_NO_HOURS = ({"times", *words.MONTH, *words.UNIT}) - _HOURS_WORDS


def read_times(cursor: Cursor, *, is_bare: bool = False) -> Times | Window | None:
    """Read a list of times, or a window where two times have a dash or "to" between them.

    Without "at" before it (`is_bare`) a plain number is no time.
    """
    start = cursor.position
    first = read_clock(cursor, is_bare=is_bare)
    if not first:
        return None
    if cursor.word() in words.RANGE and not _is_dated(cursor, 1):
        return read_window(cursor, first, words.RANGE)
    clocks = [first]
    while count := cursor.separators(words.LIST):
        here = cursor.at
        cursor.at += count
        clock = read_clock(cursor, is_bare=is_bare)
        if not clock:
            cursor.at = here
            break
        clocks.append(clock)
    check_styles(cursor, clocks)
    return Times(start=start, end=cursor.last_end, clocks=tuple(clocks))


def read_window(cursor: Cursor, first: Clock, between: set[str]) -> Window:
    """Read the rest of a window whose first time has been read."""
    last = None
    if cursor.word() in between and cursor.accept_of(between):
        last = read_clock(cursor, is_end=True)
        if not last:
            raise cursor.unexpected()
        _check_window(cursor, first, last)
    if first.second or (last and last.second):
        raise _whole_minutes(cursor, first if first.second else last or first)
    return Window(start=first.start, end=cursor.last_end, first=first.minutes, last=last.minutes if last else None)


def _check_window(cursor: Cursor, first: Clock, last: Clock) -> None:
    check_styles(cursor, [first, last])
    if last.style == "plain" and last.minutes < first.minutes and first.style in {"plain", "word"}:
        afternoon = f"{last.minutes // HOUR + NOON}:{last.minutes % HOUR:02}"
        better = cursor.changed(last.start, last.end, afternoon)
        night = cursor.changed(last.start, last.end, last.text)
        message = f'is this {afternoon}, or {last.text} on the next day? Write "{better}" or "{night}"'
        raise Refusal("text_ambiguous", message, last.start, better, night)


def check_styles(cursor: Cursor, clocks: list[Clock]) -> None:
    """Refuse 9 beside 5 pm: it may be meant for both."""
    plain = next((clock for clock in clocks if clock.style == "plain"), None)
    if plain and any(clock.style == "12" for clock in clocks):
        better = cursor.changed(plain.start, plain.end, plain.text)
        written = cursor.text[plain.start : plain.end]
        raise Refusal("text_ambiguous", f"say am or pm for {written} too, or write {plain.text}", plain.start, better)


def check_order(cursor: Cursor, clocks: Sequence[Clock]) -> None:
    """Refuse "9 and 5": the second may be meant for the afternoon."""
    for before, clock in pairwise(clocks):
        if before.style == clock.style == "plain" and clock.minutes < before.minutes:
            later = f"{clock.minutes // HOUR + NOON}:{clock.minutes % HOUR:02}"
            better = cursor.changed(clock.start, clock.end, later)
            early = cursor.changed(clock.start, clock.end, clock.text)
            message = f'is this {later}, or {clock.text} in the morning? Write "{better}" or "{early}"'
            raise Refusal("text_ambiguous", message, clock.start, better, early)


def read_clock(cursor: Cursor, *, is_bare: bool = False, is_end: bool = False) -> Clock | None:
    """Read one time of day, or give None with the cursor where it was. `is_end` allows 24:00."""
    first = cursor.peek()
    if first.word in words.CLOCK_WORD:
        return _with_word(cursor, first)
    shift = _shift(cursor)
    if shift is not None:
        return _shifted(cursor, shift, first)
    _refuse_half(cursor)
    if first.number is None or first.is_ordinal or is_date(cursor):
        return None
    found = _numbers(cursor, is_bare)
    return _finished(cursor, found, first, is_end=is_end) if found else None


def _refuse_half(cursor: Cursor) -> None:
    """Refuse "half nine", which is 9:30 to some and 8:30 to others."""
    token, hour = cursor.peek(), cursor.peek(1)
    if token.word != "half" or hour.number is None or hour.is_ordinal or not 1 <= hour.number <= NOON:
        return
    after = cursor.changed(token.start, hour.end, f"{hour.number}:30")
    before = cursor.changed(token.start, hour.end, f"{hour.number - 1 or NOON}:30")
    message = f'half past the hour, or half an hour before it? Write "{after}" or "{before}"'
    raise Refusal("text_ambiguous", message, token.start, after, before)


def _with_word(cursor: Cursor, first: Token) -> Clock:
    hour, minute = words.CLOCK_WORD[cursor.take().word]
    cursor.accept("sharp")
    return Clock(hour * HOUR + minute, 0, "word", first.start, cursor.last_end)


def is_date(cursor: Cursor, ahead: int = 0) -> bool:
    """Tell whether 3.3.2027 or the like comes."""
    if not all(cursor.peek(ahead + place).digits for place in (0, 2, 4)):
        return False
    sign = cursor.word(ahead + 1)
    return sign in {".", "-", "/"} and cursor.word(ahead + 3) == sign


def _is_dated(cursor: Cursor, ahead: int) -> bool:
    """Tell whether a day of the calendar comes and no time."""
    token, following = cursor.peek(ahead), cursor.word(ahead + 1)
    is_day = token.number is not None and (token.is_ordinal or following in words.MONTH or following == "of")
    return is_day or token.word in words.MONTH or is_date(cursor, ahead)


def _shift(cursor: Cursor) -> int | None:
    """Give the minutes of "half past 9", "a quarter to 5" or "20 minutes past 8", and stop before the hour.

    "Ten to five" is left to windows.
    """
    place = 1 if cursor.word() in {"a", "the"} else 0
    token = cursor.peek(place)
    minutes = _FRACTION.get(token.word) or (None if token.is_ordinal else token.number)
    is_named = cursor.word(place + 1) in MINUTE_WORDS
    after = place + 1 + is_named
    signs = {"past": 1, "after": 1} | ({"to": -1} if is_named or token.word == "quarter" else {})
    if minutes is None or cursor.word(after) not in signs or not _is_hour(cursor.peek(after + 1)):
        return None
    sign = signs[cursor.word(after)]
    cursor.at += after + 1
    return sign * minutes


def _is_hour(token: Token) -> bool:
    return token.word in words.CLOCK_WORD or (token.number is not None and not token.is_ordinal)


def _shifted(cursor: Cursor, shift: int, first: Token) -> Clock:
    base = read_clock(cursor)
    if not base or base.minutes % HOUR or not -HOUR < shift < HOUR:
        raise Refusal("text_time", "this is no time of day; write it as 9:30", first.start)
    return base._replace(minutes=(base.minutes + shift) % DAY, start=first.start)


def _numbers(cursor: Cursor, is_bare: bool) -> tuple[int, int, int] | None:
    """Read hour, minute and second as they are written."""
    first = cursor.peek()
    assert first.number is not None
    sign, second, third = cursor.word(1), cursor.peek(2), cursor.peek(3)
    if first.digits and sign in {":", "."} and second.digits and second.glued:
        if sign == "." and len(second.digits) != 2:  # noqa: PLR2004  # 9.30, and not 1.5
            return None
        cursor.at += 3
        seconds = 0
        if third.text == ":" and cursor.peek(1).digits:
            seconds = cursor.peek(1).number or 0
            cursor.at += 2
        return first.number, second.number or 0, seconds
    if first.digits and sign == "h":
        cursor.at += 2
        minute = cursor.take().number if cursor.peek().digits and cursor.peek().glued else 0
        return first.number, minute or 0, 0
    return _plain_number(cursor, first, is_bare)


def is_followed_by_more(cursor: Cursor) -> bool:
    """Tell "8 hours" from "8 hours before midnight" and "8 hours 30"."""
    return cursor.word(2) in {"past", "after", "before", "to", "from"} or cursor.peek(2).number is not None


def _plain_number(cursor: Cursor, first: Token, is_bare: bool) -> tuple[int, int, int] | None:
    assert first.number is not None
    following = cursor.word(1)
    is_twelve = first.number == NOON and following in words.CLOCK_WORD
    if following in {"am", "pm", "oclock"} or is_twelve:
        cursor.take()
        return first.number, 0, 0
    if is_bare or following in _NO_HOURS:
        return None
    if len(first.digits) == _MILITARY:
        cursor.take()
        cursor.accept_of(_HOURS_WORDS)
        return first.number // 100, first.number % 100, 0
    if following in _HOURS_WORDS and not is_followed_by_more(cursor):
        cursor.take()
        return first.number, 0, 0
    if following in words.UNIT or (following == "of" and cursor.word(2) in words.MONTH):
        return None
    cursor.take()
    return first.number, 0, 0


def _finished(cursor: Cursor, numbers: tuple[int, int, int], first: Token, *, is_end: bool) -> Clock:
    """Read what stands behind the numbers: o'clock, am, in the morning."""
    hour, minute, second = numbers
    cursor.accept_of({"oclock", *_HOURS_WORDS})
    if numbers[0] == NOON and not any(numbers[1:]) and cursor.word() in words.CLOCK_WORD:
        # 12:00 noon, 12:00 midnight.
        return _with_word(cursor, first)
    half = cursor.accept_of({"am", "pm"})
    part = "" if half else _part(cursor)
    cursor.accept("sharp")
    end = cursor.last_end
    if numbers == (24, 0, 0) and is_end and not half:
        return Clock(DAY, 0, "24", first.start, end)
    _check_numbers(cursor, numbers, first)
    if half:
        hour = _on_twelve(cursor, hour, minute, half, first)
    elif part:
        hour = in_part(cursor, hour, part, (first.start, end))
    is_plain = 1 <= hour <= NOON and not first.digits.startswith("0") and len(first.digits) != _MILITARY
    minutes = hour * HOUR + minute
    if half or part:
        return Clock(minutes, second, "12", first.start, end)
    return Clock(minutes, second, "plain" if is_plain else "24", first.start, end)


def _check_numbers(cursor: Cursor, numbers: tuple[int, int, int], first: Token) -> None:
    hour, minute, second = numbers
    end = cursor.last_end
    if numbers == (24, 0, 0):
        better = cursor.changed(first.start, end, "0:00")
        raise Refusal("text_time", "24:00 is 0:00 of the next day; write 0:00", first.start, better)
    if hour >= 24 or minute >= HOUR or second >= HOUR:  # noqa: PLR2004  # a day
        message = f"{quoted(cursor.text[first.start : end])} is no time of day: hours are 0-23, minutes 0-59"
        raise Refusal("text_time", message, first.start)


def _part(cursor: Cursor) -> str:
    for opening in (("in", "the"), ("at",), ("at", "the")):
        after = len(opening)
        if all(cursor.word(place) == word for place, word in enumerate(opening)):
            part = words.PART_WORD.get(cursor.word(after), "")
            if part:
                cursor.at += after + 1
                return part
    return ""


def _on_twelve(cursor: Cursor, hour: int, minute: int, half: str, first: Token) -> int:
    if not 1 <= hour <= NOON:
        better = cursor.changed(first.start, cursor.last_end, f"{hour}:{minute:02}")
        raise Refusal("text_time", f"{hour} has no {half}; write {hour}:{minute:02}", first.start, better)
    return hour % NOON + (NOON if half == "pm" else 0)


def in_part(cursor: Cursor, hour: int, part: str, span: tuple[int, int]) -> int:
    """Give the hour on a 24-hour clock that an hour means in the morning, in the evening."""
    hours = words.PART[part]
    if hour in hours:
        return hours[hour]
    if hour in hours.values() or (part == "night" and hour == 0):
        return hour
    written = quoted(cursor.text[span[0] : span[1]])
    raise Refusal("text_time", f"{written} does not lie in the {part}; write the time alone, as in 21:00", span[0])


def _whole_minutes(cursor: Cursor, clock: Clock) -> Refusal:
    better = cursor.changed(clock.start, clock.end, clock.text)
    return Refusal("text_time", "schedules start on whole minutes", clock.start, better)


def check_whole_minutes(cursor: Cursor, clocks: list[Clock]) -> None:
    """Refuse seconds."""
    for clock in clocks:
        if clock.second:
            raise _whole_minutes(cursor, clock)
