"""Who gets a mail, each with values of their own: from a payload, or line by line from a stored file."""

import csv
import io
import json
import re
from collections.abc import Iterator
from typing import Annotated, Any

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, model_validator
from pydantic_core import PydanticCustomError

from tasks_app.errors import NotFound, Permanent
from tasks_app.kinds.addresses import EmailAddress, is_address
from tasks_app.models import StoredFile
from tasks_app.services.files import file_open
from tasks_app.services.mail_text import is_one_line

MOST_IN_FILE = 100_000
MOST_FILE_BYTES = 20 * 2**20
MOST_VALUES = 100
_LONGEST_VALUE = 5_000
_LONGEST_NAME = 100
_LONGEST_ADDRESS = 254
_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]{0,49}")
_UNFIT = re.compile("[\\0\\ud800-\\udfff]")
_CSV, _JSONL = (".csv",), (".jsonl", ".ndjson")


def _as_text(value: object) -> object:
    """Numbers are taken as they are written; true and false would be a guess."""
    return str(value) if isinstance(value, int | float) and not isinstance(value, bool) else value


def _checked_name(value: str) -> str:
    if not is_one_line(value):
        raise PydanticCustomError("one_line", "Must be one line")
    return value.strip()


def _checked_values(values: dict[str, str]) -> dict[str, str]:
    for name in values:
        if not _NAME.fullmatch(name):
            raise PydanticCustomError("placeholder", "A placeholder's name has letters, digits and _ only")
    return values


Value = Annotated[str, BeforeValidator(_as_text), Field(max_length=_LONGEST_VALUE)]
Values = Annotated[dict[str, Value], AfterValidator(_checked_values), Field(max_length=MOST_VALUES)]


class Recipient(BaseModel):
    """One person; the address alone may stand for it."""

    model_config = ConfigDict(extra="forbid", frozen=True, json_schema_extra={"x-shorthand": "email"})

    email: EmailAddress
    name: Annotated[str, AfterValidator(_checked_name), Field(max_length=_LONGEST_NAME)] = ""
    values: Values = {}

    @model_validator(mode="before")
    @classmethod
    def _from_address(cls, given: Any) -> Any:
        return {"email": given} if isinstance(given, str) else given


def is_recipients_file(name: str) -> bool:
    """Say whether a file of this name can hold recipients."""
    return name.lower().endswith(_CSV + _JSONL)


def recipients_in(file: StoredFile) -> Iterator[tuple[int, Recipient]]:
    """Read the recipients of a CSV or JSON Lines file with the numbers of their lines; raise Permanent at a bad one."""
    if file.size > MOST_FILE_BYTES:
        raise Permanent(f"{file.name} is larger than {MOST_FILE_BYTES // 2**20} MB; split it.")
    try:
        opened = file_open(file)
    except NotFound:
        raise Permanent(f"{file.name} is no longer in storage.") from None
    rows = _json_rows if file.name.lower().endswith(_JSONL) else _csv_rows
    with opened, io.TextIOWrapper(opened, encoding="utf-8-sig", newline="") as lines:
        try:
            for count, (line, row) in enumerate(rows(lines), start=1):
                if count > MOST_IN_FILE:
                    raise Permanent(f"{file.name} has more than {MOST_IN_FILE:,} recipients; split it.")
                yield line, _recipient(line, row)
        except UnicodeDecodeError:
            raise Permanent(f"{file.name} is not UTF-8 text.") from None


def _csv_rows(lines: io.TextIOWrapper) -> Iterator[tuple[int, dict[str, Any]]]:
    first = lines.readline()
    delimiter = max(",;\t", key=first.count)
    head = [_column(name) for name in next(csv.reader([first], delimiter=delimiter), [])]
    if "email" not in head:
        raise Permanent("The first line of the recipients' file must name its columns, one of them “email”.")
    if len(set(head)) < len(head):
        raise Permanent("The first line of the recipients' file names a column twice.")
    reader = csv.reader(lines, delimiter=delimiter)
    try:
        for cells in reader:
            if any(cells):
                if len(cells) != len(head):
                    raise Permanent(f"Line {reader.line_num + 1}: {len(cells)} cells; the first line has {len(head)}.")
                yield reader.line_num + 1, dict(zip(head, cells, strict=True))
    except csv.Error as error:
        raise Permanent(f"Line {reader.line_num + 1} is not CSV: {error}.") from None


def _column(name: str) -> str:
    words = re.sub(r"\W+", "_", name.strip(), flags=re.ASCII).strip("_")
    return words.lower() if words.lower() in ("email", "name") else words


def _json_rows(lines: io.TextIOWrapper) -> Iterator[tuple[int, dict[str, Any]]]:
    for number, line in enumerate(lines, start=1):
        if not line.strip():
            continue
        try:
            row = json.loads(line)
        except (ValueError, RecursionError):
            raise Permanent(f"Line {number} is not JSON.") from None
        if not isinstance(row, dict):
            raise Permanent(f"Line {number} is not a JSON object.")
        inner = row.pop("values", {})
        yield number, {**row, **inner} if isinstance(inner, dict) else row


def _recipient(line: int, row: dict[str, Any]) -> Recipient:
    """Build one without the model's own, slower way; the checks are the same."""
    address, name = row.pop("email", None), row.pop("name", None) or ""
    address = address.strip() if isinstance(address, str) else ""
    if not is_address(address) or len(address) > _LONGEST_ADDRESS:
        raise Permanent(f"Line {line}: {address[:80]!r} is not one e-mail address.")
    if not isinstance(name, str) or not is_one_line(name) or len(name) > _LONGEST_NAME:
        raise Permanent(f"Line {line}: the name must be one line of at most {_LONGEST_NAME} characters.")
    values: dict[str, str] = {}
    for key, given in row.items():
        value = _as_text("" if given is None else given)
        if not isinstance(value, str) or len(value) > _LONGEST_VALUE or _UNFIT.search(value):
            raise Permanent(f"Line {line}: the value of {key[:50]!r} must be text of at most {_LONGEST_VALUE} letters.")
        values[key] = value
    return Recipient.model_construct(email=address, name=name.strip(), values=values)
