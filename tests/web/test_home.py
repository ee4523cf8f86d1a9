"""Home: what happens, what comes, what went wrong."""

import re
from collections.abc import Iterator
from datetime import timedelta
from html import unescape

import pytest
from django.contrib.auth.models import User
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone
from pytest_django import DjangoAssertNumQueries

from tasks_app.models import ScheduledTask, TaskRun
from tasks_app.selectors import trouble
from tasks_app.services import lifecycle
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


def test_what_there_is_nothing_to_draw_of_takes_no_room_and_comes_with_the_next_look(
    as_alice: Client, alice: User, make: MakeTask
) -> None:
    make(schedule=None)
    page = as_alice.get("/").content.decode()
    assert "Each run will stand here as a bar" in page
    assert page.index('id="home-now"') < page.index('class="at-end"') < page.index('id="home-pulse"')
    assert 'hx-get="/?bare=1"' in page.split('id="home-head"')[1].split(">")[0]
    runs.cancel(runs.make_run(alice))
    part = as_alice.get("/?bare=1", headers={"HX-Request": "true", "HX-Target": "home-head"}).content.decode()
    assert "Each run will stand here as a bar" in part
    assert "Each run will stand here as a bar" not in as_alice.get("/?bare=1").content.decode()


def test_what_comes_is_named_and_all_of_the_day_is_counted(as_alice: Client, make: MakeTask) -> None:
    minute = (timezone.now().minute + 30) % 60
    for number in range(10):
        make(f"Hourly {number}", schedule={"kind": "hourly", "minute": minute}, timezone="UTC")
    part = as_alice.get("/").content.decode().split('id="home-next"')[1]
    assert part.count("<li>") == 8
    assert re.search(r"240 runs of 10 tasks; busiest minute: .* with 10 runs\.", part)


def test_a_day_in_which_nothing_starts_counts_nothing(as_alice: Client, make: MakeTask) -> None:
    make(schedule=None)
    assert " runs of " not in as_alice.get("/").content.decode().split('id="home-next"')[1]


def test_a_chart_that_looks_back_a_day_goes_on_doing_so_where_nothing_had_run_yet(
    as_alice: Client, make: MakeTask
) -> None:
    make(schedule=None)
    assert 'hx-get="/?span=day&amp;bare=1"' in as_alice.get("/?span=day").content.decode()


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


def test_what_runs_is_stopped_from_home(as_alice: Client, alice: User, task: ScheduledTask) -> None:
    run = runs.make_run(alice, task)
    runs.claim(run)
    assert f'href="/runs/{run.pk}/cancel/?next=/"' in as_alice.get("/").content.decode()
    page = as_alice.post(f"/runs/{run.pk}/cancel/", {"next": "/"}, follow=True)
    assert page.redirect_chain[-1][0] == "/"
    assert "asked to stop" in text(page).partition("in progress")[2]


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


def test_what_is_counted_to_a_thousand_says_so_where_there_is_more(
    as_alice: Client, alice: User, task: ScheduledTask
) -> None:
    more = {"owner": alice, "type": task.type, "kind": "recurring"}
    ScheduledTask.objects.bulk_create(ScheduledTask(name=f"T{n}", status="active", **more) for n in range(999))
    figures = {"HX-Request": "true", "HX-Target": "home-figures"}
    assert "1,000 recurring tasks 1,000 active in all" in text(as_alice.get("/", headers=figures))
    ScheduledTask.objects.bulk_create(
        ScheduledTask(name=f"T{n}", status=status, **more) for n in range(1001) for status in ("active", "paused")
    )
    page = text(as_alice.get("/", headers=figures))
    assert "1,000+ recurring tasks more than 1,000 active in all 1,000+ paused" in page
    assert "more than 1,000 active, more than 1,000 paused" in text(as_alice.get("/tasks/"))


def test_more_failures_than_are_counted_are_named_as_more(as_alice: Client, alice: User) -> None:
    ended = {"status": "failed", "reason": "handler_error", "finished_at": timezone.now()}
    lifecycle.create(
        [TaskRun(owner=alice, type="http_request", trigger="manual", **ended) for _ in range(1001)], actor="tests"
    )
    assert "More than 1,000 runs need you" in text(as_alice.get("/"))
    assert "Need you 1,000+" in text(as_alice.get("/runs/"))


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
    with django_assert_max_num_queries(35):
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
    assert Client().get("/runs/needing/", headers=badge).headers["HX-Trigger"] == "signed-out"


def icon_of(client: Client) -> str:
    """What the icon of the tab shows."""
    found = re.search(r'rel="icon"[^>]*/(favicon[a-z-]*)\.', client.get("/settings/").content.decode())
    assert found is not None
    return found[1]


def test_the_icon_of_the_tab_shows_the_worst_that_one_may_see_in_the_one_query_of_the_badge(
    as_alice: Client, as_charlie: Client, alice: User
) -> None:
    badge = {"HX-Request": "true", "HX-Target": "nav-failed"}
    with CaptureQueriesContext(connection) as idle:
        as_alice.get("/runs/needing/", headers=badge)
    assert sum("tasks_app_taskrun" in query["sql"] for query in idle.captured_queries) == 1
    assert icon_of(as_alice) == "favicon"
    held = runs.make_run(alice)
    runs.claim(held)
    assert (icon_of(as_alice), icon_of(as_charlie)) == ("favicon-running", "favicon")
    assert "favicon-running" in as_alice.get("/runs/needing/", headers=badge).content.decode()
    worse = runs.make_run(alice)
    runs.claim(worse)
    runs.fail(worse)
    assert icon_of(as_alice) == "favicon-failed"
    as_alice.post(f"/runs/{worse.pk}/dismiss/")
    assert icon_of(as_alice) == "favicon-running"
    runs.succeed(held)
    assert icon_of(as_alice) == "favicon"


def needing(client: Client) -> str:
    return text(client.get("/")).partition("Needs you")[2].partition("Runs per minute")[0]


def failed(owner: User, task: ScheduledTask | None = None, error: str = "ConnectError: away") -> TaskRun:
    run = runs.make_run(owner, task)
    runs.claim(run)
    runs.fail(run, error=error)
    return run


def test_a_task_that_fails_over_and_over_hides_no_other(as_alice: Client, alice: User, make: MakeTask) -> None:
    quiet, probe = make("Monthly report"), make("Probe")
    failed(alice, quiet)
    for _ in range(12):
        failed(alice, probe)
    page = as_alice.get("/")
    assert [(one.run.task.name, one.many) for one in page.context["failed"]] == [
        ("Probe", "12 times"),
        ("Monthly report", ""),
    ]
    retry = re.search(rf'href="({reverse("runs-retry")}[^"]*)"', page.content.decode())
    assert retry is not None
    assert "Run 12 runs again?" in text(as_alice.get(unescape(retry.group(1))))


def test_failures_with_other_errors_stand_apart(as_alice: Client, alice: User, make: MakeTask) -> None:
    probe = make("Probe")
    for error in ("ConnectError: away", "KeyError: 1", "ConnectError: away"):
        failed(alice, probe, error)
    assert [one.many for one in as_alice.get("/").context["failed"]] == ["2 times", ""]


def test_what_waits_for_its_next_attempt_is_told(as_alice: Client, as_charlie: Client, alice: User) -> None:
    soon = timezone.now() + timedelta(hours=3)
    for hours in (0, 5):
        runs.make_run(alice, status="scheduled", due_at=soon + timedelta(hours=hours), queued_at=None)
    for path in ("/", "/upcoming/"):
        page = as_alice.get(path)
        assert "2 runs wait for the next attempt or for a time of their own, the first" in text(page)
        assert 'href="/runs/?status=scheduled"' in page.content.decode()
        assert "wait for the next attempt" not in text(as_charlie.get(path))


def test_what_went_wrong_names_the_tasks(as_alice: Client, alice: User, make: MakeTask) -> None:
    for name in ("Monthly report", "Probe"):
        failed(alice, make(name))
    assert "Probe and 1 other task :" in text(as_alice.get(reverse("run-groups")))
    TaskRun.objects.filter(task__name="Monthly report").delete()
    assert "away Probe :" in text(as_alice.get(reverse("run-groups")))


def test_failures_that_no_task_made_are_not_retried_with_those_of_tasks(
    as_alice: Client, alice: User, make: MakeTask
) -> None:
    """No filter of a list leaves out the runs of tasks, so their group is where to act on them."""
    one = failed(alice, make("Probe"))
    for _ in range(2):
        failed(alice)
    page = as_alice.get("/")
    assert [(found.run.task_id, found.many) for found in page.context["failed"]] == [
        (None, "2 times"),
        (one.task_id, ""),
    ]
    assert reverse("runs-retry") not in page.content.decode()
    group = re.search(rf'href="({reverse("run-groups")}[?][^"]*)">See them', page.content.decode())
    assert group is not None
    assert as_alice.get(unescape(group.group(1))).context["groups"][0].group.count >= 2
