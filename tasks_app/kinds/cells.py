"""What a value looks like in a file, column by column: one look at a column's types saves a look at every value."""

import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import UTC, datetime
from types import NoneType
from typing import Any

Format = Callable[[Any], str]

_WORDS = {str, NoneType}
_REPEATS = 4


def formatted(values: Sequence[Any], formats: Mapping[type, Format], other: Format) -> Iterable[str]:
    """Give the text of each value by its exact type; `other` takes what has no format of its own.

    Words that come again and again, as those of a status do, are formatted once.
    """
    kinds = set(map(type, values))
    if kinds <= _WORDS:
        distinct = set(values)
        if len(distinct) * _REPEATS < len(values):
            return map({value: formats[type(value)](value) for value in distinct}.__getitem__, values)
    if len(kinds) == 1:
        return map(formats.get(kinds.pop(), other), values)
    return [formats.get(type(value), other)(value) for value in values]


def instant(value: datetime) -> str:
    """Give an instant as the API does: in UTC, with a Z."""
    text = (value if value.tzinfo is UTC else value.astimezone(UTC)).isoformat()
    return f"{text[:-6]}Z"


def plain_text(value: object) -> str:
    """Give the text of what is no plain value; lists and objects as JSON."""
    return json.dumps(value, ensure_ascii=False, default=str) if isinstance(value, dict | list) else str(value)
