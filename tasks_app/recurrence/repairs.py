"""What somebody may have meant by an item of a cron field that means nothing here; each guess is read before use.

They are only ever suggested. What can be read in no way at all gets an example of the field.
"""

import difflib
import re
from collections.abc import Callable, Iterator

from tasks_app.recurrence.fields import DAY, HOUR, MINUTE, MONTH, WEEKDAY, Field, FieldProblem

IsRead = Callable[[str], bool]
EXAMPLES = {MINUTE: "30", HOUR: "9", DAY: "15", MONTH: "6", WEEKDAY: "1"}
LONGEST_LOOKED_AT = 16
_NUMBER = re.compile(r"[0-9]+")
_NAME = re.compile(r"[A-Z]+")
_TOKEN = re.compile(r"[0-9]+|[A-Z]+|[^0-9A-Z]")
_CHOSEN = re.compile(r"[HR](?:\((\d+)-(\d+)\))?(?:/(\d+))?")
_RANDOM = re.compile(r"(\d*)~(\d*)(?:/(\d+))?")
_TWELVE = re.compile(r"(\d{1,2})([AP])M?")
_EDGES = "+-!=.:;'\"()[]{}<>~^%$&_\\"
_YEAR = re.compile(r"\d{4}")
_AROUND = re.compile(r"(?:(\d{1,2})L|L(\d{1,2})|WL|L[WL]+)")
_BEFORE_THE_FIRST = re.compile(r"L-\d+")
_BARE_STEP = re.compile(r"\*/[^0-9]*([0-9]*).*")
_NOON = 12


def repaired(field: Field, item: str, problem: FieldProblem, is_read: IsRead) -> FieldProblem:
    """Add a suggestion to a problem with an item that has none."""
    said = problem.problem
    if said.suggestion is not None:
        return problem
    guesses = _guesses(field, item[:LONGEST_LOOKED_AT])
    better = next((guess for guess in guesses if guess != item and is_read(guess)), None)
    hint = f"write {better}" if better else f"such as {EXAMPLES[field]}"
    return FieldProblem(field, f"{said.message}; {hint}", better or EXAMPLES[field])


def _guesses(field: Field, item: str) -> Iterator[str]:
    yield from _chosen_elsewhere(field, item)
    yield from _by_field(field, item)
    yield re.sub(r"(?<=\w)(?:\.\.|[;|&+])(?=\w)", lambda sign: "-" if sign[0] == ".." else ",", item)
    yield item.strip(_EDGES)
    yield re.sub(r"(?<=\d)[A-Z]+$", "", item)  # a unit: */5M
    yield f"*{item}" if item.startswith("/") else ""
    if step := _BARE_STEP.fullmatch(item):  # never every minute, by cutting the step off
        yield f"*/{step[1] or 5}"
    yield re.sub(r"^\*+/?(?=\d)", "*/", item)  # *5
    yield re.sub(r"^\*-(?=\d)", f"{field.lowest}-", item)
    yield re.sub(r"-\*$", f"-{field.highest}", item)
    yield re.sub(r"(?<=\d)\*$", "", item)
    yield _NUMBER.sub(lambda number: _clamped(field, number[0]), item)
    yield _NAME.sub(lambda name: _named(field, name[0]), item)
    yield from _beginnings(item)


def _chosen_elsewhere(field: Field, item: str) -> Iterator[str]:
    """Say what others let chance or a hash choose: all of its steps, or its lowest value."""
    if match := _CHOSEN.fullmatch(item):
        low, high, step = match.groups()
        yield f"{low}-{high}/{step}" if step and low else f"*/{step}" if step else low or str(field.lowest)
    elif match := _RANDOM.fullmatch(item):
        low, high, step = match.groups()
        first, last = low or str(field.lowest), high or str(field.highest)
        yield f"{first}-{last}/{step}" if step else first


def _by_field(field: Field, item: str) -> Iterator[str]:
    """Know what belongs to one field only."""
    if field is HOUR and (match := _TWELVE.fullmatch(item)):
        yield str(int(match[1]) % _NOON + (_NOON if match[2] == "P" else 0))
    if field is DAY and (match := _AROUND.fullmatch(item)):
        number = match[1] or match[2]
        yield f"L-{number}" if match[2] else "L" if number else "LW"
    if field is DAY and _BEFORE_THE_FIRST.fullmatch(item):
        yield f"L-{DAY.highest - 1}"
    if field is WEEKDAY:
        if _YEAR.fullmatch(item):
            yield "*"  # a year, in the place of the weekday
        yield re.sub(r"^L(\w+)$", r"\1L", item)
        yield re.sub(r"^#([1-5])$", r"1#\1", item)
        yield re.sub(r"^(\w+)#\w*$", r"\1#1", item)
    if field in (MINUTE, HOUR, MONTH) and item in {"L", "LW"}:
        yield str(field.highest)


def _clamped(field: Field, number: str) -> str:
    """Give the nearest value; one further than the highest is the lowest, as 60 is 0."""
    value = int(number)
    if value == field.highest + 1:
        return "L" if field is DAY else str(1 if field is WEEKDAY else field.lowest)
    return str(min(max(value, field.lowest), field.highest))


def _named(field: Field, word: str) -> str:
    """Give the name that a word begins, or is most like."""
    begun = [name for name in field.names if name.startswith(word) or word.startswith(name)]
    close = begun or difflib.get_close_matches(word[:3], field.names, n=1, cutoff=0.6)
    return close[0] if close else word


def _beginnings(item: str) -> Iterator[str]:
    """Give the longest beginnings, whole numbers and words at a time."""
    tokens = _TOKEN.findall(item)
    for count in range(len(tokens) - 1, 0, -1):
        yield "".join(tokens[:count])
