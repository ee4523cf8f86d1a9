"""CSV that spreadsheets open without running anything: UTF-8, every field quoted, formulas made text."""

import csv
import io
import json
import re
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from typing import IO, Any

# The last four are the full-width forms, which some spreadsheets take for the plain ones.
_FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r", "\n", "\uff1d", "\uff0b", "\uff0d", "\uff20")
_NUMBER = re.compile(r"[+-]?\d+(\.\d+)?([eE][+-]?\d+)?")


def write_csv(stream: IO[bytes], header: Sequence[str], rows: Iterable[Sequence[Any]]) -> int:
    """Write the header and the rows as they come, and give the number of rows."""
    text = io.TextIOWrapper(stream, encoding="utf-8", newline="", write_through=False)
    writer = csv.writer(text, quoting=csv.QUOTE_ALL, lineterminator="\r\n")
    writer.writerow(header)
    count = 0
    for row in rows:
        writer.writerow([cell(value) for value in row])
        count += 1
    text.flush()
    # The stream belongs to the caller.
    text.detach()
    return count


def cell(value: object) -> str:
    """Give the text of one value: instants as in the API, nothing for null, no formula out of anybody's words."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, datetime):
        return value.astimezone(UTC).isoformat().replace("+00:00", "Z")
    if isinstance(value, int | float):
        return str(value)
    if isinstance(value, dict | list):
        value = json.dumps(value, ensure_ascii=False)
    return _harmless(str(value))


def _harmless(text: str) -> str:
    """A leading apostrophe makes a spreadsheet take the cell as text; real numbers keep their sign.

    The first character that shows counts, since some programs trim blanks before they look.
    """
    if text.lstrip(" \u00a0\ufeff").startswith(_FORMULA_STARTS) and not _NUMBER.fullmatch(text):
        return f"'{text}"
    return text
