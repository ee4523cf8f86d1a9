"""XLSX: one sheet, typed cells, a row in memory at a time. Text is written as text, so no formula comes out of it."""

import re
import tempfile
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from decimal import Decimal
from types import NoneType
from typing import IO, TYPE_CHECKING, Any

from tasks_app.errors import Permanent
from tasks_app.kinds.cells import plain_text

if TYPE_CHECKING:
    from xlsxwriter import Workbook
    from xlsxwriter.format import Format
    from xlsxwriter.worksheet import Worksheet

MAX_ROWS = 1_048_575
"""Besides the line of names."""
MAX_TEXT = 32_767
_CUT = " … (cut)"
# From here on a spreadsheet, which counts in doubles, would show other digits.
_EXACT = 10**15
_FIRST_YEAR = 1900
# The same for every file, so that the same rows give the same bytes.
_CREATED = datetime(2000, 1, 1)  # the library knows no zones
# What XML cannot carry. Control characters are escaped by the library.
_UNWRITABLE = re.compile("[\ud800-\udfff\ufffe\uffff]")
_OPTIONS = {
    "constant_memory": True,
    "strings_to_formulas": False,
    "strings_to_urls": False,
    "strings_to_numbers": False,
}


def check_row_count(count: int) -> None:
    """Raise `Permanent` for more rows than a sheet can hold."""
    if count > MAX_ROWS:
        raise Permanent(
            f"A sheet holds {MAX_ROWS:,} rows at most, and these are {count:,}. Choose CSV, JSON Lines or fewer rows."
        )


def write_xlsx(stream: IO[bytes], names: Sequence[str], pages: Iterable[Sequence[Sequence[Any]]]) -> list[str]:
    """Write the column names and the rows, and give a note for what had to be cut.

    The library keeps the sheet in a file aside and packs it at the end.
    """
    from xlsxwriter import Workbook  # noqa: PLC0415  # a large library, and only here is it needed

    with tempfile.TemporaryDirectory(prefix="carillon-xlsx-") as directory:
        book = Workbook(stream, {**_OPTIONS, "tmpdir": directory})
        sheet = _Sheet.begun(book, names)
        try:
            for page in pages:
                check_row_count(sheet.count + len(page))
                sheet.add(page)
        except BaseException:
            sheet.sheet.row_data_fh.close()
            raise
        book.close()
    return sheet.notes


@dataclass
class _Sheet:
    """The one sheet, and how far it is."""

    sheet: "Worksheet"
    formats: "dict[type, Format]"
    count: int = 0
    cut_count: int = 0

    @classmethod
    def begun(cls, book: "Workbook", names: Sequence[str]) -> "_Sheet":
        """Prepare the sheet with its bold line of names, which stays in sight."""
        book.use_zip64()
        book.set_properties({"created": _CREATED})
        sheet, bold = book.add_worksheet("Report"), book.add_format({"bold": True})
        sheet.freeze_panes(1, 0)
        sheet.set_column(0, len(names) - 1, 20)
        for place, name in enumerate(names):
            sheet.write_string(0, place, name, bold)
        instants = book.add_format({"num_format": "yyyy-mm-dd hh:mm:ss.000"})
        return cls(sheet, {datetime: instants, date: book.add_format({"num_format": "yyyy-mm-dd"})})

    def add(self, page: Sequence[Sequence[Any]]) -> None:
        """Write a page of rows."""
        for row in page:
            self.count += 1
            for place, value in enumerate(row):
                _WRITERS.get(type(value), _Sheet._other)(self, place, value)

    @property
    def notes(self) -> list[str]:
        """What a reader of the file should know."""
        if not self.cut_count:
            return []
        cells = "1 cell was" if self.cut_count == 1 else f"{self.cut_count:,} cells were"
        return [f"{cells} longer than the {MAX_TEXT:,} characters that a sheet can hold, and cut"]

    def _text(self, place: int, value: str) -> None:
        if not value:
            return
        if len(value) > MAX_TEXT // 2:
            value = self._fitted(value)
        if value[-1] == ">" and value.startswith("<r>") and value.endswith("</r>"):
            # The library takes such a text for its own markup and would write it as it stands.
            value += " "
        if not value.isascii():
            value = _UNWRITABLE.sub("\ufffd", value)
        self.sheet.write_string(self.count, place, value)

    def _fitted(self, value: str) -> str:
        """Excel counts UTF-16 units, of which some characters take two."""
        units = value.encode("utf-16-le", "replace")
        if len(units) <= 2 * MAX_TEXT:
            return value
        self.cut_count += 1
        return units[: 2 * (MAX_TEXT - len(_CUT))].decode("utf-16-le", "ignore") + _CUT

    def _number(self, place: int, value: float | Decimal) -> None:
        if -_EXACT < value < _EXACT:  # never true for what is not a number
            self.sheet.write_number(self.count, place, float(value) if isinstance(value, Decimal) else value)
        else:
            self._text(place, str(value))

    def _flag(self, place: int, value: bool) -> None:
        self.sheet.write_boolean(self.count, place, value)

    def _instant(self, place: int, value: datetime) -> None:
        moment = value.astimezone(UTC).replace(tzinfo=None)
        self._date(place, moment, datetime)

    def _date(self, place: int, value: date, kind: type = date) -> None:
        """The calendar of spreadsheets begins in 1900."""
        if value.year > _FIRST_YEAR:
            self.sheet.write_datetime(self.count, place, value, self.formats[kind])
        else:
            self._text(place, value.isoformat())

    def _nothing(self, place: int, value: None) -> None:
        """An empty cell is no cell."""

    def _other(self, place: int, value: object) -> None:
        self._text(place, plain_text(value))


_WRITERS: dict[type, Callable[[_Sheet, int, Any], None]] = {
    str: _Sheet._text,
    int: _Sheet._number,
    float: _Sheet._number,
    Decimal: _Sheet._number,
    bool: _Sheet._flag,
    NoneType: _Sheet._nothing,
    datetime: _Sheet._instant,
    date: _Sheet._date,
}
