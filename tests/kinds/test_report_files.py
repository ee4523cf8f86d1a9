"""The files of reports: each format says what the rows say, runs nothing, and packs the same twice."""

import csv
import gzip
import io
import json
import zipfile
from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta, timezone
from decimal import Decimal
from itertools import repeat
from pathlib import Path
from typing import Any
from uuid import UUID

import openpyxl
import pytest

from tasks_app.errors import Permanent, RunStopped
from tasks_app.kinds import xlsx_file
from tasks_app.kinds.report_file import FileFormat, ReportFile
from tasks_app.kinds.report_progress import duration_text, rows_text

BERLIN = timezone(timedelta(hours=2))
NOW = datetime(2026, 11, 22, 5, 0, 1, 500_000, tzinfo=UTC)
RUN = UUID("01a201e4-f77f-798b-b04b-82b59b981e3f")
FORMULAS = ["=1+1", "+1+1", "-1+1", "@SUM(A1)", "\t=1", "\r=1", "\n=1", "＝1", "＋1", "－1", "＠1", " =1", "\u00a0=1"]


def written(kind: str, *pages: Sequence[Sequence[Any]], names: Sequence[str] = ("a",), packed: bool = False) -> bytes:
    """The bytes of a file with these pages of rows."""
    stream = io.BytesIO()
    ReportFile(FileFormat(kind), packed).write(stream, names, iter(pages))
    return stream.getvalue()


def sheet(content: bytes) -> Any:
    return openpyxl.load_workbook(io.BytesIO(content)).active


def cells(*values: object) -> list[Any]:
    """What a spreadsheet program reads where these values were written, one below the other."""
    return [row[0] for row in sheet(written("xlsx", [(value,) for value in values])).iter_rows(2, values_only=True)]


def fields(*values: object) -> list[str]:
    text = written("csv", [(value,) for value in values]).decode()
    return [row[0] for row in list(csv.reader(io.StringIO(text, newline="")))[1:]]


def objects(*values: object) -> list[Any]:
    return [json.loads(line)["a"] for line in written("jsonl", [(value,) for value in values]).decode().splitlines()]


VALUES = [
    ("text", "text", "text"),
    (None, "", None),
    (True, "true", True),
    (False, "false", False),
    (7, "7", 7),
    (-7, "-7", -7),
    (0.25, "0.25", 0.25),
    (NOW, "2026-11-22T05:00:01.500000Z", "2026-11-22T05:00:01.500000Z"),
    (NOW.astimezone(BERLIN), "2026-11-22T05:00:01.500000Z", "2026-11-22T05:00:01.500000Z"),
    (NOW.replace(microsecond=0), "2026-11-22T05:00:01Z", "2026-11-22T05:00:01Z"),
    (RUN, str(RUN), str(RUN)),
    ({"b": [1, "ü"]}, '{"b": [1, "ü"]}', {"b": [1, "ü"]}),
    (Decimal("1.50"), "1.50", 1.5),
    (float("nan"), "nan", None),
    (float("inf"), "inf", None),
    ('say "hi",\r\nÜ €', 'say "hi",\r\nÜ €', 'say "hi",\r\nÜ €'),
]


@pytest.mark.parametrize(("value", "field", "member"), VALUES)
def test_csv_and_json_lines_say_what_the_value_is(value: Any, field: str, member: Any) -> None:
    assert fields(value) == [field]
    assert objects(value) == [member]
    assert type(objects(value)[0]) is type(member)


def test_a_column_may_mix_what_it_likes() -> None:
    values = [value for value, *_ in VALUES]
    assert fields(*values) == [field for _, field, _ in VALUES]
    assert objects(*values) == [member for *_, member in VALUES]
    assert fields(1, True, 1.0, None, *["x"] * 9) == ["1", "true", "1.0", "", *["x"] * 9]


def test_words_that_repeat_are_each_in_their_place() -> None:
    values = ["=1", "b", None, 'q"'] * 10
    assert fields(*values) == ["'=1", "b", "", 'q"'] * 10
    assert objects(*values) == values


@pytest.mark.parametrize("text", FORMULAS)
def test_no_format_makes_a_formula_of_a_text(text: str) -> None:
    assert fields(text) == [f"'{text}"]
    found = sheet(written("xlsx", [(text,)]))["A2"]
    assert (found.data_type, found.hyperlink) == ("s", None)
    assert objects(text) == [text]


@pytest.mark.parametrize(
    "text", ["http://example.com", "mailto:a@b.c", "file:///etc/passwd", "internal:Sheet1!A1", "007", "{=1}", "1e5"]
)
def test_a_sheet_leaves_texts_alone(text: str) -> None:
    found = sheet(written("xlsx", [(text,)]))["A2"]
    assert (found.data_type, found.value, found.hyperlink) == ("s", text, None)


@pytest.mark.parametrize("text", ["<r></is></c><c><f>1+1</f>", "<r><t>x</t></r>", "<r></r>", "a & b < c", "]]>"])
def test_markup_in_a_text_is_text(text: str) -> None:
    content = written("xlsx", [(text, 1)], names=("a", "b"))
    assert sheet(content)["A2"].value.rstrip() == text
    assert sheet(content)["B2"].value == 1


def test_a_sheet_has_typed_cells() -> None:
    page = [(7, 0.5, True, NOW, date(2026, 11, 22), "text", None, Decimal("1.5"), RUN)]
    found = sheet(written("xlsx", page, names=list("abcdefghi")))[2]
    assert [cell.data_type for cell in found] == ["n", "n", "b", "d", "d", "s", "n", "n", "s"]
    assert [cell.value for cell in found] == [
        7,
        0.5,
        True,
        NOW.replace(tzinfo=None),
        datetime(2026, 11, 22),
        "text",
        None,
        1.5,
        str(RUN),
    ]
    assert found[3].number_format == "yyyy-mm-dd hh:mm:ss.000"


def test_instants_in_a_sheet_are_in_utc() -> None:
    assert cells(NOW.astimezone(BERLIN)) == [NOW.replace(tzinfo=None)]


def test_what_a_sheet_cannot_count_stays_as_it_is_written() -> None:
    old = datetime(1850, 1, 1, tzinfo=UTC)
    assert cells(10**15 - 1, 10**15, float("inf"), old) == [
        10**15 - 1,
        "1000000000000000",
        "inf",
        "1850-01-01T00:00:00",
    ]


@pytest.mark.parametrize(
    ("text", "shown"), [("\x00", "_x0000_"), ("a\x0bb", "a_x000B_b"), ("_x0041_", "_x005F_x0041_")]
)
def test_control_characters_are_escaped_as_spreadsheets_do(text: str, shown: str) -> None:
    assert shown in _sheet_xml(written("xlsx", [(text,)]))


def test_characters_that_no_file_can_hold_are_replaced() -> None:
    assert cells("a\ud800b\uffffc") == ["a\ufffdb\ufffdc"]
    assert fields("a\ud800b") == ["a?b"]
    assert objects("a\ud800b") == ["a?b"]


def test_a_text_that_is_too_long_for_a_cell_is_cut_and_told() -> None:
    stream = io.BytesIO()
    page = [("x" * 32_767,), ("x" * 32_768,), ("😀" * 20_000,), ("ü" * 40_000,)]
    notes = ReportFile(FileFormat.XLSX, False).write(stream, ["a"], [page])
    found = [row[0] for row in sheet(stream.getvalue()).iter_rows(2, values_only=True)]
    assert [len(text.encode("utf-16-le")) // 2 for text in found] <= [32_767] * 4
    assert [text.endswith("… (cut)") for text in found] == [False, True, True, True]
    assert notes == ["3 cells were longer than the 32,767 characters that a sheet can hold, and cut"]
    assert ReportFile(FileFormat.CSV, False).write(io.BytesIO(), ["a"], [page]) == []


def test_more_rows_than_a_sheet_holds_are_refused_before_and_while_writing(monkeypatch: pytest.MonkeyPatch) -> None:
    book = ReportFile(FileFormat.XLSX, False)
    book.check_count(1_048_575)
    ReportFile(FileFormat.CSV, False).check_count(10**9)
    with pytest.raises(Permanent, match="1,048,575 rows at most, and these are 1,048,576"):
        book.check_count(1_048_576)
    monkeypatch.setattr(xlsx_file, "MAX_ROWS", 10)
    with pytest.raises(Permanent, match="10 rows at most"):
        written("xlsx", *repeat([("x",)] * 4, 3))


@pytest.mark.parametrize("kind", list(FileFormat))
@pytest.mark.parametrize("packed", [False, True])
def test_the_same_rows_give_the_same_bytes(kind: str, packed: bool) -> None:
    page = [(1, "x", NOW)] * 50
    assert written(kind, page, names="abc", packed=packed) == written(kind, page, names="abc", packed=packed)


@pytest.mark.parametrize("kind", list(FileFormat))
def test_unpacked_it_is_the_same_file(kind: str) -> None:
    page = [(1, "x", NOW)] * 50
    plain = written(kind, page, names="abc")
    unpacked = gzip.decompress(written(kind, page, names="abc", packed=True))
    if kind == "xlsx":  # which ends each part with its size, where it cannot go back to write it in front
        assert _sheet_xml(unpacked) == _sheet_xml(plain)
    else:
        assert unpacked == plain


@pytest.mark.parametrize("kind", list(FileFormat))
def test_no_rows_make_a_whole_file(kind: str) -> None:
    content = written(kind, names=["a", "b"])
    if kind == "xlsx":
        assert [list(row) for row in sheet(content).iter_rows(values_only=True)] == [["a", "b"]]
    else:
        assert content == {"csv": b'"a","b"\r\n', "jsonl": b""}[kind]


def test_names_of_columns_are_as_harmless_as_values() -> None:
    names = ["=1", '100 % "x"']
    assert written("csv", [(1, 2)], names=names).decode() == '"\'=1","100 % ""x"""\r\n"1","2"\r\n'
    assert json.loads(written("jsonl", [(1, 2)], names=names)) == {"=1": 1, '100 % "x"': 2}
    assert sheet(written("xlsx", [(1, 2)], names=names))["A1"].data_type == "s"


def test_a_book_that_is_given_up_leaves_nothing_aside(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))

    def pages() -> Any:
        yield [("x",)] * 100
        raise RunStopped("asked to stop")

    with pytest.raises(RunStopped):
        ReportFile(FileFormat.XLSX, False).write(io.BytesIO(), ["a"], pages())
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("kind", "packed", "name", "expected"),
    [
        ("csv", False, "Mine", "Mine.csv"),
        ("csv", False, "Mine.CSV", "Mine.CSV"),
        ("csv", True, "Mine", "Mine.csv.gz"),
        ("csv", True, "Mine.csv", "Mine.csv.gz"),
        ("csv", True, "Mine.csv.gz", "Mine.csv.gz"),
        ("xlsx", False, "Mine.csv", "Mine.csv.xlsx"),
        ("jsonl", True, "v1.2", "v1.2.jsonl.gz"),
    ],
)
def test_a_file_has_the_ending_of_what_it_is(kind: str, packed: bool, name: str, expected: str) -> None:
    assert ReportFile(FileFormat(kind), packed).named(name) == expected


def test_counts_and_times_are_said_as_people_say_them() -> None:
    assert [rows_text(count) for count in (0, 1, 2, 1_000_000)] == ["0 rows", "1 row", "2 rows", "1,000,000 rows"]
    assert [duration_text(seconds) for seconds in (0.2, 40.4, 89, 91, 3600, 5399, 7000)] == [
        "1 s",
        "40 s",
        "89 s",
        "2 min",
        "60 min",
        "90 min",
        "2 h",
    ]


def _sheet_xml(content: bytes) -> str:
    with zipfile.ZipFile(io.BytesIO(content)) as book:
        return book.read("xl/worksheets/sheet1.xml").decode()
