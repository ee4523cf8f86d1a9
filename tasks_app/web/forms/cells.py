"""Lists in lists and tuples: a line for each inner list, its values between commas, in quotes where they hold some."""

import csv
import io
import json
from collections.abc import Sequence
from typing import Any

_QUOTED = frozenset(',"\n\r')


def rows_of(text: str) -> list[list[str]]:
    """Read the lines; one that is blank is none. A quote that nobody closes ends with the text."""
    try:
        found = list(csv.reader(io.StringIO(text, newline=""), skipinitialspace=True))
    except csv.Error:  # a value that is longer than the reader takes
        found = [line.split(",") for line in text.splitlines()]
    return [row for row in found if row]


def cells_of(text: str) -> list[str]:
    """Read one list: its lines are one."""
    return [cell for row in rows_of(text) for cell in row]


def as_rows(value: Any) -> str:
    """Write a list of lists; anything else as JSON, so that it is seen."""
    if not isinstance(value, list) or not all(isinstance(row, list) for row in value):
        return _plain(value)
    return "\n".join(as_cells(row) for row in value)


def as_cells(value: Any) -> str:
    """Write one list."""
    return _line(value) if isinstance(value, list) else _plain(value)


def _line(row: Sequence[Any]) -> str:
    written = [_cell(_plain(cell)) for cell in row]
    return '""' if written == [""] else ", ".join(written)


def _cell(text: str) -> str:
    needs_quotes = bool(_QUOTED & set(text)) or text != text.strip()
    return '"' + text.replace('"', '""') + '"' if needs_quotes else text


def _plain(value: Any) -> str:
    return "" if value is None else value if isinstance(value, str) else json.dumps(value)
