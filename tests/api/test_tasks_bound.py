"""Pages of a list of tasks that looks no further than a bound: the bound stays where it was when the list began."""

from typing import Any
from urllib.parse import urlsplit

import pytest
from django.contrib.auth.models import User

from tasks_app.selectors import task_walk
from tasks_app.services.tasks import task_delete
from tests.api.client import Api
from tests.runs import make_task

pytestmark = pytest.mark.django_db
BY_NAME = "tasks?ordering=name&page_size=1"


@pytest.fixture(autouse=True)
def three(monkeypatch: pytest.MonkeyPatch) -> None:
    """Look at the newest three tasks."""
    monkeypatch.setattr(task_walk, "WALK", 3)


def names(body: Any) -> list[str]:
    return [task["name"] for task in body["results"]]


def following(api: Api, body: Any, way: str = "next") -> Any:
    reply = api.get(f"tasks?{urlsplit(body[way]).query}")
    assert reply.status == 200, reply.body
    return reply.body


def rest(api: Api, body: Any) -> list[tuple[list[str], bool]]:
    """Give the names on the pages that follow, and whether each says that the search went to the end."""
    found = []
    while body["next"]:
        body = following(api, body)
        found.append((names(body), body["is_complete"]))
    return found


def test_what_is_deleted_meanwhile_lets_no_task_be_left_out(api: Api, alice: User) -> None:
    made = {name: make_task(alice, name=name) for name in ("a", "x", "y", "z")}
    first = api.get(BY_NAME).body
    assert names(first) == ["x"]
    task_delete(task=made["z"], actor="tests")
    assert rest(api, first) == [(["y"], False), (["a"], True)]


def test_what_is_made_meanwhile_lets_no_task_be_told_twice(api: Api, alice: User) -> None:
    for name in ("z", "a", "b", "c"):
        make_task(alice, name=name)
    first = api.get(BY_NAME).body
    assert names(first) == ["a"]
    make_task(alice, name="d")
    assert rest(api, first) == [(["b"], True), (["c"], True), (["d"], False), (["z"], True)]


def test_the_way_back_keeps_to_the_bound(api: Api, alice: User) -> None:
    for name in ("z", "a", "b", "c"):
        make_task(alice, name=name)
    second = following(api, api.get(BY_NAME).body)
    make_task(alice, name="d")
    assert names(following(api, second, "previous")) == ["a"]


def test_no_bound_that_somebody_names_lets_more_be_looked_at_than_twice_as_much(api: Api, alice: User) -> None:
    made = [make_task(alice, name=f"n{number}") for number in range(9)]
    whole = "tasks?ordering=name&page_size=50"
    last = {f"n{number}" for number in range(3, 9)}
    for oldest in (made[0].id, "00000000-0000-0000-0000-000000000000"):
        body = api.get(f"{whole}&down_to={oldest}").body
        assert (set(names(body)), body["is_complete"], body["count_is_exact"]) == (last, False, False)
    body = api.get(f"{whole}&down_to=ffffffff-ffff-ffff-ffff-ffffffffffff").body
    assert (names(body), body["is_complete"]) == (["n6", "n7", "n8"], False)
    assert api.get(f"{whole}&down_to=x").faults.keys() == {"down_to"}
    assert names(following(api, body)) == ["n3", "n4", "n5"]


def test_where_nothing_is_older_the_list_is_complete(api: Api, alice: User) -> None:
    made = [make_task(alice, name=f"n{number}") for number in range(3)]
    body = api.get(f"tasks?ordering=name&down_to={made[0].id}").body
    assert (len(names(body)), body["is_complete"], body["next"], body["searched_to"]) == (3, True, None, None)
