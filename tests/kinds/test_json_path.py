"""Paths into JSON documents."""

import contextlib
from typing import Any

import pytest
from pydantic import TypeAdapter, ValidationError

from tasks_app.kinds.json_path import NoSuchPlace, Path, path_fault, value_at

DOCUMENT = {
    "data": {"items": [{"id": 7}, {"id": 8}], "a.b": {"c": 1}, "0": "zero", "nothing": None},
    "Best price": {'5" pipe': 2, '"': 3, "sure?": 4},
    "$": 5,
}


@pytest.mark.parametrize(
    ("path", "value"),
    [
        ("data.items.0.id", 7),
        ("data.items.-1.id", 8),
        ("data.items", [{"id": 7}, {"id": 8}]),
        ('data."a.b".c', 1),
        ("data.0", "zero"),
        ("data.nothing", None),
        ('Best price.5" pipe', 2),
        ('"Best price"."', 3),
        ("Best price.sure?", 4),
        ("$", DOCUMENT),
        ('"$"', 5),
    ],
)
def test_a_path_leads_to_a_value(path: str, value: Any) -> None:
    assert TypeAdapter(Path).validate_python(path) == path
    assert value_at(DOCUMENT, path) == value


@pytest.mark.parametrize(
    "path",
    [
        "gone",
        "data.items.2",
        "data.items.-3",
        "data.items.id",
        "data.items.0.x",
        "data.a.b",
        "data.nothing.x",
        'data."a.b',
        "data.items.٠",
        "data.items.0000000001",
    ],
)
def test_a_path_to_nothing_says_so(path: str) -> None:
    with pytest.raises(NoSuchPlace):
        value_at(DOCUMENT, path)


@pytest.mark.parametrize("path", ["", ".", "..", "a..b", ".a", "a.", '."a"', '"a".', "a" * 501])
def test_what_is_no_path_is_refused(path: str) -> None:
    assert path_fault(path)
    with pytest.raises(ValidationError):
        TypeAdapter(Path).validate_python(path)


@pytest.mark.parametrize("path", ['".' * 250, '"a"' + '."a"' * 124, '"a".' * 124, '"' * 500, "a." * 250])
def test_the_longest_path_is_looked_at_in_no_time(path: str) -> None:
    path_fault(path)
    with contextlib.suppress(NoSuchPlace):
        value_at({}, path)
