"""The list of tasks."""

import pytest
from django.contrib.auth.models import User
from django.test import Client
from pytest_django import DjangoAssertNumQueries

from tests import runs
from tests.web.conftest import MakeTask
from tests.web.reading import text


def names(client: Client, query: str = "") -> list[str]:
    """The names that the list shows, in order."""
    return [row["task"].name for row in client.get(f"/tasks/{query}").context["rows"]]


@pytest.fixture
def several(make: MakeTask) -> None:
    """Three tasks that differ in everything."""
    make("Beta", tags=("red", "wide"), schedule={"kind": "hourly", "minute": 5})
    make("Alpha", tags=("blue",), schedule=None, queue="critical")
    make("Gamma", type="export_report", payload={"source": "runs"}, enabled=False)


@pytest.mark.usefixtures("several")
@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("", ["Alpha", "Beta", "Gamma"]),
        ("?search=ALP", ["Alpha"]),
        ("?search=export", ["Gamma"]),
        ("?status=paused", ["Gamma"]),
        ("?kind=manual", ["Alpha"]),
        ("?type=export_report", ["Gamma"]),
        ("?queue=critical", ["Alpha"]),
        ("?tag=red", ["Beta"]),
        ("?tag=re", []),
        ("?last_run_status=failed", []),
        ("?ordering=next_run_at", ["Beta", "Alpha", "Gamma"]),
        ("?ordering=-created_at", ["Gamma", "Alpha", "Beta"]),
        ("?search=%00&ordering=nonsense&page=x", ["Alpha", "Beta", "Gamma"]),
    ],
)
def test_filters_and_order(as_alice: Client, query: str, expected: list[str]) -> None:
    assert names(as_alice, query) == expected


def test_a_row_says_when_in_words(as_alice: Client, make: MakeTask) -> None:
    make("Digest", schedule={"kind": "weekly", "days": ["mon"], "time": "09:00"})
    assert "Every Monday at 09:00, Berlin time" in text(as_alice.get("/tasks/"))


def test_an_empty_list_teaches_and_a_filtered_one_offers_the_way_back(as_alice: Client, make: MakeTask) -> None:
    assert "No tasks yet" in text(as_alice.get("/tasks/"))
    make()
    assert "No task matches" in text(as_alice.get("/tasks/?search=zzz"))


def test_pages_follow_each_other(as_alice: Client, make: MakeTask) -> None:
    for number in range(52):
        make(f"Task {number:02}", schedule=None)
    assert len(names(as_alice)) == 50
    assert names(as_alice, "?page=2") == ["Task 50", "Task 51"]
    assert "?page=2" in as_alice.get("/tasks/").content.decode()


def test_charlie_sees_none_of_alices(as_charlie: Client, make: MakeTask) -> None:
    make()
    assert names(as_charlie) == []


def test_the_number_of_queries_does_not_grow(
    as_alice: Client, alice: User, make: MakeTask, django_assert_max_num_queries: DjangoAssertNumQueries
) -> None:
    for number in range(15):
        task = make(f"Task {number:02}")
        for _ in range(3):
            runs.cancel(runs.make_run(alice, task))
    with django_assert_max_num_queries(13):
        response = as_alice.get("/tasks/")
    assert [len(row["runs"]) for row in response.context["rows"]] == [3] * 15


def test_the_strip_holds_the_last_fifty_runs_oldest_first(as_alice: Client, alice: User, make: MakeTask) -> None:
    task, other = make("One"), make("Other")
    made = [runs.make_run(alice, task) for _ in range(55)]
    runs.make_run(alice, other)
    rows = {row["task"].name: row["runs"] for row in as_alice.get("/tasks/").context["rows"]}
    assert [run.id for run in rows["One"]] == [run.id for run in made[-50:]]
    assert len(rows["Other"]) == 1


def test_a_task_whose_first_run_has_not_ended_is_not_said_to_have_never_run(
    as_alice: Client, alice: User, make: MakeTask
) -> None:
    task = make()
    assert "never ran" in text(as_alice.get("/tasks/"))
    run = runs.make_run(alice, task)
    page = as_alice.get("/tasks/")
    assert "never ran" not in text(page)
    assert f'href="/runs/{run.pk}/"' in page.content.decode()
