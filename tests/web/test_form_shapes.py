"""Shapes of nested schemas: which have fields of their own, how deep, and where JSON remains."""

from typing import Annotated, Any, Literal

import pytest
from pydantic import BaseModel, Field, SecretStr
from typing_extensions import TypeAliasType

from tasks_app.web.forms.shape import MOST_LEVELS, Shape


class Rule(BaseModel):
    name: str
    recipients: list[str] = []
    hours: list[tuple[int, int]] = []
    headers: list[dict[str, str]] = []
    texts: list[Annotated[str, Field(max_length=500)]] = []
    keys: list[SecretStr] = []
    days: dict[str, list[Literal["mon", "tue"]]] = {}
    table: dict[str, dict[str, int]] = {}
    switches: list[bool] = []
    cube: list[list[list[int]]] = []
    free: list[dict[str, Any]] = []


class Node(BaseModel):
    name: str
    children: list["Node"] = []
    by_name: dict[str, "Node"] = {}
    parent: "Node | None" = None


Tree = TypeAliasType("Tree", "dict[str, Tree] | None")  # it holds itself


class Wood(BaseModel):
    tree: Tree = None


def shape_of(model: type[BaseModel]) -> Shape:
    schema = model.model_json_schema()
    return Shape(schema, schema)


def test_each_list_inside_has_rows_or_lines_of_its_own() -> None:
    kinds = {name: shape.kind for name, shape in shape_of(Rule).properties.items()}
    assert kinds == {
        "name": "text",
        "recipients": "lines",
        "hours": "rows",
        "headers": "list",
        "texts": "list",
        "keys": "list",
        "days": "named",
        "table": "named",
        "switches": "list",
        "cube": "list",
        "free": "json",
    }


@pytest.mark.parametrize("name", ["children", "by_name", "parent"])
def test_a_type_that_holds_itself_has_three_levels_of_fields_and_then_json_that_says_so(name: str) -> None:
    shape, levels = shape_of(Node), 0
    while (inner := shape.properties[name]).kind != "json":
        levels += 1
        shape = {"list": lambda: inner.items, "named": lambda: inner.values, "group": lambda: inner}[inner.kind]()
    assert levels == MOST_LEVELS
    assert inner.is_deep
    assert shape.properties["name"].kind == "text"


def test_a_map_of_itself_comes_to_an_end() -> None:
    assert shape_of(Wood).properties["tree"].kind in ("named", "json")


def test_json_that_could_hold_anything_is_not_called_deep() -> None:
    assert not shape_of(Rule).properties["free"].is_deep
