"""Objects under names of people's own, lists in lists and tuples: fields, and back."""

from typing import Annotated, Any, Literal
from urllib.parse import urlencode

import pytest
from django.http import QueryDict
from pydantic import BaseModel, Field, RootModel, SecretStr, ValidationError

from tasks_app.errors import FieldError
from tasks_app.web.forms.draw import draw_payload
from tasks_app.web.forms.field import Errors, flat, unplaced
from tasks_app.web.forms.named import numbered
from tasks_app.web.forms.read import Reader


class Server(BaseModel):
    host: str
    port: int = 22
    password: SecretStr | None = None


class Mail(BaseModel):
    kind: Literal["mail"]
    to: str


class Call(BaseModel):
    kind: Literal["call"]
    url: str


class Nested(BaseModel):
    servers: dict[str, Server] = {}
    ways: dict[str, Annotated[Mail | Call, Field(discriminator="kind")]] = {}
    table: list[list[str]] = []
    grid: list[list[int]] = []
    points: list[tuple[str, float, bool | None]] = []
    size: tuple[int, int] | None = None
    deep: list[list[list[int]]] = []
    lists: dict[str, list[str]] = {}


SCHEMA = Nested.model_json_schema()
ROWS = [("payload.servers.__row", "0"), ("payload.servers.__row", "1")]
TWO = [
    *ROWS,
    ("payload.servers.0.__name", "web"),
    ("payload.servers.0.host", "a"),
    ("payload.servers.0.port", "22"),
    ("payload.servers.1.__name", "d.b"),
    ("payload.servers.1.host", "b"),
    ("payload.servers.1.port", "1"),
]


def read(pairs: list[tuple[str, str]], kept: dict[str, Any] | None = None) -> tuple[dict[str, Any], Errors]:
    reader = Reader(SCHEMA, QueryDict(urlencode(pairs)), kept)
    return reader.payload(), reader.errors


def again(payload: dict[str, Any]) -> dict[str, Any]:
    """What comes back of a form that nobody has touched."""
    data = QueryDict(mutable=True)
    for one in flat(draw_payload(SCHEMA, payload, {})):
        if one.kind == "row":
            data.appendlist(f"{one.path.rpartition('.')[0]}.__row", one.path.rpartition(".")[2])
            data.appendlist(f"{one.path}.__from", one.attributes["from"])
        elif one.kind == "variant":
            data.appendlist(one.attributes["name"], next(choice.value for choice in one.choices if choice.is_chosen))
        elif one.kind not in ("named", "list", "group"):
            data.appendlist(one.path, str(one.value))
    return Reader(SCHEMA, data, payload).payload()


def test_each_has_a_control_of_its_own() -> None:
    kinds = {one.path.removeprefix("payload."): one.kind for one in draw_payload(SCHEMA, {}, {})}
    assert kinds == {
        "servers": "named",
        "ways": "named",
        "table": "rows",
        "grid": "rows",
        "points": "rows",
        "size": "cells",
        "deep": "list",
        "lists": "named",
    }


@pytest.mark.parametrize(
    ("pairs", "expected"),
    [
        (TWO, {"servers": {"web": {"host": "a"}, "d.b": {"host": "b", "port": 1}}}),
        (
            [
                ("payload.ways.__row", "0"),
                ("payload.ways.0.__name", "boss"),
                ("payload.ways.0.kind", "mail"),
                ("payload.ways.0.to", "x"),
            ],
            {"ways": {"boss": {"kind": "mail", "to": "x"}}},
        ),
        ([("payload.table", 'a, b\n\n"c, d", "say ""no"""')], {"table": [["a", "b"], ["c, d", 'say "no"']]}),
        ([("payload.table", '"two\nlines", x')], {"table": [["two\nlines", "x"]]}),
        ([("payload.grid", "1,2\n3,many")], {"grid": [[1, 2], [3, "many"]]}),
        ([("payload.points", "a, 1.5, yes\nb, 2,")], {"points": [["a", 1.5, True], ["b", 2, None]]}),
        ([("payload.size", "3, 4")], {"size": [3, 4]}),
        ([("payload.size", "")], {}),
    ],
)
def test_what_is_typed_is_read(pairs: list[tuple[str, str]], expected: dict[str, Any]) -> None:
    assert read(pairs) == (expected, {})


@pytest.mark.parametrize(
    "payload",
    [
        {"servers": {"web": {"host": "a", "port": 1}, "a b.c": {"host": "b"}}},
        {"ways": {"boss": {"kind": "call", "url": "u"}}},
        {"table": [["a", " b "], ["", "x,y"], ['"', "l\nm"], [""]]},
        {"grid": [[1], [2, 3]]},
        {"points": [["a", 1.5, True], ["b", 2.0, None], ["", 0.0, False]]},
        {"size": [3, 4]},
        {"deep": [[[1, 2], [3]], [[4]]], "lists": {"a": ["b", "c"], "d": ["e"]}},
    ],
)
def test_a_form_that_nobody_touches_gives_back_what_it_shows(payload: dict[str, Any]) -> None:
    Nested.model_validate(payload)
    assert again(payload) == payload


def test_a_row_is_added_and_taken_away() -> None:
    more, _ = read([*TWO, ("_add", "payload.servers")])
    assert list(more["servers"]) == ["web", "d.b", ""]
    fewer, _ = read([*TWO, ("_remove", "payload.servers.0")])
    assert list(fewer["servers"]) == ["d.b"]


def test_a_secret_left_blank_stays_with_its_row_under_another_name() -> None:
    kept = {"servers": {"old": {"host": "a", "password": "kept"}}}
    pairs = [("payload.servers.__row", "0"), ("payload.servers.0.__name", "new"), ("payload.servers.0.host", "a")]
    pairs += [("payload.servers.0.__from", "0")]
    assert read([*pairs, ("payload.servers.0.port", "22")], kept)[0] == {
        "servers": {"new": {"host": "a", "password": "kept"}}
    }


def test_a_secret_left_blank_stays_with_its_name_where_a_row_above_has_gone() -> None:
    kept = {"servers": {"gone": {"host": "a"}, "stays": {"host": "b", "password": "kept"}}}
    pairs = [("payload.servers.__row", "0"), ("payload.servers.0.__name", "stays"), ("payload.servers.0.host", "b")]
    pairs += [("payload.servers.0.__from", "1")]
    assert read(pairs, kept)[0]["servers"]["stays"]["password"] == "kept"


@pytest.mark.parametrize(("name", "said"), [("", "Give it a name."), ("web", "There is a “web” already.")])
def test_a_row_without_a_name_of_its_own_is_a_fault_and_loses_nothing(name: str, said: str) -> None:
    pairs = [(path, name if path.endswith("1.__name") else value) for path, value in TWO]
    payload, errors = read(pairs)
    assert len(payload["servers"]) == 2
    fields = draw_payload(SCHEMA, payload, numbered(SCHEMA, payload, errors))
    [faulty] = [one for one in flat(fields) if one.errors]
    assert (faulty.path, list(faulty.errors)) == ("payload.servers.1.__name", [said])


def test_faults_stand_at_their_row() -> None:
    payload = {"servers": {"d": {"host": "x"}, "d.b": {"host": "x", "port": "many"}}, "grid": [[1], [2, "x"]]}
    with pytest.raises(ValidationError) as caught:
        Nested.model_validate(payload)
    errors = {
        f"payload.{'.'.join(map(str, one['loc']))}": [FieldError(one["type"], one["msg"])]
        for one in caught.value.errors()
    }
    assert set(errors) == {"payload.servers.d.b.port", "payload.grid.1.1"}
    placed = numbered(SCHEMA, payload, errors)
    fields = draw_payload(SCHEMA, payload, placed)
    found = {one.path: list(one.errors) for one in flat(fields) if one.errors}
    assert set(found) == {"payload.servers.1.port", "payload.grid"}
    assert found["payload.grid"][0].startswith("Line 2, value 2: ")
    assert unplaced(placed, fields) == []


def test_a_payload_that_is_a_map_itself_is_read_as_it_is_drawn() -> None:
    schema = RootModel[dict[str, Server]].model_json_schema()
    [field] = draw_payload(schema, {"web": {"host": "a"}}, {})
    assert (field.kind, [one.path for one in field.children]) == ("named", ["payload.0"])
    pairs = [("payload.__row", "0"), ("payload.0.__name", "web"), ("payload.0.host", "b"), ("payload.0.port", "22")]
    assert Reader(schema, QueryDict(urlencode(pairs)), {}).payload() == {"web": {"host": "b"}}
