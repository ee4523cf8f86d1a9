"""Paths into JSON documents."""

from typing import Any

import pytest

from tasks_app.kinds.json_path import NoSuchPlace, path_fault, value_at

DOCUMENT = {"data": {"items": [{"id": 7}, {"id": 8}], "a.b": {"c": 1}, "0": "zero", "nothing": None}}


@pytest.mark.parametrize(
    ("path", "value"),
    [
        ("data.items.0.id", 7),
        ("data.items.-1.id", 8),
        ("data.items", [{"id": 7}, {"id": 8}]),
        ('data."a.b".c', 1),
        ("data.0", "zero"),
        ("data.nothing", None),
        ("data.gone?", None),
        ("data.items.9.id?", None),
        ("data.items.0.id?", 7),
        ("$", DOCUMENT),
    ],
)
def test_a_path_leads_to_a_value(path: str, value: Any) -> None:
    assert path_fault(path) is None
    assert value_at(DOCUMENT, path) == value


@pytest.mark.parametrize(
    "path",
    ["gone", "data.items.2", "data.items.-3", "data.items.id", "data.items.0.x", "data.a.b", "data.nothing.x"],
)
def test_a_path_to_nothing_says_so(path: str) -> None:
    with pytest.raises(NoSuchPlace):
        value_at(DOCUMENT, path)


@pytest.mark.parametrize("path", ["", ".", "a..b", ".a", "a.", "a b", '"', '"a', 'a"b"', "?", "a" * 501])
def test_what_is_no_path_is_refused(path: str) -> None:
    assert path_fault(path)
