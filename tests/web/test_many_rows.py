"""Lists that are written as JSON: which are, and whose secrets their rows keep."""

from typing import Any

import pytest
from pydantic import BaseModel

from tasks_app.errors import FieldError
from tasks_app.web.forms.many import MOST_OF_ALL, MOST_OF_ONE, in_json, origins_of
from tasks_app.web.forms.named import numbered


class Team(BaseModel):
    members: list[list[str] | None] = []
    names: dict[str, dict[str, str]] = {}


class Teams(BaseModel):
    teams: list[Team] = []
    others: list[Team] = []
    more: list[Team] = []


SCHEMA = Teams.model_json_schema()
A, B, TWIN = ({"name": name, "token": "••••••••"} for name in ("a", "b", "twin"))


def places(payload: Any, said: dict[str, bool] | None = None) -> set[str]:
    return set(in_json(SCHEMA, payload, said))


def test_a_list_is_json_where_it_has_too_many_rows_for_fields() -> None:
    assert places({"teams": [{}] * MOST_OF_ONE}) == set()
    assert places({"teams": [{}] * (MOST_OF_ONE + 1)}) == {"payload.teams"}
    assert places({"teams": [{}] * 5}, {"payload.teams": True}) == {"payload.teams"}
    assert places({"teams": [{}] * 150}, {"payload.teams": False}) == set()
    assert places({"teams": "[{]"}) == {"payload.teams"}


def test_the_inner_list_is_json_where_it_is_the_long_one() -> None:
    long: dict[str, dict[str, str]] = {f"n{number}": {} for number in range(MOST_OF_ONE + 1)}
    assert places({"teams": [{}, {"names": long}]}) == {"payload.teams.1.names"}


def test_a_form_of_several_long_lists_has_the_longest_as_json() -> None:
    payload: dict[str, list[dict[str, str]]] = {"teams": [{}] * 70, "others": [{}] * 90, "more": [{}] * 80}
    assert sum(map(len, payload.values())) > MOST_OF_ALL
    assert places(payload) == {"payload.others"}


def test_a_look_at_rows_with_lists_inside_takes_no_longer_for_each_when_they_are_many() -> None:
    """Were each compared with all others, a form that somebody sends would keep the web process for hours."""
    found = places({"teams": [{"members": [], "names": {}}] * 10_000})
    assert found == {"payload.teams"}


def test_faults_of_many_rows_are_placed_without_a_look_at_each_row_for_each() -> None:
    names = {f"n.{number}": {"x": "y"} for number in range(3_000)}
    teams = [{"names": {"a.b": {"x": "y"}}} for _ in range(3_000)] + [{"names": names}]
    errors = {f"payload.teams.{number}.names.a.b.x": [FieldError("odd", "Odd.")] for number in range(3_000)}
    errors |= {f"payload.teams.3000.names.{name}.x": [FieldError("odd", "Odd.")] for name in names}
    placed = numbered(SCHEMA, {"teams": teams}, errors)
    assert set(placed) == {f"payload.teams.{number}.names.0.x" for number in range(3_000)} | {
        f"payload.teams.3000.names.{number}.x" for number in range(3_000)
    }


@pytest.mark.parametrize(
    ("rows", "kept", "known"),
    [
        ([A, B], [A, B], True),
        ([A, {**B, "name": "c"}], [A, B], True),
        ([B, A], [A, B], False),
        ([A, B, A], [A, B], False),
        ([B], [A, B], False),
        ([{**A, "name": "c"}, {**B, "name": "d"}], [A, B], False),
        ([TWIN, {"name": "new", "token": "••••••••"}], [TWIN, TWIN], False),  # the first may have gone
        ([TWIN, {**A, "name": "c"}, TWIN], [TWIN, A, TWIN], True),
        ("[", [A], False),
        ([A], None, False),
    ],
)
def test_rows_keep_secrets_by_their_place_where_that_leaves_no_doubt(rows: Any, kept: Any, known: bool) -> None:
    found = origins_of(rows, kept, ("rules",))
    assert found == ({("rules", str(number)): str(number) for number in range(len(rows))} if known else {})
