"""The list of tasks."""

import re
from datetime import timedelta
from urllib.parse import parse_qs, urlencode, urlsplit

import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.utils import timezone
from pytest_django import DjangoAssertNumQueries

from tasks_app.models import ScheduledTask, TaskShare
from tests import runs
from tests.web.conftest import MakeTask, signed_in
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
    for number in range(32):
        make(f"Task {number:02}", schedule=None)
    assert len(names(as_alice)) == 30
    assert names(as_alice, "?page=2") == ["Task 30", "Task 31"]
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
    with django_assert_max_num_queries(14):
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


# -- the search box


@pytest.mark.usefixtures("several")
@pytest.mark.parametrize(
    ("q", "expected"),
    [
        ("alp", ["Alpha"]),
        ("a -alpha", ["Beta", "Gamma"]),
        ("http name:a", ["Alpha", "Beta"]),
        ("status:paused", ["Gamma"]),
        ("-status:paused", ["Alpha", "Beta"]),
        ("kind:manual,recurring status:active", ["Alpha", "Beta"]),
        ("type:EXPORT_REPORT", ["Gamma"]),
        ("queue:critical", ["Alpha"]),
        ("tag:red,blue", ["Alpha", "Beta"]),
        ("tag:red tag:blue", []),
        ("-tag:red", ["Alpha", "Gamma"]),
        ("owner:me", ["Alpha", "Beta", "Gamma"]),
        ("owner:alice", ["Alpha", "Beta", "Gamma"]),
        ("due:none", ["Alpha", "Gamma"]),
        ("-due:none", ["Beta"]),
        ("due:<61min", ["Beta"]),
        ("due:>2h", []),
        ("due:overdue", []),
        ("last:never", ["Alpha", "Beta", "Gamma"]),
        ("last:failed", []),
        ("status:failed", []),
        ("shared:others", []),
        ("shared:me", []),
        ("calendar:none", ["Alpha", "Beta", "Gamma"]),
        ('"no such words"', []),
    ],
)
def test_the_box_narrows_the_list(as_alice: Client, q: str, expected: list[str]) -> None:
    page = as_alice.get("/tasks/", {"q": q})
    assert [row["task"].name for row in page.context["rows"]] == expected
    assert page.context["faults"] == []


@pytest.mark.usefixtures("several")
@pytest.mark.parametrize(
    ("q", "label", "expected"),
    [
        ("", "Never ran", "last:never status:active"),
        ("tag:finance", "Never ran", "tag:finance last:never status:active"),
        ('"month end"  -tag:old status:paused', "Never ran", '"month end" -tag:old last:never status:active'),
        ("tag:finance LAST:never status:Active", "Never ran", "tag:finance"),
        ("status:paused", "Paused", ""),
        ("last:never report", "Last run failed", "report last:failed"),
        ("due:<1h", "Overdue", "due:overdue"),
    ],
)
def test_a_ready_made_search_comes_to_what_was_searched_and_goes_again(
    as_alice: Client, q: str, label: str, expected: str
) -> None:
    page = as_alice.get("/tasks/", {"q": q, "type": "http_request"}, follow=True)
    [one] = [one for one in page.context["ready"] if one["label"] == label]
    assert parse_qs(urlsplit(one["href"]).query) == {"type": ["http_request"]} | ({"q": [expected]} if expected else {})
    after = {each["label"]: each["is_here"] for each in as_alice.get(one["href"]).context["ready"]}
    assert after[label] is not one["is_here"]


@pytest.mark.usefixtures("several")
def test_what_the_box_does_not_understand_is_said_with_a_way_out(as_alice: Client) -> None:
    page = as_alice.get("/tasks/", {"q": "status:pausd"})
    assert "“status:” knows no “pausd”. Did you mean status:paused ?" in text(page)
    [fault] = page.context["faults"]
    assert [row["task"].name for row in as_alice.get(fault["href"]).context["rows"]] == ["Gamma"]
    assert 'name="all"' not in page.content.decode(), "it matches more than it says"
    assert 'name="all"' in as_alice.get("/tasks/").content.decode()


@pytest.mark.usefixtures("several")
@pytest.mark.parametrize("query", [{"q": "tag:bleu"}, {"tag": "bleu"}])
def test_a_tag_that_no_task_has_finds_none_and_says_which_was_meant(as_alice: Client, query: dict[str, str]) -> None:
    page = as_alice.get("/tasks/", query)
    assert "No task has the tag “bleu” Did you mean blue ? Show all tasks" in text(page)
    assert page.context["faults"] == []
    better = as_alice.get(page.context["nothing"].href)
    assert [row["task"].name for row in better.context["rows"]] == ["Alpha"]


@pytest.mark.usefixtures("several")
@pytest.mark.parametrize(
    ("q", "said"),
    [
        ("owner:nobody", "No task belongs to “nobody”"),
        ("type:no_more", "No task is of the type “no_more”"),
        ("status:completed", "No task is completed"),
        ("calendar:none kind:once", "No task matches"),
        ("nothing", "No task matches"),
    ],
)
def test_an_empty_list_says_what_no_task_has(as_alice: Client, q: str, said: str) -> None:
    page = as_alice.get("/tasks/", {"q": q})
    assert said in text(page)
    assert page.context["rows"] == []


@pytest.mark.usefixtures("several")
def test_an_empty_answer_says_what_to_drop(as_alice: Client) -> None:
    page = as_alice.get("/tasks/", {"q": "tag:red Alpha", "kind": "recurring"})
    assert "1 without Alpha" in text(page)
    assert "without tag:red" not in text(page)
    [one] = page.context["without"]
    assert [row["task"].name for row in as_alice.get(one.href).context["rows"]] == ["Beta"]


def test_shared_tasks_are_found_from_both_sides(
    as_alice: Client, as_charlie: Client, charlie: User, make: MakeTask
) -> None:
    task = make("Shown")
    make("Kept")
    make("Own", owner=charlie)
    TaskShare.objects.create(task=task, user=charlie, level=TaskShare.Level.VIEW)
    assert names(as_alice, "?q=shared:others") == ["Shown"]
    assert names(as_charlie, "?q=shared:me") == ["Shown"]
    assert names(as_charlie, "?q=owner:alice") == ["Shown"]
    assert names(as_charlie, "?q=-owner:me") == ["Shown"]


def offered(client: Client, q: str, at: int | None = None) -> list[str]:
    """What the box offers."""
    answer = client.get(f"/tasks/search/?{urlencode({'q': q, 'at': len(q) if at is None else at})}").json()
    return [one["label"] for one in answer["options"]]


def test_the_box_offers_only_what_one_can_see(as_alice: Client, as_charlie: Client, make: MakeTask) -> None:
    make("One", tags=("secret-project",))
    assert offered(as_alice, "ta") == ["tag:"]
    assert offered(as_alice, "tag:sec") == ["secret-project"]
    assert offered(as_charlie, "tag:sec") == []
    assert offered(as_alice, "owner:") == ["me", "alice"]
    assert offered(as_charlie, "owner:") == ["me"]
    assert offered(as_alice, "que rest", 3) == ["queue:"]
    assert offered(as_alice, "rest", 0) == []
    assert offered(as_alice, "\0tag:s", 99) == ["secret-project"]
    assert as_alice.get("/tasks/search/?at=x").status_code == 200


def test_columns_sort_and_say_so(as_alice: Client, make: MakeTask) -> None:
    make("A")
    make("B")
    page = as_alice.get("/tasks/?q=status:active&page=1").content.decode()
    assert 'aria-sort="ascending"' in page
    assert "?q=status%3Aactive&amp;ordering=-name" in page
    assert names(as_alice, "?ordering=-name") == ["B", "A"]
    assert names(as_alice, "?ordering=created_at") == ["A", "B"]
    assert 'aria-sort="descending"' in as_alice.get("/tasks/?ordering=-last_run_at").content.decode()


def test_an_overdue_task_says_so(as_alice: Client, make: MakeTask) -> None:
    task = make("Late")
    type(task).objects.filter(pk=task.pk).update(next_due_at=timezone.now() - timedelta(minutes=5, seconds=30))
    page = as_alice.get("/tasks/?q=due:overdue")
    assert "overdue for 6 min" in text(page)
    assert "is-late" in page.content.decode()


def test_any_search_is_answered(as_alice: Client, make: MakeTask) -> None:
    make()
    for q in ("\0", '"', "tag:\x00", ":" * 600, "due:>99999w", "due:<99999w", "-", "tag:%", "name:\\", "owner:\ud800"):
        assert as_alice.get("/tasks/", {"q": q.encode("utf-8", "replace")}).status_code == 200


def test_the_bar_offers_only_what_one_may_do(
    as_alice: Client, bob: User, charlie: User, viewer_user: User, make: MakeTask
) -> None:
    task = make("Shown")

    def offers(client: Client) -> list[str]:
        page = client.get("/tasks/").content.decode()
        assert ('name="task"' in page) == ('id="bulk"' in page)
        return re.findall(r'name="do" value="(\w+)"', page)

    assert offers(as_alice) == ["pause", "resume", "run", "tag", "untag", "delete"]
    assert offers(signed_in(bob)) == ["pause", "resume", "run"]
    assert offers(signed_in(viewer_user)) == []
    TaskShare.objects.create(task=task, user=charlie, level=TaskShare.Level.RUN)
    assert offers(signed_in(charlie)) == ["run"]


def test_a_row_says_what_goes_on_beside_how_the_last_run_ended(as_alice: Client, alice: User, make: MakeTask) -> None:
    task = make()
    for _ in range(2):
        runs.claim(runs.make_run(alice, task))
    ScheduledTask.objects.filter(pk=task.pk).update(last_run_status="failed", last_run_at=timezone.now())
    for address in ("/tasks/", f"/tasks/{task.pk}/row/"):
        page = as_alice.get(address)
        assert "running × 2 failed" in text(page)
        assert f"?task={task.pk}&amp;status=running" in page.content.decode()


def test_a_row_pauses_and_resumes_its_task_and_stays_in_the_list(as_alice: Client, make: MakeTask) -> None:
    task = make()
    here = "/tasks/?q=Nightly&ordering=-created_at"
    for verb, then in (("pause", "paused"), ("resume", "active")):
        address = f"/tasks/{task.pk}/{verb}/"
        row = as_alice.get(f"/tasks/{task.pk}/row/", headers={"HX-Current-URL": f"http://testserver{here}"})
        for page in (as_alice.get(here), row):
            assert f'formaction="{address}"' in page.content.decode()
            assert here.replace("&", "&amp;") in page.content.decode()
        assert as_alice.post(address, {"next": here})["Location"] == here
        task.refresh_from_db()
        assert task.status == then
