"""The list of runs."""

import pytest
from django.contrib.auth.models import User
from django.test import Client
from pytest_django import DjangoAssertNumQueries

from tasks_app.models import ScheduledTask, TaskRun
from tests import runs
from tests.web.conftest import MakeTask
from tests.web.reading import text


@pytest.fixture
def several(alice: User, task: ScheduledTask) -> dict[str, TaskRun]:
    """A run in each of four states."""
    made = {name: runs.make_run(alice, task, tags=[name]) for name in ("queued", "running", "failed", "cancelled")}
    runs.claim(made["running"])
    runs.claim(made["failed"])
    runs.fail(made["failed"])
    runs.cancel(made["cancelled"])
    return made


def shown(client: Client, query: str = "") -> list[object]:
    return [run.id for run in client.get(f"/runs/{query}").context["runs"]]


def test_newest_first_with_what_went_wrong(as_alice: Client, several: dict[str, TaskRun]) -> None:
    assert shown(as_alice) == [run.id for run in reversed(several.values())]
    assert "ValueError: no" in text(as_alice.get("/runs/"))


@pytest.mark.parametrize("status", ["queued", "running", "failed", "cancelled"])
def test_tabs_by_state(as_alice: Client, several: dict[str, TaskRun], status: str) -> None:
    assert shown(as_alice, f"?status={status}") == [several[status].id]


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("?status=needs", ["failed"]),
        ("?tag=running", ["running"]),
        ("?search=valueerror", ["failed"]),
        ("?reason=handler_error", ["failed"]),
        ("?worker=tests@here&status=running", ["running"]),
        ("?queue=critical", []),
        ("?trigger=schedule", []),
        ("?type=nonsense", []),
        ("?search=nightly&status=queued", ["queued"]),
        ("?task=nonsense&before=nonsense&search=%00&status=queued", ["queued"]),
    ],
)
def test_filters(as_alice: Client, several: dict[str, TaskRun], query: str, expected: list[str]) -> None:
    assert shown(as_alice, query) == [several[name].id for name in expected]


def test_a_run_is_found_by_its_id(as_alice: Client, several: dict[str, TaskRun]) -> None:
    assert shown(as_alice, f"?search={several['queued'].id}") == [several["queued"].id]


def test_runs_of_one_task(as_alice: Client, alice: User, make: MakeTask, several: dict[str, TaskRun]) -> None:
    other = make("Other")
    run = runs.make_run(alice, other)
    assert shown(as_alice, f"?task={other.pk}") == [run.id]
    assert "Runs of Other" in text(as_alice.get(f"/runs/?task={other.pk}"))


def test_a_task_that_one_may_not_see_filters_to_nothing_here(as_charlie: Client, task: ScheduledTask) -> None:
    assert as_charlie.get(f"/runs/?task={task.pk}").status_code == 200
    assert b"Nightly" not in as_charlie.get(f"/runs/?task={task.pk}").content


def test_pages_go_back_in_time_without_gaps(as_alice: Client, alice: User) -> None:
    made = [runs.make_run(alice).id for _ in range(53)]
    first = as_alice.get("/runs/")
    second = as_alice.get("/runs/", {"before": first.context["older"]})
    seen = [run.id for run in [*first.context["runs"], *second.context["runs"]]]
    assert seen == list(reversed(made))
    assert second.context["older"] is None
    assert "Newest" in text(second)


def test_nothing_yet_and_nothing_found_are_told_apart(as_alice: Client) -> None:
    assert "Nothing has run yet" in text(as_alice.get("/runs/"))
    assert "No run matches" in text(as_alice.get("/runs/?status=failed"))


def test_charlie_sees_none_of_alices(as_charlie: Client, several: dict[str, TaskRun]) -> None:
    assert shown(as_charlie) == []


def test_the_number_of_queries_does_not_grow(
    as_alice: Client, alice: User, make: MakeTask, django_assert_max_num_queries: DjangoAssertNumQueries
) -> None:
    for number in range(20):
        runs.claim(runs.make_run(alice, make(f"Task {number}")))
    with django_assert_max_num_queries(16):
        as_alice.get("/runs/")


def test_a_day_in_the_address_stands_in_the_fields_of_the_range(as_alice: Client) -> None:
    as_alice.cookies["zone"] = "Europe/Berlin"
    html = as_alice.get("/runs/?from=2026-11-22&to=2026-11-23T10:30:00Z").content.decode()
    assert 'name="from" value="2026-11-22T00:00"' in html
    assert 'name="to" value="2026-11-23T11:30"' in html
    assert 'name="from" value=""' in as_alice.get("/runs/?from=nonsense").content.decode()
