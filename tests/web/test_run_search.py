"""Looking for runs: the search box, times, and how far back a list looks."""

from datetime import timedelta

import pytest
from django.contrib.auth.models import User
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from pytest_django import DjangoAssertNumQueries

from tasks_app.models import ScheduledTask, TaskRun, TaskShare
from tasks_app.models.ids import first_id_at
from tasks_app.selectors import run_walk
from tasks_app.selectors.run_list import RunFilters, run_page
from tasks_app.selectors.run_walk import run_find
from tasks_app.selectors.walk import READ, WALK
from tasks_app.web import run_list
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


def shown(client: Client, **query: str) -> list[object]:
    return [run.id for run in client.get("/runs/", query).context["runs"]]


@pytest.mark.parametrize(
    ("search", "expected"),
    [
        ("status:failed", ["failed"]),
        ("status:failed,queued", ["failed", "queued"]),
        ("-status:failed,queued", ["cancelled", "running"]),
        ("status:needs", ["failed"]),
        ("status:failed type:http_request", ["failed"]),
        ("type:send_email", []),
        ("worker:tests@here", ["failed", "running"]),
        ("worker:tests@here -tag:running", ["failed"]),
        ("tag:queued", ["queued"]),
        ("error:ValueError", ["failed"]),
        ("reason:handler_error", ["failed"]),
        ("owner:me status:failed", ["failed"]),
        ("owner:alice -status:failed,queued", ["cancelled", "running"]),
        ("owner:bob", []),
        ("-owner:me", []),
        ("nightly status:queued", ["queued"]),
        ("-nightly", []),
        ("after:1h status:queued", ["queued"]),
        ("before:1h", []),
        ("before:today", []),
        ("after:2030-01-01", []),
        ("trigger:manual queue:default status:queued", ["queued"]),
    ],
)
def test_the_box_understands(as_alice: Client, several: dict[str, TaskRun], search: str, expected: list[str]) -> None:
    assert set(shown(as_alice, search=search)) == {several[name].id for name in expected}


def test_a_search_and_the_filters_beside_it_both_hold(as_alice: Client, several: dict[str, TaskRun]) -> None:
    assert shown(as_alice, search="status:failed", status="queued") == []
    assert shown(as_alice, search="status:failed status:queued") == []
    assert shown(as_alice, search="worker:tests@here", status="failed") == [several["failed"].id]


def test_what_is_not_understood_is_said_with_what_was_meant(as_alice: Client, several: dict[str, TaskRun]) -> None:
    response = as_alice.get("/runs/", {"search": "statsu:failed"})
    assert "There is no filter “statsu:”" in text(response)
    assert "search=status%3Afailed" in response.content.decode()


@pytest.mark.parametrize(
    ("query", "is_found"),
    [
        ({"within": "1h"}, True),
        ({"from": "2020-01-01T00:00"}, True),
        ({"from": "2020-01-01"}, True),
        ({"from": "2090-01-01T00:00"}, False),
        ({"to": "2020-01-01T00:00"}, False),
        ({"to": "2090-01-01T00:00", "from": "2020-01-01T00:00"}, True),
        ({"from": "nonsense", "to": "2026-13-45T00:00", "within": "1000y"}, True),
        ({"to": "9999-12-31T23:59"}, True),
    ],
)
def test_a_range_of_times(as_alice: Client, alice: User, query: dict[str, str], is_found: bool) -> None:
    run = runs.make_run(alice)
    assert shown(as_alice, **query) == ([run.id] if is_found else [])


def test_times_are_read_in_the_zone_of_the_reader(as_alice: Client, alice: User) -> None:
    run = runs.make_run(alice)
    TaskRun.objects.filter(pk=run.pk).delete()
    run.id = first_id_at(run.created_at)
    run.save(force_insert=True)
    as_alice.cookies["zone"] = "Pacific/Kiritimati"
    local = run.created_at + timedelta(hours=14)
    assert shown(as_alice, **{"from": f"{local - timedelta(minutes=1):%Y-%m-%dT%H:%M}"}) == [run.id]
    assert shown(as_alice, **{"from": f"{local + timedelta(minutes=1):%Y-%m-%dT%H:%M}"}) == []


def test_where_no_index_leads_the_walk_is_bounded_and_goes_on_where_it_stopped(alice: User) -> None:
    made = [runs.make_run(alice, queue="critical" if number == 0 else "default") for number in range(7)]
    filters = RunFilters(queue="critical")
    first = run_find(alice, filters, most=3)
    assert (list(first.rows), first.floor) == ([], made[4].id)
    assert first.since is not None
    assert abs(first.since - made[4].created_at) < timedelta(seconds=1)
    second = run_find(alice, filters, before=first.floor, most=3)
    assert (run_page(second.rows, before=first.floor, size=5)[0], second.floor) == ([], made[1].id)
    third = run_find(alice, filters, before=second.floor, most=3)
    assert [run.id for run in run_page(third.rows, before=second.floor, size=5)[0]] == [made[0].id]
    assert third.floor is None


@pytest.mark.parametrize(
    ("filters", "is_led"),
    [
        (RunFilters(), True),
        (RunFilters(status="failed"), False),
        (RunFilters(needs=True), True),
        (RunFilters(needs=True, type="x", error_type="E", reason="timeout"), True),
        (RunFilters(worker="w"), False),
        (RunFilters(search="words"), False),
        (RunFilters(search="01a227e6-cbca-7634-b9ce-9d76f44cd5a0"), True),
    ],
)
def test_what_an_index_leads_to_is_looked_for_to_the_end(
    alice: User, staff: User, filters: RunFilters, is_led: bool
) -> None:
    assert run_walk.is_led(alice, filters) is is_led
    assert run_walk.is_led(staff, filters) is (is_led or filters.status != "")


@pytest.fixture
def worded(alice: User, make: MakeTask) -> dict[str, TaskRun]:
    """Runs whose words stand in different places: in the name of a task that was renamed, of one that is deleted, in a
    type that is still known and in one that is not, in an error."""
    renamed, deleted = make("Old invoices"), make("Dunning letters")
    made = {
        "renamed": runs.make_run(alice, renamed),
        "deleted": runs.make_run(alice, deleted),
        "known": runs.make_run(alice, type="send_email"),
        "unknown": runs.make_run(alice, type="acme.Weigh_Parcels"),
        "error": runs.make_run(alice),
    }
    type(renamed).objects.filter(pk=renamed.pk).update(name="New invoices")
    type(deleted).objects.filter(pk=deleted.pk).update(deleted_at=timezone.now(), status="cancelled", next_due_at=None)
    TaskRun.objects.filter(pk=made["error"].pk).update(error="Cannot reach 50%_off.example")
    return made


@pytest.mark.parametrize(
    ("search", "expected"),
    [
        ("invoices", {"renamed"}),
        ("NEW inv", {"renamed"}),
        ("old", set()),
        ("dunning", {"deleted"}),
        ("Send_E", {"known"}),
        ("parcels", {"unknown"}),
        ("reach", {"error"}),
        ("50%_", {"error"}),
        ("5_%", set()),
        ("http_request", {"renamed", "deleted", "error"}),
        ("-invoices", {"deleted", "known", "unknown", "error"}),
        ("-http_request", {"known", "unknown"}),
        ("-parcels -send -reach", {"renamed", "deleted"}),
        ("nothing-has-this", set()),
        ("-nothing-has-this", {"renamed", "deleted", "known", "unknown", "error"}),
    ],
)
def test_words_are_found_in_the_name_of_the_task_the_type_and_the_error(
    as_alice: Client, as_charlie: Client, worded: dict[str, TaskRun], search: str, expected: set[str]
) -> None:
    assert set(shown(as_alice, search=search)) == {worded[name].id for name in expected}
    assert shown(as_charlie, search=search) == []


def test_what_is_looked_for_as_it_stands_is_found_in_the_same_places(
    alice: User, charlie: User, worded: dict[str, TaskRun]
) -> None:
    for words, name in (("new INVOICES", "renamed"), ("weigh_", "unknown"), ("email", "known"), ("%_off", "error")):
        assert list(run_find(alice, RunFilters(search=words)).rows) == [worded[name]]
        assert not run_find(charlie, RunFilters(search=words)).rows


def test_words_are_looked_for_among_so_many_runs_and_the_page_says_so(
    as_alice: Client, alice: User, make: MakeTask, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(run_walk, "READ", 3)
    old = runs.make_run(alice, make("Invoices"))
    for _ in range(3):
        runs.make_run(alice)
    response = as_alice.get("/runs/", {"search": "invoices"})
    assert response.context["runs"] == []
    assert "Searched the newest 3 runs" in text(response)
    assert [run.id for run in as_alice.get(response.context["further"]).context["runs"]] == [old.id]


def test_the_page_says_how_far_it_looked(as_alice: Client, alice: User, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(run_walk, "WALK", 2)
    made = [runs.make_run(alice, queue="critical" if number == 0 else "default") for number in range(4)]
    response = as_alice.get("/runs/", {"queue": "critical"})
    assert "Searched the newest" in text(response)
    further = response.context["further"]
    assert [run.id for run in as_alice.get(further).context["runs"]] == [made[0].id]
    assert "Searched" not in text(as_alice.get("/runs/"))


@pytest.mark.parametrize(
    "query", [{"queue": "default"}, {"status": "queued"}, {"search": "http_request"}, {"tag": "often"}]
)
def test_a_page_that_the_newest_runs_fill_asks_for_no_others(
    as_alice: Client, alice: User, monkeypatch: pytest.MonkeyPatch, query: dict[str, str]
) -> None:
    monkeypatch.setattr(run_walk, "NEAR", 3)
    monkeypatch.setattr(run_list, "SIZE", 2)
    made = [runs.make_run(alice, tags=["often"]) for _ in range(5)]
    for number, before in ((3, {}), (1, {"before": str(made[3].pk)})):
        with CaptureQueriesContext(connection) as asked:
            response = as_alice.get("/runs/", {**query, **before})
        assert [run.id for run in response.context["runs"]] == [made[number + 1].id, made[number].id]
        assert response.context["older"] == made[number].id
        assert not any(f"OFFSET {most - 1}" in one["sql"] for one in asked for most in (READ, WALK))
    (last,) = as_alice.get("/runs/", {**query, "before": str(made[1].pk)}).context["runs"]
    assert last.id == made[0].id


def test_a_page_that_the_newest_runs_do_not_fill_is_looked_for_further(
    as_alice: Client, alice: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(run_walk, "NEAR", 2)
    monkeypatch.setattr(run_walk, "WALK", 5)
    made = [runs.make_run(alice, queue="critical" if number in (0, 3) else "default") for number in range(7)]
    response = as_alice.get("/runs/", {"queue": "critical"})
    assert [run.id for run in response.context["runs"]] == [made[3].id]
    assert response.context["walk"] == 5
    assert [run.id for run in as_alice.get(response.context["further"]).context["runs"]] == [made[0].id]


def test_what_is_offered_for_all_is_asked_of_all_that_were_looked_at(
    alice: User, charlie: User, as_charlie: Client, task: ScheduledTask, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(run_walk, "NEAR", 2)
    monkeypatch.setattr(run_list, "SIZE", 1)
    TaskShare.objects.create(task=task, user=charlie, level=TaskShare.Level.VIEW)
    own = runs.make_run(charlie)
    for _ in range(3):
        runs.make_run(alice, task)
    query = {"status": "queued", "queue": "default"}
    (offer,) = as_charlie.get("/runs/", query).context["actions"]
    assert offer[2].startswith("/runs/all/cancel/?")
    runs.cancel(own)
    assert as_charlie.get("/runs/", query).context["actions"] == []


def test_a_long_search_costs_no_query_per_run(
    as_alice: Client, alice: User, several: dict[str, TaskRun], django_assert_max_num_queries: DjangoAssertNumQueries
) -> None:
    with django_assert_max_num_queries(20):
        as_alice.get("/runs/", {"search": "status:failed,queued worker:tests@here -tag:x after:7d", "reason": "due"})


def offered(client: Client, q: str) -> list[str]:
    """What the box offers at the end of the text."""
    return [one["label"] for one in client.get("/runs/search/", {"q": q, "at": str(len(q))}).json()["options"]]


def test_the_box_offers_only_what_one_can_see(
    as_alice: Client, as_charlie: Client, several: dict[str, TaskRun], task: ScheduledTask
) -> None:
    type(task).objects.filter(pk=task.pk).update(tags=["secret-project"])
    TaskRun.objects.filter(pk=several["failed"].pk).update(error_type="SecretError")
    assert offered(as_alice, "st") == ["status:"]
    assert offered(as_alice, "-status:fail") == ["failed", "needs"]
    assert offered(as_alice, "after:24") == ["24h"]
    assert offered(as_alice, "tag:") == ["secret-project"]
    assert offered(as_alice, "error:") == ["SecretError"]
    assert offered(as_alice, "owner:") == ["me", "alice"]
    assert offered(as_charlie, "tag:") == []
    assert offered(as_charlie, "error:") == []
    assert offered(as_charlie, "owner:") == ["me"]
    for taken in ("after:24h", "before:today", "error:SecretError"):
        assert not as_alice.get("/runs/", {"search": taken}).context["faults"]


def test_to_complete_asks_little(
    as_alice: Client, several: dict[str, TaskRun], django_assert_max_num_queries: DjangoAssertNumQueries
) -> None:
    for name in ("status", "error", "tag", "owner", "queue", "worker", "type"):
        with django_assert_max_num_queries(8):
            offered(as_alice, f"{name}:")
