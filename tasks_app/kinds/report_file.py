"""The formats of report files, each with or without gzip."""

import gzip
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import IO, Any, cast

from tasks_app.kinds.csv_file import write_csv
from tasks_app.kinds.jsonl_file import write_jsonl
from tasks_app.kinds.xlsx_file import check_row_count, write_xlsx

_LEVEL = 6

Pages = Iterable[Sequence[Sequence[Any]]]
Write = Callable[[IO[bytes], Sequence[str], Pages], list[str]]


class FileFormat(StrEnum):
    """What a report can be written as; the word is the ending of the file's name."""

    CSV = "csv"
    JSONL = "jsonl"
    XLSX = "xlsx"


@dataclass(frozen=True)
class ReportFile:
    """How the file is made, and what it is called."""

    format: FileFormat
    is_packed: bool

    @property
    def ending(self) -> str:
        """The ending of the file's name."""
        return f".{self.format}.gz" if self.is_packed else f".{self.format}"

    @property
    def content_type(self) -> str:
        """The media type of the file."""
        return "application/gzip" if self.is_packed else _CONTENT_TYPES[self.format]

    def named(self, name: str) -> str:
        """Give the name with the right ending, whichever of it is there."""
        stem = name.lower()
        if stem.endswith(self.ending):
            return name
        return f"{name}.gz" if self.is_packed and stem.endswith(f".{self.format}") else f"{name}{self.ending}"

    def check_count(self, count: int) -> None:
        """Raise `Permanent` for more rows than the format can hold."""
        if self.format == FileFormat.XLSX:
            check_row_count(count)

    def write(self, stream: IO[bytes], names: Sequence[str], pages: Pages) -> list[str]:
        """Write the rows, and give notes on what the file does not show as it is; the same rows give the same bytes."""
        write = _WRITE[self.format]
        if not self.is_packed:
            return write(stream, names, pages)
        # Neither the name nor the time of packing goes in.
        with gzip.GzipFile(filename="", mode="wb", fileobj=stream, compresslevel=_LEVEL, mtime=0) as packed:
            return write(cast(IO[bytes], _OneWay(packed)), names, pages)


class _OneWay:
    """A stream that only goes forward: gzip lets itself be wound back, but only to fail."""

    def __init__(self, stream: gzip.GzipFile) -> None:
        self.write = stream.write
        self.flush = stream.flush


_WRITE: dict[FileFormat, Write] = {
    FileFormat.CSV: write_csv,
    FileFormat.JSONL: write_jsonl,
    FileFormat.XLSX: write_xlsx,
}
_CONTENT_TYPES = {
    FileFormat.CSV: "text/csv; charset=utf-8",
    FileFormat.JSONL: "application/jsonl; charset=utf-8",
    FileFormat.XLSX: "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
}
