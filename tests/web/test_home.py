"""Home: what happens, what comes, what went wrong."""

from collections.abc import Iterator

import pytest
from django.contrib.auth.models import User
from django.test import Client
from pytest_django import DjangoAssertNumQueries

from tasks_app.models import ScheduledTask
from tasks_app.selectors import trouble
from tests import runs
from tests.ops.conftest import make_beat, make_worker
from tests.web.conftest import MakeTask
from tests.web.reading import text


@pytest.fixture
def well(db: None, valkey: str) -> Iterator[None]:
    """A platform that lacks nothing, and asks itself anew."""
    make_worker()
    make_beat()
    trouble.forget()
    yield
    trouble.forget()


def test_nothing_yet_offers_an_example_that_one_click_makes(as_alice: Client, alice: User) -> None:
    assert "Make the example" in text(as_alice.get("/"))
    response = as_alice.post("/tasks/example/", follow=True)
    task = ScheduledTask.objects.get(owner=alice)
    assert task.type == "export_report"
    assert task.name in text(response)
    assert "Make the example" not in text(as_alice.get("/"))


@pytest.mark.usefixtures("well")
def test_a_quiet_platform_says_so(as_alice: Client, task: ScheduledTask) -> None:
    page = text(as_alice.get("/"))
    assert "All quiet" in page
    assert "Next: Nightly" in page


def test_a_platform_whose_tasks_are_all_paused_says_what_to_do(as_alice: Client, make: MakeTask) -> None:
    make(enabled=False)
    assert "All tasks are paused ; resume one" in text(as_alice.get("/"))


def test_the_headline_counts_as_the_badge_does(as_alice: Client, alice: User) -> None:
    for _ in range(10):
        run = runs.make_run(alice)
        runs.claim(run)
        runs.fail(run)
    assert "10 runs need you" in text(as_alice.get("/"))


def test_what_runs_is_shown_with_its_progress(as_alice: Client, alice: User, task: ScheduledTask) -> None:
    run = runs.make_run(alice, task)
    runs.claim(run)
    runs.progress(run)
    page = text(as_alice.get("/"))
    assert "1 run in progress" in page
    assert "10 % step 1" in page


def test_what_failed_stands_on_top_with_its_first_line_and_a_retry(
    as_alice: Client, alice: User, task: ScheduledTask
) -> None:
    run = runs.make_run(alice, task)
    runs.claim(run)
    runs.fail(run)
    response = as_alice.get("/")
    assert "1 run needs you" in text(response)
    assert "ValueError: no" in text(response)
    assert f"/runs/{run.pk}/retry/" in response.content.decode()
    assert "favicon-failed" in response.content.decode()


@pytest.mark.usefixtures("well")
def test_a_dismissed_failure_no_longer_stands_there(as_alice: Client, alice: User, task: ScheduledTask) -> None:
    run = runs.make_run(alice, task)
    runs.claim(run)
    runs.fail(run)
    as_alice.post(f"/runs/{run.pk}/dismiss/", {"next": "/"})
    assert "All quiet" in text(as_alice.get("/"))


def test_nobody_sees_anybody_elses_things(as_charlie: Client, alice: User, task: ScheduledTask) -> None:
    runs.claim(runs.make_run(alice, task))
    assert "Nightly" not in text(as_charlie.get("/"))


def test_a_live_region_is_answered_alone(as_alice: Client, task: ScheduledTask) -> None:
    response = as_alice.get("/", headers={"HX-Request": "true", "HX-Target": "home-next"})
    assert response.content.decode().strip().startswith("<section")
    assert "<html" not in response.content.decode()


def test_the_number_of_queries_does_not_grow(
    as_alice: Client, alice: User, make: MakeTask, django_assert_max_num_queries: DjangoAssertNumQueries
) -> None:
    for number in range(12):
        run = runs.make_run(alice, make(f"Task {number}"))
        runs.claim(run)
        if number % 2:
            runs.fail(run)
    trouble.troubles()  # asked for all pages together, every few seconds
    with django_assert_max_num_queries(34):
        as_alice.get("/")


def test_a_browser_that_asks_for_an_icon_by_itself_gets_ours(client: Client) -> None:
    response = client.get("/favicon.ico")
    assert response.status_code == 302
    assert response["Location"].endswith("favicon.svg")


def test_the_badge_of_the_rail_is_asked_for_alone_and_counts_what_one_may_see(
    as_alice: Client, as_charlie: Client, alice: User, django_assert_max_num_queries: DjangoAssertNumQueries
) -> None:
    for _ in range(2):
        run = runs.make_run(alice)
        runs.claim(run)
        runs.fail(run)
    badge = {"HX-Request": "true", "HX-Target": "nav-failed"}
    with django_assert_max_num_queries(7):
        shown = as_alice.get("/runs/needing/", headers=badge)
    assert text(shown) == "2 failed and not yet looked at"
    assert "favicon-failed" in shown.content.decode()
    assert shown.content.decode() in as_alice.get("/settings/").content.decode()
    none = as_charlie.get("/runs/needing/", headers=badge)
    assert text(none) == ""
    assert 'data-count="0"' in none.content.decode()
    assert Client().get("/runs/needing/", headers=badge).headers["HX-Redirect"] == "/sign-in/"
