"""Acting on many tasks from the list."""

import re
from datetime import timedelta
from typing import Any
from urllib.parse import urlencode
from uuid import uuid4

import pytest
from django.contrib.auth.models import User
from django.test import Client
from pytest_django import DjangoAssertNumQueries

from tasks_app.models import ScheduledTask, TaskRun, TaskShare
from tasks_app.selectors import bulk as selectors_bulk
from tasks_app.selectors import task_walk
from tasks_app.services import bulk, steps
from tasks_app.services.bulk_deeds import Order, Verb
from tasks_app.services.tasks import task_cancel, task_delete
from tasks_app.web import bulk_words
from tests.services.credentials import make_credential
from tests.web.conftest import MakeTask
from tests.web.reading import text

pytestmark = pytest.mark.usefixtures("empty_redis")
_HIDDEN = re.compile(r'<input type="hidden"\s+name="([^"]+)"\s+value="([^"]*)"')


def ask(client: Client, **query: Any) -> Any:
    """Press a button of the bar."""
    return client.get(f"/tasks/bulk/?{urlencode(query, doseq=True)}")


def fields(page: Any) -> dict[str, Any]:
    """What the form of the page would send."""
    found: dict[str, list[str]] = {}
    for name, value in _HIDDEN.findall(page.content.decode()):
        found.setdefault(name, []).append(value.replace("&lt;", "<"))
    return dict(found)


def confirm(client: Client, page: Any, **more: Any) -> Any:
    """Send the form of the page, and see where it leads."""
    return client.post("/tasks/bulk/", {**fields(page), **more}, follow=True)


def states() -> dict[str, str]:
    """The states of all tasks."""
    return dict(ScheduledTask.objects.filter(deleted_at=None).values_list("name", "status"))


@pytest.mark.parametrize("most", [2, 3])
def test_that_more_match_than_one_action_takes_is_said_before_it_is_confirmed(
    as_alice: Client, make: MakeTask, monkeypatch: pytest.MonkeyPatch, most: int
) -> None:
    for module in (selectors_bulk, bulk_words):
        monkeypatch.setattr(module, "MOST", most)
    for number in range(3):
        make(f"Import {number}")
    page = ask(as_alice, do="delete", all=1)
    said = "More than 2 tasks match, which is more than one action takes. Narrow the search."
    assert (said in text(page)) is (most == 2)
    assert ("Delete 3 tasks" in text(page)) is (most == 3)
    assert ("Delete 0 tasks" in text(page)) is False
    assert ("<button" in page.content.decode().rpartition("<main")[2].partition("</main>")[0]) is (most == 3)


def test_all_that_match_are_paused_and_taken_back(as_alice: Client, make: MakeTask) -> None:
    for number in range(12):
        make(f"Import {number:02}", tags=("night",))
    make("Other")
    page = ask(as_alice, do="pause", all=1, q="tag:night")
    said = text(page)
    assert "Pause 12 tasks?" in said
    assert "Import 09" in said
    assert "and 2 more" in said
    shown = confirm(as_alice, page, note="holidays")
    assert shown.redirect_chain == [("/tasks/?q=tag%3Anight", 302)]
    assert "12 tasks paused." in text(shown)
    assert "You can also undo it later on a page that stays for a day" in text(shown)
    assert sorted(set(states().values())) == ["active", "paused"]
    assert states()["Other"] == "active"
    token = shown.context["told"]["token"]
    assert f'href="/tasks/bulk/{token}/"' in shown.content.decode()
    again = as_alice.get("/tasks/").content.decode()
    assert "12 tasks paused." not in again, "told once"
    assert 'href="/tasks/bulk/recent/"' in again
    undone = as_alice.post(f"/tasks/bulk/{token}/undo/", follow=True)
    assert "Taken back: 12 tasks resumed." in text(undone)
    assert set(states().values()) == {"active"}
    assert "Undo" not in text(undone)


def test_what_was_done_within_a_day_is_listed_with_its_way_back(
    as_alice: Client,
    as_charlie: Client,
    make: MakeTask,
    monkeypatch: pytest.MonkeyPatch,
    django_assert_max_num_queries: DjangoAssertNumQueries,
) -> None:
    one, other = make("One"), make("Other")
    as_alice.post(f"/tasks/{one.pk}/delete/", follow=True)
    confirm(as_alice, ask(as_alice, do="pause", all=1))
    listed = as_alice.get("/tasks/bulk/recent/")
    assert text(listed).index("1 task paused. Other") < text(listed).index("1 task deleted. One")
    undo = re.findall(r'action="(/tasks/bulk/[^"]+/undo/)"', listed.content.decode())
    assert len(undo) == 2
    assert "Undo" not in text(as_charlie.get("/tasks/bulk/recent/"))
    as_alice.post(undo[1], follow=True)
    assert set(states()) == {"One", "Other"}
    listed = as_alice.get("/tasks/bulk/recent/")
    assert re.findall(r'action="(/tasks/bulk/[^"]+/undo/)"', listed.content.decode()) == undo[:1]
    assert "Taken back: 1 task brought back." in text(listed)
    for number in range(4):
        make(f"Last {number}", tags=("new",))
    confirm(as_alice, ask(as_alice, do="pause", all=1, q="tag:new"))
    assert "4 tasks paused. Last 0, Last 1, Last 2 and 1 more" in text(as_alice.get("/tasks/bulk/recent/"))
    for number in range(bulk.RECENT):
        confirm(as_alice, ask(as_alice, do="tag", task=other.pk), tag_name=f"t{number}")
    with django_assert_max_num_queries(8):
        listed = as_alice.get("/tasks/bulk/recent/")
    assert text(listed).count("tagged") == bulk.RECENT
    monkeypatch.setattr(steps, "KEPT", timedelta(0))
    assert "Nothing within the last day" in text(as_alice.get("/tasks/bulk/recent/"))


def test_a_page_of_its_own_says_which_were_left_and_lets_them_follow(as_alice: Client, make: MakeTask) -> None:
    make("Import", key="import")
    make("Report")
    shown = confirm(as_alice, ask(as_alice, do="delete", all=1))
    taken = make("Taken", key="import")
    undone = as_alice.post(f"/tasks/bulk/{shown.context['told']['token']}/undo/", follow=True)
    address = f"/tasks/bulk/{undone.context['told']['token']}/"
    assert f'href="{address}"' in undone.content.decode()
    for _ in range(2):
        words = text(as_alice.get(address))
        assert "Taken back: 1 task brought back. 1 task left as it is." in words
        assert "Which, and why Import Its owner has another task with its key by now." in words
        assert "Try it again" in words
    task_delete(task=taken, actor="tests")
    mended = as_alice.post(f"{address}undo/", follow=True)
    assert "Taken back: 1 task brought back." in text(mended)
    assert set(states()) == {"Import", "Report"}


def test_a_finished_action_leads_to_the_tasks_that_it_left(as_alice: Client, make: MakeTask) -> None:
    ended, _ = make("Ended"), make("Other")
    token = uuid4()
    bulk.bulk_begin(user=ended.owner, token=token, order=Order(verb=Verb.PAUSE), ids=[ended.pk])
    task_cancel(task=ended, actor="tests")
    as_alice.post(f"/tasks/bulk/{token}/")
    page = as_alice.get(f"/tasks/bulk/{token}/")
    assert f'href="/tasks/{ended.pk}/"' in page.content.decode()
    assert "0 tasks paused. 1 task left as it is." in text(page)
    assert "only an active task can be paused" in text(page)


def test_what_was_not_looked_at_is_said_before_anything_is_done(
    as_alice: Client, make: MakeTask, monkeypatch: pytest.MonkeyPatch
) -> None:
    for number in range(4):
        make(f"Import {number}", tags=("night",))
    monkeypatch.setattr(task_walk, "WALK", 3)
    said = text(ask(as_alice, do="pause", all=1, q="tag:night"))
    assert "Pause 3 tasks?" in said
    assert "These are among the newest 3 tasks, back to" in said
    ticked = [task.pk for task in ScheduledTask.objects.all()[:1]]
    assert "among the newest" not in text(ask(as_alice, do="pause", task=ticked, q="tag:night"))


def test_what_comes_back_paused_is_told_with_what_it_lacks(as_alice: Client, alice: User, make: MakeTask) -> None:
    credential = make_credential(alice, name="crm", hosts=["api.example.com"])
    make("Import", type="http_request", payload={"url": "https://api.example.com/", "credential": "crm"})
    shown = confirm(as_alice, ask(as_alice, do="delete", all=1))
    assert "1 task deleted." in text(shown)
    credential.delete()
    undone = text(as_alice.post(f"/tasks/bulk/{shown.context['told']['token']}/undo/", follow=True))
    assert "Taken back: 1 task brought back. 1 came back paused, because something that is needed has gone." in undone
    assert "Import Came back paused, because something that it needs has gone. payload.credential: There is" in undone
    assert states() == {"Import": "paused"}


def test_what_one_may_not_do_is_left_out_and_told_before(as_charlie: Client, charlie: User, make: MakeTask) -> None:
    own, shown = make("Own", owner=charlie), make("Shown")
    make("Unseen")
    TaskShare.objects.create(task=shown, user=charlie, level=TaskShare.Level.VIEW)
    page = ask(as_charlie, do="delete", all=1)
    assert "Delete 1 task?" in text(page)
    assert "1 of 2 is not yours to delete, and left out." in text(page)
    assert "Unseen" not in text(page)
    assert "1 task deleted." in text(confirm(as_charlie, page))
    own.refresh_from_db()
    assert own.is_deleted
    assert sorted(states()) == ["Shown", "Unseen"]


@pytest.mark.parametrize("query", [{"q": "tag:night"}, {"tag": "night"}])
def test_after_all_of_a_tag_are_deleted_the_list_is_still_the_one_of_that_tag(
    as_alice: Client, make: MakeTask, query: dict[str, str]
) -> None:
    make("Import", tags=("night",))
    make("Other")
    shown = confirm(as_alice, ask(as_alice, do="delete", all=1, **query))
    assert shown.redirect_chain == [(f"/tasks/?{urlencode(query)}", 302)]
    assert "1 task deleted." in text(shown)
    assert "No task has the tag “night” “Undo” above brings back what was there. Show all tasks" in text(shown)
    undone = as_alice.post(f"/tasks/bulk/{shown.context['told']['token']}/undo/", follow=True)
    assert undone.redirect_chain == [(f"/tasks/?{urlencode(query)}", 302)]
    assert [row["task"].name for row in undone.context["rows"]] == ["Import"]


def test_a_list_of_one_task_speaks_of_one(as_alice: Client, make: MakeTask) -> None:
    make(name="Nightly", tags=("night",))
    words = text(as_alice.get("/tasks/?tag=night"))
    assert "One matches." in words
    assert "Select the one task" in words
    make(name="Nightly too", tags=("night",))
    words = text(as_alice.get("/tasks/?tag=night"))
    assert "2 match." in words
    assert "Select all 2 that match" in words


def test_those_that_were_ticked_and_no_others(as_alice: Client, make: MakeTask) -> None:
    one, _two = make("One"), make("Two")
    page = ask(as_alice, do="tag", task=[one.pk, "nonsense"])
    assert "1 task tagged “new”." in text(confirm(as_alice, page, tag_name="new"))
    tagged = {task.name: task.tags for task in ScheduledTask.objects.all()}
    assert tagged == {"One": ["new"], "Two": []}


def test_a_tag_that_none_has_is_taken_from_none(as_alice: Client, make: MakeTask) -> None:
    tasks = [make("One"), make("Two")]
    page = ask(as_alice, task=[task.pk for task in tasks], do="untag")
    assert "Tag “new” taken from none. 2 do not have it." in text(confirm(as_alice, page, tag_name="new"))
    page = ask(as_alice, task=[tasks[0].pk], do="tag")
    confirm(as_alice, page, tag_name="new")
    page = ask(as_alice, task=[task.pk for task in tasks], do="tag")
    assert "1 task tagged “new”. 1 has it already." in text(confirm(as_alice, page, tag_name="new"))


def test_tags_between_commas_are_several_tags(as_alice: Client, make: MakeTask) -> None:
    task = make(tags=("a",))
    page = ask(as_alice, do="tag", task=task.pk)
    assert "Several are separated by commas." in text(page)
    assert "1 task tagged “a”, “b”, “c d”." in text(confirm(as_alice, page, tag_name=" a,b,, c d "))
    task.refresh_from_db()
    assert task.tags == ["a", "b", "c d"]
    page = ask(as_alice, do="untag", task=task.pk)
    assert "Tags “a”, “b” taken from 1 task." in text(confirm(as_alice, page, tag_name="a, b"))
    page = ask(as_alice, do="untag", task=task.pk)
    assert "1 does not have them." in text(confirm(as_alice, page, tag_name="a, b"))
    assert "The tag was not accepted" in text(confirm(as_alice, ask(as_alice, do="tag", all=1), tag_name=" , "))


def test_a_tag_that_has_a_comma_from_before_is_taken_away_as_one(as_alice: Client, make: MakeTask) -> None:
    task = make()
    ScheduledTask.objects.filter(pk=task.pk).update(tags=["a", "a,b"])
    page = ask(as_alice, do="untag", task=task.pk)
    assert "Tag “a,b” taken from 1 task." in text(confirm(as_alice, page, tag_name="a,b"))
    task.refresh_from_db()
    assert task.tags == ["a"]


def test_others_ticked_tasks_do_not_exist(as_charlie: Client, make: MakeTask) -> None:
    task = make()
    assert "No task matches any more" in text(as_charlie.get(ask(as_charlie, do="run", task=task.pk)["Location"]))
    assert not TaskRun.objects.exists()


def test_a_form_sent_twice_counts_once(as_alice: Client, make: MakeTask) -> None:
    make()
    page = ask(as_alice, do="run", all=1)
    assert "1 run started." in text(confirm(as_alice, page))
    confirm(as_alice, page)
    assert TaskRun.objects.count() == 1


def test_it_asks_again_when_other_tasks_match_by_then(as_alice: Client, make: MakeTask) -> None:
    make("One")
    page = ask(as_alice, do="delete", all=1)
    make("Two")
    again = confirm(as_alice, page)
    assert again.status_code == 409
    assert "What matches has changed" in text(again)
    assert len(states()) == 2
    assert "2 tasks deleted." in text(confirm(as_alice, again))


def test_a_search_with_a_fault_is_not_acted_on(as_alice: Client, make: MakeTask) -> None:
    make()
    answer = ask(as_alice, do="delete", all=1, q="tga:night")
    assert answer.status_code == 302
    assert "not understood" in text(as_alice.get(answer["Location"]))
    sent = {"do": "delete", "all": "1", "q": "tga:night", "token": "0" * 32, "seen": "x"}
    as_alice.post("/tasks/bulk/", sent)
    assert len(states()) == 1


@pytest.mark.parametrize(
    "query", [{}, {"do": "explode", "all": "1"}, {"do": "pause"}, {"do": "pause", "task": "nonsense"}]
)
def test_without_an_action_or_a_task_nothing_is_asked(as_alice: Client, make: MakeTask, query: dict[str, str]) -> None:
    make()
    assert ask(as_alice, **query)["Location"] == "/tasks/"
    assert as_alice.post("/tasks/bulk/", query)["Location"] == "/tasks/"


def test_a_tag_that_cannot_be_is_said_on_the_page(as_alice: Client, make: MakeTask) -> None:
    make()
    answer = confirm(as_alice, ask(as_alice, do="tag", all=1), tag_name=" ")
    assert answer.status_code == 400
    assert "The tag was not accepted" in text(answer)


def test_a_long_action_is_gone_on_with(as_alice: Client, make: MakeTask, monkeypatch: pytest.MonkeyPatch) -> None:
    for number in range(3):
        make(f"T{number}")
    monkeypatch.setattr(steps, "SECONDS", 0)
    monkeypatch.setattr(bulk, "AT_ONCE", 2)
    half = confirm(as_alice, ask(as_alice, do="pause", all=1))
    assert "2 of 3 done" in text(half)
    [(address, _)] = half.redirect_chain
    assert "2 of 3 done" in text(as_alice.get(address))
    assert "3 tasks paused." in text(as_alice.post(address, follow=True))


def test_one_that_a_program_has_begun_leads_to_the_list(as_alice: Client, alice: User, make: MakeTask) -> None:
    token = uuid4()
    bulk.bulk_begin(user=alice, token=token, order=Order(verb=Verb.PAUSE), ids=[make().pk])
    assert 'href="/tasks/">Leave it' in as_alice.get(f"/tasks/bulk/{token}/").content.decode()
    assert as_alice.post(f"/tasks/bulk/{token}/")["Location"] == "/tasks/"


def test_what_others_have_begun_does_not_exist(as_alice: Client, as_charlie: Client, make: MakeTask) -> None:
    make()
    page = ask(as_alice, do="pause", all=1)
    [token] = fields(page)["token"]
    confirm(as_alice, page)
    assert as_charlie.get(f"/tasks/bulk/{token}/").status_code == 404
    assert as_charlie.post(f"/tasks/bulk/{token}/").status_code == 404
    assert as_charlie.post(f"/tasks/bulk/{token}/undo/").status_code == 404
    assert as_alice.get(f"/tasks/bulk/{token}/").status_code == 200


def test_asking_costs_no_more_for_more_tasks(
    as_alice: Client, make: MakeTask, django_assert_max_num_queries: DjangoAssertNumQueries
) -> None:
    for number in range(30):
        make(f"T{number}")
    with django_assert_max_num_queries(11):
        assert "30 tasks" in text(ask(as_alice, do="pause", all=1))


def test_what_needs_nothing_is_told_before(as_alice: Client, make: MakeTask) -> None:
    make("Active")
    make("Paused", enabled=False)
    task_cancel(task=make("Over"), actor="tests")
    said = text(ask(as_alice, do="pause", all=1))
    assert "Pause 1 task?" in said
    assert "1 of 3 is paused already." in said
    assert "1 of 3 is cancelled and cannot be paused." in said
    assert "There is nothing to do" in text(ask(as_alice, do="resume", all=1, q="status:active"))
