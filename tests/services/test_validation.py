"""Checks of text and JSON from outside."""

from typing import Any

import pytest

from tasks_app.errors import FieldError
from tasks_app.services.validation import (
    Problems,
    check_choice,
    check_json,
    check_range,
    check_text,
)


def codes(problems: Problems) -> dict[str, list[str]]:
    """Give the codes by path."""
    return {path: [fault.code for fault in faults] for path, faults in problems.fields.items()}


@pytest.mark.parametrize(
    ("value", "kept", "found"),
    [
        ("plain", "plain", []),
        ("  trimmed \n", "trimmed", []),
        ("", "", []),
        ("tab\tnew line\n", "tab\tnew line", []),
        ("é \U0001f600 نص", "é \U0001f600 نص", []),
        ("bell \x07", "bell \x07", ["characters"]),
        ("nul \x00", "nul \x00", ["characters"]),
        ("half \ud800", "half \ud800", ["characters"]),
        ("c1 \x9f", "c1 \x9f", ["characters"]),
        ("x" * 21, "x" * 21, ["too_long"]),
        (5, "", ["type"]),
        (None, "", ["type"]),
        (b"bytes", "", ["type"]),
    ],
)
def test_a_text_is_trimmed_and_its_faults_are_named(value: object, kept: str, found: list[str]) -> None:
    problems = Problems()
    assert check_text(problems, "name", value, most=20) == kept
    assert codes(problems) == ({"name": found} if found else {})


@pytest.mark.parametrize("blank", ["", "   ", "\n", "\u00a0\u2003", "\u200b\u2060", "\ufeff"])
def test_what_nobody_can_see_is_blank(blank: str) -> None:
    problems = Problems()
    check_text(problems, "name", blank, most=20, is_required=True)
    assert codes(problems) == {"name": ["blank"]}


@pytest.mark.parametrize(
    ("value", "found"),
    [(None, []), (1, []), (9, []), (0, ["out_of_range"]), (10, ["out_of_range"]), (True, ["type"]), (1.0, ["type"])],
)
def test_a_number_is_whole_and_in_its_range(value: object, found: list[str]) -> None:
    problems = Problems()
    check_range(problems, "n", value, 1, 9)
    assert codes(problems) == ({"n": found} if found else {})


@pytest.mark.parametrize("value", ["c", "", None, 3, ["a"], {}])
def test_a_choice_is_one_of_its_words(value: object) -> None:
    problems = Problems()
    check_choice(problems, "policy", value, ["a", "b"])
    assert codes(problems) == {"policy": ["unknown"]}
    assert "a, b" in problems.fields["policy"][0].message


def nested(depth: int) -> Any:
    """Make a list in a list in a list."""
    value: Any = 1
    for _ in range(depth):
        value = [value]
    return value


@pytest.mark.parametrize(
    ("value", "found"),
    [
        ({"a": [1, 2.5, "x", None, True]}, {}),
        ({"a": float("nan")}, {"p.a": ["not_finite"]}),
        ({"a": [0, float("inf")]}, {"p.a.1": ["not_finite"]}),
        ({"a": {"b": "\x00"}}, {"p.a.b": ["characters"]}),
        ({"k\x00": 1}, {"p.k\x00": ["characters"]}),
        (nested(20), {}),
        (nested(21), {"p": ["too_large"]}),
        ([0] * 9_999, {}),
        ([0] * 10_000, {"p": ["too_large"]}),
        ({f"k{number}": 0 for number in range(5_000)}, {"p": ["too_large"]}),
        ("x" * 70_000, {"p": ["too_large"]}),
    ],
)
def test_json_is_bounded_finite_and_storable(value: object, found: dict[str, list[str]]) -> None:
    problems = Problems()
    check_json(problems, "p", value, most_bytes=65_536)
    assert codes(problems) == found


def test_a_depth_that_would_exhaust_the_stack_is_only_too_large() -> None:
    problems = Problems()
    check_json(problems, "p", nested(5000), most_bytes=1_000_000)
    assert codes(problems) == {"p": ["too_large"]}


def test_problems_of_several_sources_are_kept_together() -> None:
    problems = Problems()
    assert not problems
    problems.add("a", "x", "One.")
    problems.merge({"a": [FieldError("y", "Two.")], "b": [FieldError("z", "Three.")]})
    assert problems
    assert codes(problems) == {"a": ["x", "y"], "b": ["z"]}
