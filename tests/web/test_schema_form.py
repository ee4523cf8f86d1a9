"""From a JSON Schema to fields and back: every kind of shape, with values, blanks and faults."""

from datetime import date
from decimal import Decimal
from typing import Annotated, Any, Literal
from urllib.parse import urlencode

import pytest
from django.http import QueryDict
from pydantic import AwareDatetime, BaseModel, Field, SecretStr

from tasks_app.errors import FieldError
from tasks_app.web.forms.draw import draw_payload
from tasks_app.web.forms.field import faulty, unplaced
from tasks_app.web.forms.read import Reader


class Header(BaseModel):
    name: str
    weight: int = 1


class Mail(BaseModel):
    kind: Literal["mail"]
    to: str


class File(BaseModel):
    kind: Literal["file"]
    path: str
    keep_days: int = 7


class Sample(BaseModel):
    title: str
    note: str = ""
    prefix: str = "run-"
    count: int = 3
    ratio: float | None = None
    limit: int | None = 10
    is_loud: bool = False
    is_sure: bool | None = None
    method: Literal["GET", "POST"] = "GET"
    at: AwareDatetime | None = None
    secret: SecretStr | None = None
    days: list[Literal["mon", "tue"]] = []
    lines: list[str] = []
    numbers: list[int] = []
    headers: dict[str, str] = {}
    rows: list[Header] = []
    inner: Header | None = None
    target: Annotated[Mail | File, Field(discriminator="kind")] | None = None
    anything: Any = None


SCHEMA = Sample.model_json_schema()


def read(pairs: list[tuple[str, str]], kept: dict[str, Any] | None = None) -> tuple[dict[str, Any], dict[str, Any]]:
    posted = [("payload.title", "T"), ("payload.prefix", "run-"), ("payload.limit", "10"), ("payload.method", "GET")]
    names = {name for name, _ in pairs}
    data = QueryDict(urlencode([pair for pair in posted if pair[0] not in names] + pairs))
    reader = Reader(SCHEMA, data, kept)
    return reader.payload(), reader.errors


def kinds() -> dict[str, str]:
    return {one.path.removeprefix("payload."): one.kind for one in draw_payload(SCHEMA, {}, {})}


def test_each_shape_has_its_control() -> None:
    assert kinds() == {
        "title": "text",
        "note": "text",
        "prefix": "text",
        "count": "int",
        "ratio": "number",
        "limit": "int",
        "is_loud": "bool",
        "is_sure": "tristate",
        "method": "enum",
        "at": "datetime",
        "secret": "secret",
        "days": "choices",
        "lines": "lines",
        "numbers": "lines",
        "headers": "map",
        "rows": "list",
        "inner": "group",
        "target": "variant",
        "anything": "json",
    }


@pytest.mark.parametrize("kept", ["one\ntwo", "one\r\ntwo", None])
def test_the_ends_of_lines_are_those_that_are_stored_and_not_those_of_the_browser(kept: str | None) -> None:
    schema = {"type": "object", "properties": {"body": {"type": "string", "format": "textarea"}}}
    stored = {} if kept is None else {"body": kept}
    read_as = Reader(schema, QueryDict(urlencode({"payload.body": "one\r\ntwo"})), stored)
    assert read_as.payload() == {"body": kept or "one\ntwo"}


def test_an_untouched_form_stores_no_defaults() -> None:
    assert read([]) == ({"title": "T"}, {})


@pytest.mark.parametrize(
    ("pairs", "expected"),
    [
        ([("payload.count", "12")], {"count": 12}),
        ([("payload.count", "many")], {"count": "many"}),
        ([("payload.ratio", "1.5")], {"ratio": 1.5}),
        ([("payload.ratio", "2")], {"ratio": 2}),
        ([("payload.limit", "")], {"limit": None}),
        ([("payload.prefix", "")], {"prefix": ""}),
        ([("payload.is_loud", "on")], {"is_loud": True}),
        ([("payload.is_sure", "false")], {"is_sure": False}),
        ([("payload.method", "POST")], {"method": "POST"}),
        ([("payload.method", "SHOUT")], {"method": "SHOUT"}),
        ([("payload.at", "2026-11-24T09:00")], {"at": "2026-11-24T09:00:00+00:00"}),
        ([("payload.at", "soon")], {"at": "soon"}),
        ([("payload.days", "mon"), ("payload.days", "tue")], {"days": ["mon", "tue"]}),
        ([("payload.lines", " a \n\n b")], {"lines": ["a", "b"]}),
        ([("payload.numbers", "1\nx")], {"numbers": [1, "x"]}),
        ([("payload.headers", "A: 1\nB: x:y")], {"headers": {"A": "1", "B": "x:y"}}),
        ([("payload.anything", '{"a": [1]}')], {"anything": {"a": [1]}}),
        (
            [("payload.rows.__row", "0"), ("payload.rows.0.name", "n"), ("payload.rows.0.weight", "1")],
            {"rows": [{"name": "n"}]},
        ),
        ([("payload.inner.__on", "on"), ("payload.inner.name", "i")], {"inner": {"name": "i"}}),
        ([("payload.inner.name", "ignored")], {}),
        (
            [("payload.target.kind", "file"), ("payload.target.path", "/x")],
            {"target": {"kind": "file", "path": "/x"}},
        ),
        ([("payload.target.kind", "")], {}),
    ],
)
def test_what_is_typed_is_read(pairs: list[tuple[str, str]], expected: dict[str, Any]) -> None:
    payload, errors = read(pairs)
    assert payload == {"title": "T", **expected}
    assert errors == {}


def test_a_blank_required_text_is_missing_rather_than_empty() -> None:
    assert "title" not in read([("payload.title", "  ")])[0]


def test_what_cannot_be_read_is_a_fault_and_stays_as_typed() -> None:
    payload, errors = read([("payload.anything", "{no"), ("payload.headers", "no colon")])
    assert set(errors) == {"payload.anything", "payload.headers"}
    drawn = {one.path: one for one in draw_payload(SCHEMA, payload, errors)}
    assert drawn["payload.anything"].value == "{no"
    assert drawn["payload.headers"].value == "no colon"
    assert drawn["payload.headers"].errors == ["Line 1 is not of the form “Name: value”."]


def test_a_secret_left_blank_keeps_its_value_and_is_never_drawn() -> None:
    assert read([], {"secret": "s3cret"})[0]["secret"] == "s3cret"
    assert read([("payload.secret", "new")], {"secret": "s3cret"})[0]["secret"] == "new"
    drawn = {one.path: one for one in draw_payload(SCHEMA, {"secret": "s3cret"}, {})}
    assert drawn["payload.secret"].value == ""


def test_a_stored_default_is_kept_when_it_was_given() -> None:
    assert read([("payload.count", "3")], {"count": 3})[0]["count"] == 3


def test_a_payload_survives_drawing_and_reading() -> None:
    stored = {"title": "T", "numbers": [1, 2], "rows": [{"name": "a", "weight": 2}], "headers": {"A": "b"}}
    drawn = {one.path: one for one in draw_payload(SCHEMA, stored, {})}
    assert drawn["payload.numbers"].value == "1\n2"
    assert [child.path for child in drawn["payload.rows"].children[0].children] == [
        "payload.rows.0.name",
        "payload.rows.0.weight",
    ]
    assert Sample.model_validate(stored).title == "T"


def test_errors_find_their_fields_also_inside_and_the_rest_is_not_lost() -> None:
    fault = [FieldError("wrong", "Wrong.")]
    errors = {"payload.rows.0.name": fault, "payload.lines.1": fault, "payload.nowhere": fault}
    drawn = draw_payload(SCHEMA, {"rows": [{}]}, errors)
    by_path = {one.path: one for one in drawn}
    assert by_path["payload.rows"].children[0].children[0].errors == ["Wrong."]
    assert by_path["payload.lines"].errors == ["Line 2: Wrong."]
    assert unplaced(errors, drawn)


ROWS = [
    ("payload.rows.__row", "0"),
    ("payload.rows.0.name", "a"),
    ("payload.rows.__row", "1"),
    ("payload.rows.1.name", "b"),
]


def test_rows_are_added_and_removed() -> None:
    assert read([*ROWS, ("_add", "payload.rows")])[0]["rows"] == [{"name": "a"}, {"name": "b"}, {}]
    assert read([*ROWS, ("_remove", "payload.rows.0")])[0]["rows"] == [{"name": "b"}]
    assert read([("_add", "payload.rows")])[0]["rows"] == [{}]


@pytest.mark.parametrize("path", ["", "payload", "payload.rows.9", "payload.rows.x", "payload.title.a.b", "nonsense"])
def test_a_path_that_leads_nowhere_changes_no_row(path: str) -> None:
    for press in ("_add", "_remove"):
        assert read([*ROWS, (press, path)])[0] == {"title": "T", "rows": [{"name": "a"}, {"name": "b"}]}


class Loose(BaseModel):
    """What has no one control of its own elsewhere."""

    filled: list[Header] = [Header(name="d")]
    rows: list[Header] | None = None
    ratios: list[float] = []
    dates: list[date] = []
    words: list[str] | None = None
    picked: list[Literal["a", "b"]] | None = None
    counts: dict[str, int] = {}
    switches: dict[str, bool] = {}
    levels: dict[str, Literal["low", "high"]] = {}
    labels: dict[str, str] | None = None
    limit: int | str = 1
    either: int | float | None = None
    price: Decimal = Decimal(1)
    target: Mail | File | None = None


LOOSE = Loose.model_json_schema()


def loose(pairs: list[tuple[str, str]], kept: dict[str, Any] | None = None) -> dict[str, Any]:
    first = [("payload.filled.__row", "0"), ("payload.filled.0.name", "d"), ("payload.filled.0.weight", "1")]
    first += [("payload.limit", "1"), ("payload.price", "1")]
    names = {name for name, _ in pairs}
    reader = Reader(LOOSE, QueryDict(urlencode([pair for pair in first if pair[0] not in names] + pairs)), kept)
    payload = reader.payload()
    assert reader.errors == {}
    return payload


def test_lists_maps_and_unions_of_plain_values_need_no_json() -> None:
    found = {one.path.removeprefix("payload."): one.kind for one in draw_payload(LOOSE, {}, {})}
    assert "json" not in found.values()
    assert {found[name] for name in ("counts", "switches", "levels", "labels")} == {"map"}
    assert {found[name] for name in ("limit", "either", "price")} == {"scalar"}
    assert found["target"] == "variant", "told apart by a property that is fixed in each"


@pytest.mark.parametrize(
    ("pairs", "expected"),
    [
        ([], {"filled": [{"name": "d"}]}),
        ([("payload.ratios", "1\n2.5")], {"ratios": [1, 2.5]}),
        ([("payload.dates", "2027-01-02")], {"dates": ["2027-01-02"]}),
        ([("payload.counts", "a: 1\nb: x")], {"counts": {"a": 1, "b": "x"}}),
        ([("payload.switches", "a: yes\nb: false")], {"switches": {"a": True, "b": False}}),
        ([("payload.levels", "a: low")], {"levels": {"a": "low"}}),
        ([("payload.limit", "12")], {"limit": 12}),
        ([("payload.limit", "many")], {"limit": "many"}),
        ([("payload.either", "1.5")], {"either": 1.5}),
        ([("payload.price", "1.10")], {"price": "1.10"}),
        ([("payload.picked", "a")], {"picked": ["a"]}),
        ([("payload.target.kind", "mail"), ("payload.target.to", "a")], {"target": {"kind": "mail", "to": "a"}}),
    ],
)
def test_plain_values_are_read_as_what_they_are(pairs: list[tuple[str, str]], expected: dict[str, Any]) -> None:
    assert {"filled": [{"name": "d"}], **loose(pairs)} == {"filled": [{"name": "d"}], **expected}


def test_an_empty_list_that_need_not_be_is_none_unless_an_empty_one_is_stored() -> None:
    assert {"rows", "words", "picked", "labels"} & loose([]).keys() == set()
    stored: dict[str, Any] = {"rows": [], "words": [], "picked": [], "labels": {}}
    assert stored.items() <= loose([], stored).items()


def test_a_stored_text_that_looks_like_a_number_stays_a_text() -> None:
    assert loose([("payload.limit", "12")], {"limit": "12"})["limit"] == "12"


def test_a_row_is_added_to_those_that_are_there_by_default() -> None:
    assert loose([("_add", "payload.filled")])["filled"] == [{"name": "d"}, {}]


def test_a_name_that_comes_twice_is_a_fault_and_nothing_typed_is_lost() -> None:
    typed = "A: 1\nA: 2"
    payload, errors = read([("payload.headers", typed)])
    assert errors["payload.headers"][0].message == "Line 2 names “A” a second time."
    assert payload["headers"] == typed


def test_a_type_without_input_has_no_fields() -> None:
    assert draw_payload({"type": "object", "properties": {}, "additionalProperties": False}, {}, {}) == []


class Several(BaseModel):
    targets: list[Annotated[Mail | File, Field(discriminator="kind")]]


def test_the_rows_of_a_list_may_be_of_several_kinds() -> None:
    schema = Several.model_json_schema()
    stored = {"targets": [{"kind": "file", "path": "/x"}, {}]}
    fault = [FieldError("wrong", "Wrong.")]
    (drawn,) = draw_payload(schema, stored, {"payload.targets.0.path": fault, "payload.targets.1": fault})
    assert drawn.kind == "list"
    first, second = (row.children[0] for row in drawn.children)
    assert [child.path for child in first.children] == ["payload.targets.0.path", "payload.targets.0.keep_days"]
    assert first.children[0].errors == second.errors == ["Wrong."]
    assert [child.path for child in second.children] == ["payload.targets.1.to"], (
        "an empty row begins as the first kind"
    )
    posted = [("payload.targets.__row", "0"), ("payload.targets.0.kind", "mail"), ("payload.targets.0.to", "a@b.c")]
    reader = Reader(schema, QueryDict(urlencode(posted)), stored)
    assert reader.payload() == {"targets": [{"kind": "mail", "to": "a@b.c"}]}


def test_a_payload_may_be_of_several_kinds_itself() -> None:
    file = {**File.model_json_schema(), "x-label": "Into a file"}
    schema = {
        "$defs": {"file": file, "mail": Mail.model_json_schema()},
        "properties": {"kind": {"type": "string", "title": "Where to"}},
        "oneOf": [{"$ref": "#/$defs/file"}, {"$ref": "#/$defs/mail"}],
        "discriminator": {"propertyName": "kind", "mapping": {"file": "#/$defs/file", "mail": "#/$defs/mail"}},
    }
    (drawn,) = draw_payload(schema, {"kind": "mail", "to": "a"}, {})
    assert (drawn.label, drawn.attributes["name"]) == ("Where to", "payload.kind")
    assert [(one.label, one.is_chosen) for one in drawn.choices] == [("Into a file", False), ("Mail", True)]
    assert [(child.path, child.value) for child in drawn.children] == [("payload.to", "a")]
    reader = Reader(schema, QueryDict(urlencode([("payload.kind", "file"), ("payload.path", "/x")])))
    assert reader.payload() == {"kind": "file", "path": "/x"}
    assert Reader(schema, QueryDict("")).payload() == {}


def test_a_kind_that_has_gone_is_kept_and_says_so() -> None:
    schema = Several.model_json_schema()
    stored = {"targets": [{"kind": "fax", "number": "1"}]}
    (drawn,) = draw_payload(schema, stored, {"payload.targets.0.kind": [FieldError("wrong", "Wrong.")]})
    row = drawn.children[0].children[0]
    assert next((one.value, one.label, one.is_chosen) for one in row.choices) == ("fax", "fax (gone)", True)
    assert (row.children, row.errors) == ([], ["Wrong."])
    posted = [("payload.targets.__row", "0"), ("payload.targets.0.kind", "fax")]
    kept = [*posted, ("payload.targets.0.__from", "0")]
    assert Reader(schema, QueryDict(urlencode(kept)), stored).payload() == stored
    assert Reader(schema, QueryDict(urlencode(posted))).payload() == {"targets": [{"kind": "fax"}]}


class Order(BaseModel):
    parts: list[Header] = Field(min_length=1)
    spare: list[Header] = []


def test_a_list_that_may_not_be_empty_begins_with_a_row() -> None:
    schema = Order.model_json_schema()
    begun = {one.path: len(one.children) for one in draw_payload(schema, {}, {})}
    assert begun == {"payload.parts": 1, "payload.spare": 0}
    emptied = draw_payload(schema, {"parts": []}, {})
    assert emptied[0].children == []


def test_what_is_wrong_in_a_row_says_in_which() -> None:
    errors = {"payload.parts.1.weight": [FieldError(code="invalid", message="Too heavy.")]}
    fields = draw_payload(Order.model_json_schema(), {"parts": [{"name": "a"}, {"name": "b"}]}, errors)
    assert [(one.id, one.label) for one in faulty(fields)] == [("f-payload-parts-1-weight", "Part 2, Weight")]
