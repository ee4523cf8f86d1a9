"""Pieces of cron expressions: put in the place of others, and what is offered where nothing better is known."""

import re
from collections.abc import Callable, Mapping
from itertools import groupby
from typing import NamedTuple

EXAMPLE = "0 9 * * 1-5"
"""Every weekday at nine."""
FIVE = 5
Suggestion = str | Mapping[str, object] | None
IsValid = Callable[[str], bool]
_ITEM = re.compile(r"[^\s,]*")
_NUMBERS = re.compile(r"[0-9]{1,2}(?:,[0-9]{1,2})+")


class Judge(NamedTuple):
    """Judges expressions before they are offered: tells whether one is valid, and mends one that is not."""

    is_valid: IsValid
    whole: Callable[[str], Suggestion]


def put(text: str, position: int, piece: str, *, in_place_of_list: bool = False) -> str:
    """Put a piece in the place of the item that begins at a position, or of its whole list."""
    start, end = _field_around(text, position)
    if in_place_of_list:
        return f"{text[:start]}{piece or '*'}{text[end:]}"
    match = _ITEM.match(text, position)
    items = f"{text[start:position]}{piece}{text[match.end() if match else position : end]}".split(",")
    # What a list has already, and what is empty, is left out.
    return f"{text[:start]}{','.join(dict.fromkeys(filter(None, items))) or '*'}{text[end:]}"


def _field_around(text: str, position: int) -> tuple[int, int]:
    start, end = position, position
    while start and not text[start - 1].isspace():
        start -= 1
    while end < len(text) and not text[end].isspace():
        end += 1
    return start, end


def shorter(text: str) -> str:
    """Say a text that is too long in five fields: without what follows them, with ranges for lists of numbers."""
    return " ".join(_NUMBERS.sub(lambda match: _ranges(match[0]), field) for field in text.split()[:FIVE])


def _ranges(numbers: str) -> str:
    ordered = sorted({int(number) for number in numbers.split(",")})
    runs = [
        [number for _, number in run]
        for _, run in groupby(enumerate(ordered), key=lambda numbered: numbered[1] - numbered[0])
    ]
    return ",".join(str(run[0]) if len(run) == 1 else f"{run[0]}-{run[-1]}" for run in runs)
