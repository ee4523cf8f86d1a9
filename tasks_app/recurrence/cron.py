"""Cron expressions: five fields, `@` macros and the last / nearest / nth forms, compiled into a Pattern."""

import re
import unicodedata
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import lru_cache, partial

from tasks_app.recurrence.day_words import month_name
from tasks_app.recurrence.days import WEEK, DayRule, table_of
from tasks_app.recurrence.dialects import refuse_dialect
from tasks_app.recurrence.errors import Problem, ScheduleError, quoted
from tasks_app.recurrence.fields import (
    DAY,
    FIELDS,
    SUNDAY_AS_7,
    WEEKDAY,
    Field,
    FieldProblem,
    mask_of,
    split_items,
    value_of,
)
from tasks_app.recurrence.pattern import ALL_MONTHS, Pattern
from tasks_app.recurrence.pieces import EXAMPLE, Judge, Suggestion, put, shorter
from tasks_app.recurrence.repairs import repaired
from tasks_app.recurrence.time_words import and_list, bits

LONGEST_EXPRESSION = 120
LONGEST_SHORTENED = 400
ROUNDS_FOR_ITEMS = 3
MOST_ROUNDS = 6
MACROS = {
    "@hourly": "0 * * * *",
    "@daily": "0 0 * * *",
    "@midnight": "0 0 * * *",
    "@weekly": "0 0 * * 0",
    "@monthly": "0 0 1 * *",
    "@yearly": "0 0 1 1 *",
    "@annually": "0 0 1 1 *",
}
PATH = "expression"
MOST_NTH = 5
_ALL_WEEKDAYS = (1 << WEEK) - 1
_FROM_END = re.compile(r"L-([0-9]{1,2})")
_NEAREST = re.compile(r"([0-9]{1,2})W")
_FIELD_TEXT = re.compile(r"[^ \t]+")
_DASHES = dict.fromkeys(map(ord, "\u2010\u2011\u2012\u2013\u2014\u2212"), "-")
_ODD_CHARACTER = re.compile(r"[^ -~\t]")


class _Never(Exception):
    def __init__(self, message: str, suggestion: str) -> None:
        super().__init__(message)
        self.message, self.suggestion = message, suggestion


@dataclass(frozen=True)
class CronExpression:
    """A valid expression: as written (tidied), as five plain fields, its day rule and its pattern."""

    text: str
    fields: str
    rule: DayRule
    pattern: Pattern


def compile_cron(expression: object) -> CronExpression:
    """Read an expression; ScheduleError with every field's faults when it is not one."""
    if not isinstance(expression, str):
        message = f'a cron expression is a text such as "{EXAMPLE}"'
        raise ScheduleError.at(PATH, "cron_empty", message, suggestion=EXAMPLE)
    return _compile(expression)


@lru_cache(maxsize=8192)
def _compile(expression: str) -> CronExpression:
    lead = len(expression) - len(expression.lstrip()) if expression.strip() else 0
    try:
        text = _checked_length(expression)
        refuse_dialect(text, Judge(is_valid, whole))
    except ScheduleError as error:
        raise error.moved(lead) from None
    plain = MACROS.get(text.lower(), text.upper())
    found = list(_FIELD_TEXT.finditer(plain))
    # The position counts from the text as the person wrote it.
    masks, rule = _read_fields([(match.start() + lead, match[0]) for match in found])
    try:
        return _assemble(text, [match[0] for match in found], masks, rule)
    except _Never as never:
        position = found[2].start() + lead
        message = f"{never.message}; write {never.suggestion}"
        raise ScheduleError.at(PATH, "cron_never", message, position=position, suggestion=never.suggestion) from None


def is_valid(expression: str) -> bool:
    """Tell whether an expression would be accepted; used before one is suggested."""
    try:
        compile_cron(expression)
    except ScheduleError:
        return False
    return True


@lru_cache(maxsize=1024)
def whole(expression: str) -> Suggestion:
    """Give an expression as it is when it is valid, else as it is once everything is mended that is wrong with it."""
    for step in range(MOST_ROUNDS):
        try:
            compile_cron(expression)
        except ScheduleError as error:
            problems = error.problems[PATH]
        else:
            return expression
        suggestion = problems[0].suggestion
        if not isinstance(suggestion, str) or is_valid(suggestion):
            return suggestion
        for problem in reversed(problems):
            piece, position = problem.suggestion, problem.position
            if isinstance(piece, str) and position is not None:
                expression = put(expression, position, piece, in_place_of_list=step >= ROUNDS_FOR_ITEMS)
    return None


def _checked_length(expression: str) -> str:
    text = expression.strip()
    if not text:
        message = f'the cron expression is empty; "{EXAMPLE}" is every weekday at 09:00'
        raise ScheduleError.at(PATH, "cron_empty", message, position=0, suggestion=EXAMPLE)
    if len(text) > LONGEST_EXPRESSION:
        message = f"a cron expression has at most {LONGEST_EXPRESSION} characters, this has {len(text)}"
        short = shorter(text[:LONGEST_SHORTENED])
        better = short if len(short) <= LONGEST_EXPRESSION and is_valid(short) else None
        message = f"{message}; write {better}" if better else f"{message}; such as {EXAMPLE}"
        at = LONGEST_EXPRESSION
        raise ScheduleError.at(PATH, "cron_too_long", message, position=at, suggestion=better or EXAMPLE)
    odd = _ODD_CHARACTER.search(text)
    if odd:
        message = f"character {odd.start() + 1}, {quoted(odd[0])}, does not belong here; use plain ASCII on one line"
        raise ScheduleError.at(
            PATH, "cron_character", message, position=odd.start(), suggestion=_in_ascii(text) or EXAMPLE
        )
    return text


def _in_ascii(text: str) -> str | None:
    """Replace the dashes and blanks that word processors put in, or leave out what cannot be replaced."""
    plain = unicodedata.normalize("NFKC", text).translate(_DASHES)
    for better in (plain, _ODD_CHARACTER.sub(" ", plain), _ODD_CHARACTER.sub("", plain)):
        found = whole(better) if better.strip() and not _ODD_CHARACTER.search(better) else None
        if isinstance(found, str):
            return found
    return None


def _read_fields(parts: list[tuple[int, str]]) -> tuple[list[int], DayRule]:
    """Give the masks of minute, hour and month, and the day rule; one answer names the faults of all fields."""
    masks: list[int] = []
    rule = DayRule()
    problems: list[Problem] = []
    for field, (start, text) in zip(FIELDS, parts, strict=True):
        plain = "*" if text == "?" and field in (DAY, WEEKDAY) else text
        try:
            if field is DAY:
                rule = _read_items(field, plain, rule, _with_day)
            elif field is WEEKDAY:
                rule = _read_items(field, plain, rule, _with_weekday)
            else:
                masks.append(_read_mask(field, plain))
        except FieldProblem as error:
            problems.append(error.problem._replace(position=start + (error.problem.position or 0)))
    if problems:
        raise ScheduleError({PATH: problems})
    return masks, rule


def _read_items(field: Field, text: str, rule: DayRule, add: Callable[[DayRule, str], DayRule]) -> DayRule:
    for position, item in split_items(field, text):
        try:
            rule = add(rule, item)
        except FieldProblem as error:
            raise repaired(field, item, error, partial(_is_read, rule, add)).at(position) from None
    return rule


def _is_read(rule: DayRule, add: Callable[[DayRule, str], DayRule], items: str) -> bool:
    try:
        return all(add(rule, one) for one in items.split(","))
    except FieldProblem:
        return False


def _read_mask(field: Field, text: str) -> int:
    mask = 0
    for position, item in split_items(field, text):
        try:
            mask |= mask_of(field, item)
        except FieldProblem as error:
            raise repaired(field, item, error, partial(_is_mask, field)).at(position) from None
    return mask


def _is_mask(field: Field, items: str) -> bool:
    try:
        return all(mask_of(field, item) for item in items.split(","))
    except FieldProblem:
        return False


def _with_day(rule: DayRule, item: str) -> DayRule:
    if item == "L":
        return replace(rule, from_end=rule.from_end | {0})
    if item == "LW":
        return replace(rule, last_workday=True)
    from_end = _FROM_END.fullmatch(item)
    if from_end:
        distance = int(from_end[1])
        if distance >= DAY.highest:
            raise FieldProblem(DAY, f"day of month L-{distance} reaches before day 1; at most L-{DAY.highest - 1}")
        return replace(rule, from_end=rule.from_end | {distance})
    nearest = _NEAREST.fullmatch(item)
    if nearest:
        return replace(rule, nearest_workday=rule.nearest_workday | {value_of(DAY, nearest[1])})
    return replace(rule, days=rule.days | mask_of(DAY, item))


def _with_weekday(rule: DayRule, item: str) -> DayRule:
    if item == "L":
        raise FieldProblem(WEEKDAY, "weekday L needs a day, as in 5L (last Friday); for Saturday write 6", "6")
    if item.endswith("L") and "#" not in item:
        return replace(rule, last_weekdays=rule.last_weekdays | 1 << value_of(WEEKDAY, item[:-1]) % WEEK)
    name, hash_sign, nth = item.partition("#")
    if hash_sign:
        weekday = value_of(WEEKDAY, name) % WEEK
        if nth not in {str(number) for number in range(1, MOST_NTH + 1)}:
            raise _no_nth(item, name, nth)
        return replace(rule, nth_weekdays=rule.nth_weekdays | {(weekday, int(nth))})
    mask = mask_of(WEEKDAY, item)
    mask |= mask >> SUNDAY_AS_7
    return replace(rule, weekdays=rule.weekdays | mask & _ALL_WEEKDAYS)


def _no_nth(item: str, name: str, nth: str) -> FieldProblem:
    """A sixth one is meant as the last, and one that is counted from 0 as the first."""
    message = f"weekday {quoted(item)}: after # comes 1-5, as in FRI#2 (second Friday)"
    if nth.isdecimal() and int(nth) == 0:
        return FieldProblem(WEEKDAY, f"{message}; for the first write {name}#1", f"{name}#1")
    if nth.isdecimal():
        return FieldProblem(WEEKDAY, f"{message}; for the last write {name}L", f"{name}L")
    return FieldProblem(WEEKDAY, message, f"{name}L" if nth in {"L", "-1"} else None)


def _assemble(text: str, parts: list[str], masks: list[int], rule: DayRule) -> CronExpression:
    rule = replace(rule, either=_is_either(parts))
    pattern = _pattern(parts, masks, rule)
    if not pattern.can_match():
        raise _Never(_never(parts, pattern.months), _instead(parts))
    plain = " ".join("*" if part == "?" else part for part in parts)
    tidy = text.lower() if text.startswith("@") else " ".join(parts)
    return CronExpression(tidy, plain, rule, pattern)


def _is_either(parts: list[str]) -> bool:
    return not any(parts[place].startswith(("*", "?")) for place in (2, 4))


def _pattern(parts: list[str], masks: list[int], rule: DayRule) -> Pattern:
    minutes, hours, months = masks
    elapsed = any(sign in part for part in parts[:2] for sign in "*/")
    return Pattern(minutes, hours, months, table_of(rule), elapsed)


def _never(parts: list[str], months: int) -> str:
    day = f"day {parts[2]}" if parts[4] in {"*", "?"} else f"day {parts[2]} on weekday {parts[4]}"
    if months == ALL_MONTHS:
        return f"this can never happen: no month has a {day}"
    named = [month_name(month) for month in bits(months)]
    return f"this can never happen: {and_list(named)} never {'has' if len(named) == 1 else 'have'} a {day}"


def _instead(parts: list[str]) -> str:
    """Give the nearest that does happen: the last day, or its working day, the first day, or any."""
    day = "LW" if "W" in parts[2] else "1" if parts[2].startswith("L-") else "L"
    for better in (day, "*"):
        other = [*parts[:2], better, *parts[3:]]
        masks, rule = _read_fields([(0, part) for part in other])
        if _pattern(other, masks, replace(rule, either=_is_either(other))).can_match():
            return " ".join(other)
    return EXAMPLE
