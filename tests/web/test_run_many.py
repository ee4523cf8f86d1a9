"""Failures in groups, and one deed for all runs that match."""

import re
from html import unescape

import pytest
from django.contrib.auth.models import User
from django.test import Client
from pytest_django import DjangoAssertNumQueries

from tasks_app.models import AuditEntry, ScheduledTask, TaskRun, TaskShare
from tasks_app.services import lifecycle, steps, sweeps
from tasks_app.services import runs as run_service
from tasks_app.states import Reason
from tests import runs
from tests.web.conftest import signed_in
from tests.web.reading import text

NOBODY = "00000000-0000-7000-8000-000000000000"


def fail(owner: User, count: int, error_type: str = "SMTPServerDisconnected", **fields: object) -> list[TaskRun]:
    made = [runs.make_run(owner, **{"type": "send_email", **fields}) for _ in range(count)]  # type: ignore[arg-type]
    for run in made:
        runs.claim(run)
        told = lifecycle.Told(f"{error_type}: closed", error_type)
        lifecycle.fail(runs.held(run), reason=Reason.HANDLER_ERROR, told=told, failures=1, crashes=0)
    return made


def plan_of(client: Client, address: str) -> str:
    found = re.search(r'name="plan" value="([^"]+)"', client.get(address).content.decode())
    assert found is not None
    return found[1]


def test_failures_that_are_alike_stand_together_the_latest_first(as_alice: Client, alice: User) -> None:
    older = fail(alice, 3)
    fail(alice, 1, "ConnectError", type="http_request")
    fail(alice, 1, "")
    response = as_alice.get("/runs/groups/")
    words = text(response)
    assert "3 send_email failed with SMTPServerDisconnected" in words
    assert "1 http_request failed with ConnectError" in words
    assert "1 send_email failed: the handler failed" in words
    assert [shown.group.count for shown in response.context["groups"]] == [1, 1, 3]
    group = response.context["groups"][2]
    assert group.group.latest == older[-1]
    assert group.group.first_at < group.group.last_at
    for shown in response.context["groups"]:
        assert len(as_alice.get(f"/runs/?{shown.query}").context["runs"]) == shown.group.count


def test_errors_of_the_platforms_own_are_named_in_words(as_alice: Client, alice: User) -> None:
    fail(alice, 1, "Permanent", type="http_request")
    assert "1 http_request failed with a permanent error" in text(as_alice.get("/runs/groups/"))
    assert "a permanent error" in text(as_alice.get("/runs/?status=needs&error_type=Permanent"))


def test_groups_are_those_of_the_narrowed_list(as_alice: Client, alice: User) -> None:
    fail(alice, 2)
    fail(alice, 1, "ConnectError", type="http_request", tags=["red"])
    for query, counts in (
        ("tag=red", [1]),
        ("search=owner:me -type:http_request", [2]),
        ("status=succeeded", [1, 2]),
        ("search=status:succeeded", []),
        ("within=1h&search=tag:red", [1]),
    ):
        groups = as_alice.get(f"/runs/groups/?{query}").context["groups"]
        assert [shown.group.count for shown in groups] == counts, query
        for shown in groups:
            assert len(as_alice.get(f"/runs/?{shown.query}").context["runs"]) == shown.group.count
    assert "None of these needs you" in text(as_alice.get("/runs/groups/?tag=blue"))


def test_groups_of_a_search_that_is_not_understood_say_so(as_alice: Client) -> None:
    """Their buttons would be refused: what is shown is more than was asked for."""
    assert "data-newer" in as_alice.get("/runs/groups/").content.decode()
    assert "data-newer" not in as_alice.get("/runs/groups/?tag=blue").content.decode(), "nobody asks what matches"
    page = as_alice.get("/runs/groups/?search=statsu:failed&tag=a")
    assert text(as_alice.get("/runs/?search=statsu:failed&tag=a")).count("Search for status:failed") == 1
    assert "Search for status:failed" in text(page)
    assert 'href="?search=status%3Afailed&amp;tag=a"' in page.content.decode()


def test_what_is_dismissed_or_not_to_be_seen_is_in_no_group(as_alice: Client, as_charlie: Client, alice: User) -> None:
    run = fail(alice, 1)[0]
    assert "Nothing needs you" in text(as_charlie.get("/runs/groups/"))
    as_alice.post(f"/runs/{run.pk}/dismiss/")
    assert "Nothing needs you" in text(as_alice.get("/runs/groups/"))


def test_groups_cost_the_same_however_many(
    as_alice: Client, alice: User, django_assert_max_num_queries: DjangoAssertNumQueries
) -> None:
    for number in range(12):
        fail(alice, 1, f"Error{number}")
    with django_assert_max_num_queries(10):
        as_alice.get("/runs/groups/")


def test_a_whole_group_is_retried_once(as_alice: Client, alice: User) -> None:
    fail(alice, 12)
    fail(alice, 2, "ConnectError")
    address = "/runs/all/retry/?status=needs&type=send_email&error_type=SMTPServerDisconnected"
    page = as_alice.get(address)
    assert "Run 12 runs again?" in text(page)
    assert "and 2 more" in text(page)
    plan, second = plan_of(as_alice, address), plan_of(as_alice, address)
    assert "12 runs started again" in text(as_alice.post("/runs/all/retry/", {"plan": plan}, follow=True))
    as_alice.post("/runs/all/retry/", {"plan": plan})
    assert TaskRun.objects.filter(rerun_of__isnull=False).count() == 12
    assert "12 had been run again already" in text(as_alice.post("/runs/all/retry/", {"plan": second}, follow=True))
    assert AuditEntry.objects.filter(action="run.retry").count() == 12


def test_the_question_counts_what_will_be_done(as_alice: Client, alice: User) -> None:
    fail(alice, 5)
    again, dismissed, *_ = TaskRun.objects.order_by("id")
    run_service.run_again(run=again, actor="alice")
    run_service.run_dismiss(run=dismissed, actor="alice")
    page = as_alice.get("/runs/all/retry/?status=failed&type=send_email")
    words = text(page)
    assert "Run 4 runs again?" in words
    assert "Of those that match, 1 is left alone: 1 had been run again already." in words
    assert "1 of these 4 was dismissed. Leave it out" in words
    assert str(again.pk) not in page.content.decode()
    without = as_alice.get(f"/runs/all/retry/{page.context['without']}")
    assert "Run 3 runs again?" in text(without)
    assert "dismissed" not in text(without)
    as_alice.post("/runs/all/retry/", {"plan": plan_of(as_alice, "/runs/all/retry/?status=failed")})
    page = as_alice.get("/runs/all/retry/?status=failed")
    assert "Nothing to do" in text(page)
    assert "Of those that match, 5 are left alone" in text(page)


def test_it_goes_on_where_it_stopped(as_alice: Client, alice: User, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sweeps, "AT_ONCE", 2)
    monkeypatch.setattr(steps, "SECONDS", 0.0)
    monkeypatch.setattr(steps, "_SQLITE_SECONDS", 60.0)
    fail(alice, 5)
    plan = plan_of(as_alice, "/runs/all/dismiss/?status=needs")
    page = as_alice.post("/runs/all/dismiss/", {"plan": plan, "note": "relay down"})
    assert "2 of 5 done" in text(page)
    monkeypatch.setattr(steps, "SECONDS", 10.0)
    rest = re.search(r'name="plan" value="([^"]+)"', page.content.decode())
    assert rest is not None
    assert "5 runs dismissed" in text(as_alice.post("/runs/all/dismiss/", {"plan": rest[1]}, follow=True))
    assert set(TaskRun.objects.values_list("dismiss_note", flat=True)) == {"relay down"}


def test_what_one_may_not_touch_is_left_alone_and_told(alice: User, charlie: User) -> None:
    seen = runs.make_task(alice, name="Seen")
    TaskShare.objects.create(task=seen, user=charlie, level="view")
    fail(alice, 2, task=seen)
    as_charlie = signed_in(charlie)
    address = "/runs/all/dismiss/?status=needs"
    page = as_charlie.get(address)
    assert text(page).count("Not yours to do this with") == 2
    done = as_charlie.post(
        "/runs/all/dismiss/", {"plan": plan_of(as_charlie, "/runs/all/dismiss/?status=needs")}, follow=True
    )
    assert "No run was dismissed. 2 runs were left alone: 2 not yours to do this with." in text(done)


def test_a_plan_is_good_for_the_person_who_was_asked(as_alice: Client, as_charlie: Client, alice: User) -> None:
    fail(alice, 1)
    plan = plan_of(as_alice, "/runs/all/retry/?status=needs")
    for client, sent in ((as_charlie, plan), (as_alice, plan[:-2]), (as_alice, ""), (as_alice, "x:y:z")):
        assert client.post("/runs/all/retry/", {"plan": sent}).status_code == 400
    assert as_alice.post("/runs/all/dismiss/", {"plan": plan}).status_code == 400
    assert not TaskRun.objects.filter(rerun_of__isnull=False).exists()


def test_nothing_is_done_with_what_a_misread_search_finds(as_alice: Client, alice: User) -> None:
    fail(alice, 1)
    response = as_alice.get("/runs/all/dismiss/?search=statsu:failed", follow=True)
    assert "The search was not understood" in text(response)


def test_where_nothing_fits_there_is_nothing_to_press(as_alice: Client, alice: User) -> None:
    runs.make_run(alice)
    page = as_alice.get("/runs/all/retry/?status=queued")
    assert "Nothing to do No run that matches is in a state for this." in text(page)
    assert 'name="plan"' not in page.content.decode()


@pytest.mark.parametrize("verb", ["retry", "dismiss", "cancel"])
@pytest.mark.parametrize("query", [f"task={NOBODY}", f"ticked=1&run={NOBODY}"])
def test_where_nothing_matches_no_question_is_asked(as_alice: Client, alice: User, verb: str, query: str) -> None:
    fail(alice, 1)
    page = as_alice.get(f"/runs/all/{verb}/?{query}")
    why = "None of the runs that you ticked is there any more." if "ticked" in query else "No run matches any more."
    shown, html = text(page), page.content.decode()
    assert f"Nothing to do {why} Go back" in shown
    assert "0 runs" not in shown
    assert "<button" not in html.rpartition("<main")[2].partition("</main>")[0]
    back = "/runs/?" if "ticked" in query else f"/runs/?{query}"
    assert f'href="{back}">Go back' in html


@pytest.mark.parametrize(
    ("status", "offered"),
    [("", []), ("needs", ["retry", "dismiss"]), ("queued", ["cancel"]), ("cancelled", ["retry"]), ("succeeded", [])],
)
def test_the_list_offers_what_fits_all_that_it_shows(
    as_alice: Client, alice: User, task: ScheduledTask, status: str, offered: list[str]
) -> None:
    runs.make_run(alice, task)
    fail(alice, 1)
    runs.cancel(runs.make_run(alice, task))
    html = as_alice.get("/runs/", {"status": status}).content.decode()
    assert re.findall(r'href="/runs/all/(\w+)/', html) == offered


@pytest.mark.parametrize(
    ("query", "offered"),
    [
        ("search=status:failed,cancelled", ["Run all again", "Dismiss what needs you"]),
        ("search=status:failed,succeeded", ["Retry what needs you", "Dismiss what needs you"]),
        ("search=status:succeeded", []),
        ("search=status:needs&queue=default", ["Retry all", "Dismiss all"]),
        ("search=status:queued,running", ["Cancel all"]),
        ("search=-status:failed", ["Cancel what waits or runs"]),
        ("queue=default", ["Retry what needs you", "Dismiss what needs you", "Cancel what waits or runs"]),
        ("within=24h", ["Retry what needs you", "Dismiss what needs you", "Cancel what waits or runs"]),
        ("task={task}", ["Cancel what waits or runs"]),
        ("queue=critical", []),
        ("search=statsu:failed", []),
    ],
)
def test_a_list_of_several_states_offers_what_makes_sense_with_some_of_them(
    as_alice: Client, alice: User, task: ScheduledTask, query: str, offered: list[str]
) -> None:
    runs.make_run(alice, task)
    fail(alice, 1)
    runs.cancel(runs.make_run(alice, task))
    html = as_alice.get(f"/runs/?{query.format(task=task.pk)}").content.decode()
    assert re.findall(r'href="/runs/all/[^"]*">.*?</svg>([^<]*)', html) == offered


def test_what_is_offered_is_about_those_alone_that_it_says(as_alice: Client, alice: User) -> None:
    waits, (failed, dismissed), over = runs.make_run(alice), fail(alice, 2), runs.make_run(alice)
    run_service.run_dismiss(run=dismissed, actor="user:alice")
    runs.cancel(over)
    html = as_alice.get("/runs/?within=1h").content.decode()
    for verb, expected in (("retry", failed), ("dismiss", failed), ("cancel", waits)):
        address = unescape(html.split(f'href="/runs/all/{verb}/')[1].split('"')[0])
        assert [run for run, _ in as_alice.get(f"/runs/all/{verb}/{address}").context["runs"]] == [expected], verb


def test_what_one_may_only_look_at_has_no_buttons(
    as_alice: Client, as_charlie: Client, alice: User, charlie: User, task: ScheduledTask
) -> None:
    fail(alice, 1, task=task)
    share = TaskShare.objects.create(task=task, user=charlie, level=TaskShare.Level.VIEW)
    for address in ("/runs/groups/", "/runs/?status=needs"):
        assert "/runs/all/retry/" in as_alice.get(address).content.decode()
        assert "send_email" in as_charlie.get(address).content.decode()
        assert "/runs/all/" not in as_charlie.get(address).content.decode()
    TaskShare.objects.filter(pk=share.pk).update(level=TaskShare.Level.RUN)
    for address in ("/runs/groups/", "/runs/?status=needs"):
        assert "/runs/all/retry/" in as_charlie.get(address).content.decode()


def test_a_group_has_its_buttons_where_some_of_it_is_ones_own(alice: User, charlie: User, viewer_user: User) -> None:
    fail(viewer_user, 1)
    fail(alice, 1)
    watching = signed_in(viewer_user)
    assert "/runs/all/dismiss/" in watching.get("/runs/groups/").content.decode()
    assert "/runs/all/dismiss/" in watching.get("/runs/?status=needs").content.decode()
    TaskRun.objects.filter(owner=viewer_user).update(owner=charlie)
    assert "/runs/all/" not in watching.get("/runs/groups/").content.decode()


def test_one_run_is_spoken_of_as_one(as_alice: Client, alice: User) -> None:
    fail(alice, 1)
    words = text(as_alice.get("/runs/all/dismiss/?status=needs"))
    assert "Dismiss 1 run?" in words
    assert "It leaves the list of what needs a person, and stays in the history." in words
    assert "Dismiss it" in words
    fail(alice, 1)
    assert "They leave the list" in text(as_alice.get("/runs/all/dismiss/?status=needs"))


def test_a_dismissal_is_offered_back_once_and_taken_back_with_one_button(as_alice: Client, alice: User) -> None:
    fail(alice, 3)
    address = "/runs/all/dismiss/?status=needs"
    plan = plan_of(as_alice, address)
    listed = as_alice.post("/runs/all/dismiss/", {"plan": plan}, follow=True)
    assert "3 runs dismissed, and kept in the history. Undo" in text(listed)
    found = re.search(r'action="(/runs/sweeps/[^"]+/undo/)"', listed.content.decode())
    assert found is not None
    assert "/undo/" not in as_alice.get("/runs/?status=needs").content.decode()
    for said in ("3 runs put back on the list of what needs a person", "3 runs put back"):
        back = as_alice.post(found[1], {"next": "/runs/?status=needs"}, follow=True)
        assert said in text(back)
        assert len(back.context["runs"]) == 3
