"""What a value looks like in a file, column by column: one look at a column's types saves a look at every value."""

import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

Format = Callable[[Any], str]


def formatted(values: Sequence[Any], formats: Mapping[type, Format], other: Format) -> Iterable[str]:
    """Give the text of each value by its exact type; `other` takes what has no format of its own."""
    kinds = set(map(type, values))
    if len(kinds) == 1:
        return map(formats.get(kinds.pop(), other), values)
    return [formats.get(type(value), other)(value) for value in values]


def instant(value: datetime) -> str:
    """Give an instant as the API does: in UTC, with a Z."""
    return (value if value.tzinfo is UTC else value.astimezone(UTC)).isoformat().replace("+00:00", "Z")


def plain_text(value: object) -> str:
    """Give the text of what is no plain value; lists and objects as JSON."""
    return json.dumps(value, ensure_ascii=False, default=str) if isinstance(value, dict | list) else str(value)
