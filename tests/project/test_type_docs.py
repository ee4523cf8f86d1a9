"""The payload tables of docs/types say what the code says."""

from enum import StrEnum
from typing import Annotated, Any, Literal

import pytest
from pydantic import BaseModel, Field

from scheduler_project import type_docs
from scheduler_project.payload_tables import tables
from scheduler_project.settings import BASE_DIR
from tasks_app.handlers import registry


class Colour(StrEnum):
    """A few words."""

    RED = "red"
    BLUE = "blue"


class Box(BaseModel):
    """What a thing stands in: `<here>` or <there>."""

    width: int = Field(ge=1, le=5_000)


class Thing(BaseModel):
    """A payload."""

    name: str = Field(max_length=100, description="What it is called.")
    colour: Colour = Field(Colour.RED, description="One of a|b.")
    size: Literal["s", "m"] | None = None
    boxes: list[Box] = Field([], min_length=1, max_length=20)
    parts: dict[str, str] = Field({}, max_length=5)
    file: Annotated[str | None, Field(json_schema_extra={"x-choices": "files"})] = None
    ratio: float = Field(1.5, ge=0)


def rows() -> list[str]:
    return tables(Thing.model_json_schema()).splitlines()


@pytest.mark.parametrize(
    "row",
    [
        "| `name` | text (up to 100 characters) | required | What it is called |",
        '| `colour` | `red`, `blue` | `"red"` | One of a\\|b |',
        "| `size` | `s`, `m`, or null | `null` |  |",
        "| `boxes` | list of `Box`, 1 to 20 | `[]` |  |",
        "| `parts` | object of text, up to 5 | `{}` |  |",
        "| `file` | id of a stored file, or null | `null` |  |",
        "| `ratio` | number from 0 | `1.5` |  |",
        "| `width` | 1 to 5,000 | required |  |",
        "**`Box`** · What a thing stands in: `<here>` or &lt;there>",
    ],
)
def test_a_field_is_said_with_its_type_limits_default_and_meaning(row: str) -> None:
    assert row in rows()


def test_a_model_inside_has_its_table_once_and_a_list_of_words_none() -> None:
    assert "\n".join(rows()).count("**`") == 1


def test_what_is_written_by_hand_stays() -> None:
    page = f"# x\n\nWords.\n\n## Payload\n\n{type_docs.BEGIN}\nold\n{type_docs.END}\n\nMore.\n"
    fresh = type_docs.with_tables(page, "new", insert=False)
    assert fresh == page.replace("\nold\n", "\n\nnew\n\n")
    assert type_docs.with_tables(fresh or "", "new", insert=False) == fresh


def test_a_page_without_marks_gets_them_where_its_table_was() -> None:
    page = "# x\n\n## Payload\n\n| a | b |\n| --- | --- |\n| c | d |\n\nMore.\n\n| not | this |\n"
    assert type_docs.with_tables(page, "new", insert=False) is None
    fresh = type_docs.with_tables(page, "new", insert=True)
    assert fresh == f"# x\n\n## Payload\n\n{type_docs.BEGIN}\n\nnew\n\n{type_docs.END}\n\nMore.\n\n| not | this |\n"
    assert type_docs.with_tables("# x\n", "new", insert=True) is None


def test_every_type_that_people_may_use_has_a_page_that_is_up_to_date(capsys: pytest.CaptureFixture[str]) -> None:
    code = type_docs.main(["--check"])
    assert (code, capsys.readouterr().err) == (0, "")


def test_every_page_is_of_a_type() -> None:
    known: set[Any] = {spec.name for spec in registry.all()}
    assert {path.stem for path in (BASE_DIR / "docs" / "types").glob("*.md")} <= known
