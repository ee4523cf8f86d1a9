"""Days counted in a month: the 1st and 15th, the last Friday, working day 3, two days before the end of the month."""

from tasks_app.recurrence.text import words
from tasks_app.recurrence.text.bounds import refuse_year
from tasks_app.recurrence.text.clauses import Dates, Days, Item, Scope
from tasks_app.recurrence.text.cursor import Cursor
from tasks_app.recurrence.text.dates import of_months as days_of
from tasks_app.recurrence.text.months import month_list
from tasks_app.recurrence.text.refusal import Refusal
from tasks_app.recurrence.text.tokens import Token

_DAY = {"day", "days"}
_WORKDAY = {"weekday", "weekdays", "workday", "workdays"}
_NEAREST = {"nearest", "closest"}
_EACH = {"each", "every"}
_ARTICLES = {"the", "a", *_EACH}
_SCOPES: dict[str, Scope] = {"month": "month", "months": "month", "quarter": "quarter", "year": "year"}
LONGEST_MONTH, MOST_NTH, MOST_WORKDAYS = 31, 5, 23


def is_item_start(cursor: Cursor, ahead: int = 0) -> bool:
    """Tell whether a day counted in a month comes."""
    word, token, following = cursor.word(ahead), cursor.peek(ahead), cursor.peek(ahead + 1)
    if word in {"the", "a"}:
        return is_item_start(cursor, ahead + 1) if cursor.word(ahead + 1) not in {"the", "a"} else False
    if token.is_ordinal or word in {"last", "penultimate"} | _NEAREST:
        return True
    if word == "day" and following.word == "before":
        return True
    if word in _DAY or word in _WORKDAY:
        can_be_counted = word not in {"weekday", "weekdays"}
        return (can_be_counted and following.number is not None) or following.word in _NEAREST
    if word in words.WORKING and following.word in _DAY:
        after = cursor.peek(ahead + 2)
        return after.number is not None or after.word in _NEAREST
    return token.number is not None and following.word in _DAY and cursor.word(ahead + 2) == "before"


def read_items(cursor: Cursor, *, start: int, is_repeated: bool = False) -> Days | Dates:
    """Read a list of days counted in a month, and of which months they are."""
    reader = _Items(cursor)
    reader.read()
    plain = reader.plain_days
    if plain and cursor.word() in words.MONTH:
        # The 3rd March.
        return days_of(cursor, plain, start=start, is_repeated=is_repeated)
    of = cursor.word() in {"of", "in"}
    after = 2 if cursor.word(1) in _EACH else 1
    if of and cursor.word(after) in words.MONTH:
        is_repeated = is_repeated or after == 2  # noqa: PLR2004  # of every March
        cursor.at += after
        if plain:
            return days_of(cursor, plain, start=start, is_repeated=is_repeated)
        months = month_list(cursor)
        refuse_year(cursor, start)
        items = reader.items
        return Days(start=start, end=cursor.last_end, items=items, months=months, is_repeated=is_repeated)
    scope, each = _scope(cursor)
    return Days(
        start=start,
        end=cursor.last_end,
        items=reader.items,
        scope=scope,
        is_repeated=is_repeated or each,
        is_loose=reader.is_loose and not scope,
    )


def _scope(cursor: Cursor) -> tuple[Scope, bool]:
    """Read "of the month", "of each quarter", "of every year"; tell whether it says every."""
    if cursor.word() != "of":
        return "", False
    article = cursor.word(1) in _ARTICLES
    word = cursor.word(1 + article)
    if word == "week":
        raise Refusal("text_unsupported", 'name the weekday, such as "every Friday at 9:00"', cursor.position)
    if word not in _SCOPES:
        return "", False
    each = cursor.word(1) in _EACH or word == "months"
    cursor.at += 2 + article
    return _SCOPES[word], each


class _Items:
    """Gathers the items of one list."""

    def __init__(self, cursor: Cursor) -> None:
        self.cursor = cursor
        self.items: tuple[Item, ...] = ()
        self.plain_days: list[Token] | None = []
        self.is_loose = False
        self._waiting: list[tuple[int, Token]] = []

    def read(self) -> None:
        """Read until no further item comes."""
        cursor = self.cursor
        while True:
            has_article = bool(cursor.accept_of({"the", "a"}))
            self._one()
            # "Second at 9" may be meant for every second something.
            self.is_loose |= any(token.word and not has_article for _, token in self._waiting)
            count = cursor.separators(words.LIST)
            if not count or not is_item_start(cursor, count):
                break
            cursor.at += count
        is_counted = bool(self._waiting) or any(item.kind == "nth" for item in self.items)
        if count and is_counted and _is_weekday(cursor, count):
            token = cursor.peek(count)
            name = cursor.text[token.start : token.end]
            message = f'is "{name}" counted in the month too? Put every or its number before it'
            raise Refusal("text_ambiguous", message, token.start)
        self._add("day", "")

    def _one(self) -> None:
        cursor = self.cursor
        if self._nearest() or self._before_end():
            self.plain_days = None
        elif cursor.word() in _DAY:
            cursor.take()
            self._add("day", "")
            self._numbers("day", LONGEST_MONTH)
        elif length := self._working_day():
            cursor.at += length
            self._add("day", "")
            self._numbers("workday", MOST_WORKDAYS)
        else:
            self._waiting += self._several() or [self._ordinal()]
            self._noun()

    def _several(self) -> list[tuple[int, Token]]:
        """Read "first 3" or "last five" where days are counted."""
        cursor = self.cursor
        token, count, noun = cursor.peek(), cursor.peek(1), cursor.word(2)
        if token.word not in {"first", "last"} or count.number is None or count.is_ordinal:
            return []
        if noun not in _DAY and noun not in _WORKDAY and noun not in words.WORKING:
            return []
        _check(count, count.number, 1, LONGEST_MONTH, "day")
        cursor.at += 2
        sign = -1 if token.word == "last" else 1
        return [(sign * number, _at_place_of(token, sign * number)) for number in range(1, count.number + 1)]

    def _ordinal(self) -> tuple[int, Token]:
        """Read first, 21st, last, second-last, last but one; from the end they count below zero."""
        cursor = self.cursor
        token = cursor.take()
        if token.word == "last":
            return (-2 if cursor.accept("but", "one") else -1), token
        if token.word == "penultimate":
            return -2, token
        if not token.is_ordinal or token.number is None:
            cursor.at -= 1
            raise cursor.unexpected()
        if cursor.accept("-", "last") or cursor.accept("last") or cursor.accept("to", "last"):
            return -token.number, token
        return token.number, token

    def _noun(self) -> None:
        """Read what has been counted, where it is said at once: Friday, day, working day."""
        cursor = self.cursor
        weekday = words.WEEKDAY.get(cursor.word())
        if weekday:
            cursor.take()
            self._add("nth", weekday)
        elif length := self._working_day():
            cursor.at += length
            self._add("workday", "")
        elif cursor.accept_of(_DAY):
            self._add("day", "")
            self.is_loose = True

    def _add(self, kind: str, weekday: str) -> None:
        """Make items of the ordinals that have waited for their noun."""
        for number, token in self._waiting:
            if kind == "nth":
                _check(token, number, -1, MOST_NTH, "Friday")
                self.items += (Item("nth", number, weekday),)
            elif kind == "workday":
                _check(token, number, -1, MOST_WORKDAYS, "working day")
                self.items += (Item("workday", number),)
            else:
                _check(token, number, -LONGEST_MONTH, LONGEST_MONTH, "day")
                self.items += (Item("day", number),)
            if kind != "day" or number < 0:
                self.plain_days = None
            elif self.plain_days is not None:
                self.plain_days.append(token)
        self._waiting = []

    def _working_day(self) -> int:
        cursor = self.cursor
        if cursor.word() in _WORKDAY:
            return 1
        return 2 if cursor.word() in words.WORKING and cursor.word(1) in _DAY else 0

    def _numbers(self, kind: str, most: int) -> None:
        """Read the numbers of "days 1 to 7 and 15"."""
        cursor = self.cursor
        while True:
            token = cursor.take()
            if token.number is None:
                cursor.at -= 1
                raise cursor.unexpected()
            last = token
            if cursor.word() in words.RANGE and cursor.peek(1).number is not None:
                cursor.take()
                last = cursor.take()
            _check(token, token.number, 1, most, kind)
            _check(last, last.number or 0, token.number, most, kind)
            for number in range(token.number, (last.number or 0) + 1):
                self._waiting.append((number, _at_place_of(token, number)))
            self._add(kind, "")
            count = cursor.separators(words.LIST)
            if not count or cursor.peek(count).number is None or _is_clock_or_other(cursor, count):
                return
            cursor.at += count

    def _nearest(self) -> bool:
        """Read "the working day nearest the 15th", "the nearest working day to day 15"."""
        cursor = self.cursor
        length = self._working_day()
        if cursor.word() in _NEAREST:
            cursor.take()
            length = self._working_day()
            if not length:
                raise cursor.unexpected()
            cursor.at += length
            if not cursor.accept("to"):
                raise cursor.unexpected()
        elif length and cursor.word(length) in _NEAREST:
            cursor.at += length + 1
            cursor.accept("to")
        else:
            return False
        cursor.accept("the")
        cursor.accept("day")
        token = cursor.take()
        if token.number is None:
            cursor.at -= 1
            raise cursor.unexpected()
        _check(token, token.number, 1, LONGEST_MONTH, "day")
        self.items += (Item("nearest", token.number),)
        return True

    def _before_end(self) -> bool:
        """Read "two days before the end of the month", and stop before "of"."""
        cursor = self.cursor
        token = cursor.peek()
        number = 1 if token.word == "day" else token.number
        length = 1 if token.word == "day" else 2
        if number is None or cursor.word(length - 1) not in _DAY or cursor.word(length) != "before":
            return False
        cursor.at += length + 1
        if not (cursor.accept("the", "end") or cursor.accept("the", "last", "day")):
            raise cursor.unexpected()
        if cursor.word() != "of":
            raise cursor.unexpected()
        _check(token, number, 1, LONGEST_MONTH - 1, "day")
        self.items += (Item("day", -number - 1),)
        return True


def _is_weekday(cursor: Cursor, ahead: int) -> bool:
    word = cursor.word(ahead)
    is_working = word in words.WORKING and cursor.word(ahead + 1) in _DAY
    return is_working or word in words.WEEKDAY or word in words.WEEKDAY_GROUP


def _is_clock_or_other(cursor: Cursor, ahead: int) -> bool:
    following = cursor.word(ahead + 1)
    return following in {":", "am", "pm", "h", "oclock"} or following in words.MONTH or following in words.UNIT


def _at_place_of(token: Token, number: int) -> Token:
    return Token(token.text, token.start, token.end, number=number, digits=token.digits)


def _check(token: Token, number: int, low: int, high: int, noun: str) -> None:
    if low <= number <= high and number:
        return
    if number < 0:
        message = f"only the last {noun} can be counted from the end"
        if noun == "Friday":
            message = "of the weekdays of a month the first to the fifth and the last can be said"
        raise Refusal("text_unsupported", message, token.start)
    raise Refusal("text_never", f"a month has no {noun} {number}", token.start)
