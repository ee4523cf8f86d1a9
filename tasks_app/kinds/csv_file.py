"""CSV that spreadsheets open without running anything: UTF-8, every field quoted, formulas made text."""

import re
from collections.abc import Iterable, Sequence
from datetime import datetime
from types import NoneType
from typing import IO, Any
from uuid import UUID

from tasks_app.kinds.cells import Format, formatted, instant, plain_text

# The last four are the full-width forms, which some spreadsheets take for the plain ones.
_FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r", "\n", "\uff1d", "\uff0b", "\uff0d", "\uff20")
_NUMBER = re.compile(r"[+-]?\d+(\.\d+)?([eE][+-]?\d+)?")


def write_csv(stream: IO[bytes], names: Sequence[str], pages: Iterable[Sequence[Sequence[Any]]]) -> list[str]:
    """Write the column names and the pages of rows as they come; nothing is ever cut."""
    line = ",".join(['"%s"'] * len(names)) + "\r\n"
    stream.write((line % tuple(map(_field, names))).encode("utf-8", "replace"))
    for page in pages:
        columns = [formatted(values, _FIELDS, _other) for values in zip(*page, strict=True)]
        text = "".join(map(line.__mod__, zip(*columns, strict=True)))
        stream.write(text.encode("utf-8", "replace"))
    return []


def _field(text: str) -> str:
    """Make a field of somebody's words: no formula, and its quotes doubled.

    A leading apostrophe makes a spreadsheet take the cell as text; real numbers keep their sign. The first character
    that shows counts, since some programs trim blanks before they look.
    """
    if not text[:1].isalnum() and _is_formula(text):
        text = f"'{text}"
    return text.replace('"', '""')


def _is_formula(text: str) -> bool:
    return text.lstrip(" \u00a0\ufeff").startswith(_FORMULA_STARTS) and not _NUMBER.fullmatch(text)


def _other(value: object) -> str:
    return _field(plain_text(value))


_FIELDS: dict[type, Format] = {
    str: _field,
    NoneType: lambda _: "",
    bool: lambda value: "true" if value else "false",
    int: str,
    float: str,
    datetime: instant,
    UUID: str,
}
