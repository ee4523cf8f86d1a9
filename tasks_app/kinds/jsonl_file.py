"""JSON Lines: one object a row, in UTF-8, numbers as numbers, instants as in the API."""

import json
import math
from collections.abc import Iterable, Sequence
from datetime import datetime
from decimal import Decimal
from json.encoder import encode_basestring
from types import NoneType
from typing import IO, Any
from uuid import UUID

from tasks_app.kinds.cells import Format, formatted, instant


def write_jsonl(stream: IO[bytes], names: Sequence[str], pages: Iterable[Sequence[Sequence[Any]]]) -> list[str]:
    """Write the pages of rows as they come; nothing is ever cut."""
    members = [f"{encode_basestring(name).replace('%', '%%')}:%s" for name in names]
    line = f"{{{','.join(members)}}}\n"
    for page in pages:
        columns = [formatted(values, _VALUES, _other) for values in zip(*page, strict=True)]
        text = "".join(map(line.__mod__, zip(*columns, strict=True)))
        stream.write(text.encode("utf-8", "replace"))
    return []


def _number(value: float | Decimal) -> str:
    """JSON has no word for what is not finite."""
    return str(value) if math.isfinite(value) else "null"


def _other(value: object) -> str:
    if isinstance(value, dict | list):
        return json.dumps(value, ensure_ascii=False, separators=(",", ":"), default=str)
    return encode_basestring(str(value))


_VALUES: dict[type, Format] = {
    str: encode_basestring,
    NoneType: lambda _: "null",
    bool: lambda value: "true" if value else "false",
    int: str,
    float: _number,
    Decimal: _number,
    datetime: lambda value: f'"{instant(value)}"',
    UUID: lambda value: f'"{value}"',
}
