"""GET /api/tasks: who sees what, filters, order, pages."""

from collections.abc import Iterator
from datetime import timedelta
from typing import Any
from urllib.parse import urlsplit

import pytest
from django.contrib.auth.models import User
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from tasks_app.models import ScheduledTask
from tasks_app.selectors import task_walk
from tasks_app.selectors.task_list import TaskFilters, task_search
from tests.api.client import Api
from tests.api.conftest import make
from tests.runs import make_task

WHEN = timezone.now() + timedelta(days=1)


def names(api: Api, query: str = "") -> list[str]:
    reply = api.get(f"tasks{query}")
    assert reply.status == 200, reply.body
    return [task["name"] for task in reply.body["results"]]


def walk(api: Api, query: str, link: str = "next") -> Iterator[Any]:
    """Follow links from page to page."""
    url: str | None = f"tasks?{query}"
    while url:
        body = api.get(url).body
        yield body
        parts = urlsplit(body[link] or "")
        url = f"tasks?{parts.query}" if parts.query else None


def test_owners_see_their_own_and_staff_see_all(api: Api, stranger: Api, operator: Api) -> None:
    make(api, name="of alice")
    make(stranger, name="of charlie")
    assert names(api) == ["of alice"]
    assert names(stranger) == ["of charlie"]
    assert names(operator) == ["of charlie", "of alice"]
    assert names(operator, "?owner=alice") == ["of alice"]
    assert names(stranger, "?owner=alice") == []


def test_nobody_sees_nothing(nobody: Api) -> None:
    assert nobody.get("tasks").status == 401


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("status=paused", ["a"]),
        ("kind=recurring", ["b"]),
        ("kind=manual", ["c", "a"]),
        ("type=http_request", ["c"]),
        ("queue=critical", ["b"]),
        ("tag=blue", ["a"]),
        ("tag=blu", []),
        ("search=B", ["b"]),
        ("search=HTTP", ["c"]),
        ("last_run_status=failed", ["c"]),
        ("next_run_after=2031-01-01T00:00:00Z", ["b"]),
        ("next_run_before=2031-01-01T00:00:00Z", []),
        ("status=active&queue=critical&ordering=name", ["b"]),
        ("ordering=name", ["a", "b", "c"]),
        ("ordering=-name", ["c", "b", "a"]),
        ("ordering=created_at", ["a", "b", "c"]),
        ("ordering=-next_run_at", ["b", "c", "a"]),
        ("ordering=next_run_at", ["b", "a", "c"]),
    ],
)
def test_each_filter_and_order(api: Api, alice: User, query: str, found: list[str]) -> None:
    make(api, name="a", tags=["blue", "green"], enabled=False)
    make(api, name="b", run_at=None, cron="0 0 1 1 *", starts_at="2031-06-01T00:00:00Z", queue="critical")
    make_task(alice, name="c", last_run_status="failed")
    assert names(api, f"?{query}") == found


@pytest.mark.parametrize(
    ("query", "path", "code"),
    [
        ("page=0", "page", "out_of_range"),
        ("page=-1", "page", "out_of_range"),
        ("page=abc", "page", "type"),
        ("page=1e20", "page", "type"),
        ("page=1%00", "page", "characters"),
        ("page=%EF%BC%91", "page", "type"),
        ("page=201&page_size=50", "page", "out_of_range"),
        ("page_size=0", "page_size", "out_of_range"),
        ("page_size=-1", "page_size", "out_of_range"),
        ("page_size=abc", "page_size", "type"),
        ("page_size=100000", "page_size", "out_of_range"),
        ("page=1&cursor=abc", "cursor", "conflict"),
        ("cursor=abc", "cursor", "invalid"),
        ("cursor=W10", "cursor", "invalid"),
        ("cursor=" + "x" * 5000, "cursor", "too_long"),
        ("status=nope", "status", "unknown"),
        ("status=active&status=paused", "status", "repeated"),
        ("kind=nope", "kind", "unknown"),
        ("last_run_status=nope", "last_run_status", "unknown"),
        ("ordering=payload", "ordering", "unknown"),
        ("next_run_after=soon", "next_run_after", "time_invalid"),
        ("next_run_after=0001-01-01T00:00:00%2B14:00", "next_run_after", "time_invalid"),
        ("search=%00", "search", "characters"),
        ("search=" + "x" * 201, "search", "too_long"),
    ],
)
def test_each_bad_parameter_is_named(api: Api, query: str, path: str, code: str) -> None:
    reply = api.get(f"tasks?{query}")
    assert reply.status == 400
    assert reply.faults[path] == [code]


@pytest.mark.parametrize("name", ["nope", "n__gt", "name__startswith", "format"])
def test_an_unknown_parameter_is_refused(api: Api, name: str) -> None:
    reply = api.get(f"tasks?{name}=1")
    assert (reply.status, reply.code) == (400, "unknown_parameter")
    assert reply.faults == {name: ["unknown_parameter"]}


@pytest.mark.parametrize("ordering", ["name", "-created_at", "next_run_at", "-next_run_at", "-last_run_at"])
def test_a_cursor_walks_the_whole_list_once_in_both_directions(api: Api, alice: User, ordering: str) -> None:
    for number in range(7):
        due_at = WHEN + timedelta(hours=number // 2) if number % 3 else None
        make_task(alice, name=f"n{number // 2}", next_due_at=due_at, last_run_at=due_at)
    whole = [task["id"] for task in api.get(f"tasks?ordering={ordering}").body["results"]]
    pages = list(walk(api, f"ordering={ordering}&page_size=3"))
    assert [[task["id"] for task in page["results"]] for page in pages] == [whole[:3], whole[3:6], whole[6:]]
    assert all((page["count"], page["count_is_exact"]) == (7, True) for page in pages)
    assert pages[0]["previous"] is None
    back = urlsplit(pages[-1]["previous"]).query
    backwards = [[task["id"] for task in page["results"]] for page in walk(api, back, "previous")]
    assert backwards == [whole[3:6], whole[:3]]


@pytest.mark.parametrize("ordering", ["name", "-name"])
def test_small_and_capital_letters_sort_alike_and_a_tie_stands_still(api: Api, alice: User, ordering: str) -> None:
    made = [make_task(alice, name=name) for name in ("beta", "Alpha", "ALPHA", "alpha", "Gamma", "Beta")]
    numbers = {str(task.id): number for number, task in enumerate(made)}
    expected = [1, 2, 3, 0, 5, 4] if ordering == "name" else [4, 5, 0, 3, 2, 1]
    whole = [numbers[task["id"]] for task in api.get(f"tasks?ordering={ordering}").body["results"]]
    assert whole == expected
    pages = list(walk(api, f"ordering={ordering}&page_size=2"))
    assert [numbers[task["id"]] for page in pages for task in page["results"]] == expected
    back = urlsplit(pages[-1]["previous"]).query
    backwards = [[numbers[task["id"]] for task in page["results"]] for page in walk(api, back, "previous")]
    assert backwards == [expected[2:4], expected[:2]]


def test_letters_that_python_and_the_database_fold_apart_lose_no_row(api: Api, alice: User) -> None:
    names_ = ["\u0130stanbul", "istanbul", "Stra\u00dfe", "STRASSE", "\u00c4rger", "\u00e4rger", "\u212a"]
    for name in names_:
        make_task(alice, name=name)
    walked = [task["name"] for page in walk(api, "ordering=name&page_size=1") for task in page["results"]]
    assert sorted(walked) == sorted(names_)


@pytest.mark.django_db
def test_an_index_gives_the_order_by_name() -> None:
    rows = task_search(User(is_superuser=True, is_active=True), TaskFilters(), ordering="name")
    if connection.vendor == "sqlite":
        assert "task_name_folded" in rows[:50].explain()
    else:
        with connection.cursor() as cursor:
            cursor.execute("SET LOCAL enable_seqscan = off")
            cursor.execute("SET LOCAL enable_sort = off")
        assert "task_name_folded" in rows.select_related(None)[:50].explain()


def test_a_list_that_no_index_leads_through_goes_on_with_older_tasks(
    api: Api, operator: Api, alice: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    for number in range(5):
        make_task(alice, name=f"n{number}", tags=[] if number == 3 else ["red"])
    [whole] = walk(api, "tag=red&ordering=name")
    assert (whole["is_complete"], whole["searched_to"], whole["count"], whole["count_is_exact"]) == (
        True,
        None,
        4,
        True,
    )
    monkeypatch.setattr(task_walk, "WALK", 2)
    for paged in ("page_size=1", "page=1&page_size=1", ""):
        pages = list(walk(api, f"tag=red&ordering=name&{paged}"))
        found = [task["name"] for page in pages for task in page["results"]]
        assert found == ["n4", "n1", "n2", "n0"], "the newest two, the two before those, the oldest"
        assert [page["searched_to"] is None for page in pages] == [page["is_complete"] for page in pages]
        assert [page["is_complete"] for page in pages].count(False) == 2
        assert not pages[0]["count_is_exact"]
    for led in ("", "ordering=created_at"):
        assert [page["is_complete"] for page in walk(api, led)] == [True]
    assert [page["is_complete"] for page in walk(operator, "ordering=-name")] == [True]
    assert api.get("tasks?before=x").faults == {"before": ["type"]}


def test_a_cursor_holds_while_rows_are_added(api: Api) -> None:
    for number in range(4):
        make(api, name=f"n{number}")
    first = api.get("tasks?page_size=2").body
    make(api, name="new")
    second = api.get(f"tasks?{urlsplit(first['next']).query}").body
    assert [task["name"] for page in (first, second) for task in page["results"]] == ["n3", "n2", "n1", "n0"]


def test_a_cursor_means_nothing_in_another_order(api: Api) -> None:
    for number in range(3):
        make(api, name=f"n{number}")
    cursor = urlsplit(api.get("tasks?page_size=1").body["next"]).query.split("cursor=")[1]
    assert api.get(f"tasks?ordering=name&cursor={cursor}").faults == {"cursor": ["invalid"]}


def test_pages_by_number(api: Api, alice: User) -> None:
    for number in range(5):
        make_task(alice, name=f"n{number}")
    second = api.get("tasks?ordering=name&page=2&page_size=2").body
    assert [task["name"] for task in second["results"]] == ["n2", "n3"]
    assert (second["count"], second["count_is_exact"]) == (5, True)
    assert "page=3" in second["next"]
    assert "page=1" in second["previous"]
    assert api.get("tasks?page=9&page_size=2").body["results"] == []


def test_beyond_a_thousand_the_count_is_said_to_be_inexact(api: Api, alice: User) -> None:
    ScheduledTask.objects.bulk_create(
        ScheduledTask(owner=alice, name=f"n{number}", type="http_request", kind="manual", status="active")
        for number in range(1002)
    )
    body = api.get("tasks?page_size=1").body
    assert (body["count"], body["count_is_exact"]) == (1001, False)


def test_deleted_tasks_are_not_listed(api: Api) -> None:
    task = make(api)
    assert api.delete(f"tasks/{task['id']}").status == 204
    assert names(api) == []


def test_the_number_of_queries_does_not_grow_with_the_list(api: Api, alice: User) -> None:
    make_task(alice)
    with CaptureQueriesContext(
        connection,
    ) as few:
        api.get("tasks")
    for _ in range(20):
        make_task(alice)
    with CaptureQueriesContext(connection) as many:
        api.get("tasks")
    assert len(many) == len(few) <= 8


def test_a_slash_at_the_end_changes_nothing(api: Api) -> None:
    make(api)
    assert api.get("tasks/").body == api.get("tasks").body
