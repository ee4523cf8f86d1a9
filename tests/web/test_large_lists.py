"""Lists of a large platform: what a row costs is bounded, and what is drawn in short says what the long way says."""

from datetime import timedelta

import pytest
from django.contrib.auth.models import User
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from tasks_app.models import ScheduledTask, TaskRun
from tasks_app.models.run import between_ms
from tasks_app.selectors import home, last_runs, search_tasks, task_list, task_walk
from tasks_app.selectors.last_runs import recent_runs, strip_runs
from tasks_app.selectors.run_list import as_listed
from tasks_app.templatetags.lists import searched
from tasks_app.web.addresses import address
from tests import runs
from tests.calls import counted_calls
from tests.web.conftest import MakeTask
from tests.web.reading import text

CALLS_OF_A_ROW, CALLS_OF_A_BAR = 1200, 14
"""Python functions entered."""


def test_the_strips_of_many_tasks_say_what_their_runs_say(alice: User, make: MakeTask) -> None:
    one, other, idle = (make(name) for name in ("One", "Other", "Idle"))
    for task in (one, other):
        for verb in (runs.cancel, runs.claim, lambda run: None):
            verb(runs.make_run(alice, task))
        runs.make_run(alice, task, status="waiting", queued_at=None)
    ended = TaskRun.objects.filter(task=one).order_by("id")[0]
    times = {"started_at": timezone.now(), "finished_at": timezone.now() + timedelta(seconds=3, microseconds=4_567)}
    TaskRun.objects.filter(id=ended.id).update(**times)
    found = strip_runs([one.id, other.id, idle.id])
    assert [run.duration_ms for run in found[one.id]] == [between_ms(*times.values()), None, None]
    for task in (one, other, idle):
        whole = [(run.id, run.status, run.duration_ms) for run in recent_runs(task.id)]
        assert [(run.id, run.status, run.duration_ms) for run in found[task.id]] == whole
    assert [len(some) for some in found.values()] == [3, 3, 0]


@pytest.mark.parametrize(("looked_at", "questions"), [(50, 3), (5, 3), (4, 10)])
def test_runs_that_wait_for_their_turn_hide_none_that_have_begun(
    alice: User, make: MakeTask, monkeypatch: pytest.MonkeyPatch, looked_at: int, questions: int
) -> None:
    monkeypatch.setattr(last_runs, "LOOKED_AT", looked_at)
    task, fields = make(), {"status": "waiting", "queued_at": None}
    runs.make_run(alice, task)
    begun = [runs.make_run(alice, task) for _ in range(2)]
    for run in begun:
        runs.cancel(run)
    for _ in range(3):
        runs.make_run(alice, task, **fields)
    with CaptureQueriesContext(connection) as asked:
        assert last_runs.newest_begun(TaskRun.objects.filter(task=task), 2) == begun
    assert len(asked) == questions
    assert [one["sql"].count('"tasks_app_taskrun"."id" >=') for one in asked][:3].count(1) == (looked_at < 6)
    assert all(len(latest) == 3 for latest in (recent_runs(task.id), home.latest_runs(alice)))


def test_the_work_of_a_row_is_bounded(as_alice: Client, alice: User, make: MakeTask) -> None:
    def row_with(run_count: int) -> None:
        task = make(f"Task with {run_count}", tags=("red", "blue"))
        for _ in range(run_count):
            runs.cancel(runs.make_run(alice, task))

    def calls() -> int:
        as_alice.get("/tasks/")  # what is made once for all pages is made now
        with counted_calls() as count:
            assert as_alice.get("/tasks/").status_code == 200
        return count.total()

    make("First", tags=("red", "blue"))
    bare = calls()
    for _ in range(4):
        row_with(0)
    rows = calls()
    row_with(40)
    assert (rows - bare) / 4 < CALLS_OF_A_ROW
    assert (calls() - rows - (rows - bare) / 4) / 40 < CALLS_OF_A_BAR


def test_lists_leave_what_is_large_in_the_database(as_alice: Client, alice: User, task: ScheduledTask) -> None:
    for verb in (runs.fail, lambda run: None):
        run = runs.make_run(alice, task)
        runs.claim(run)
        verb(run)
    left = as_listed(TaskRun.objects.all())[0].get_deferred_fields()
    assert left >= {"payload", "result", "retry", "tags"}
    for path, name, count in (("/runs/", "runs", 2), (f"/tasks/{task.pk}/", "history", 2), ("/", "failed", 1)):
        shown = as_alice.get(path).context[name]
        assert len(shown) == count
        for run in (one.run if path == "/" else one for one in shown):  # drawn: what it shows was read with all others
            assert run.get_deferred_fields() == left - ({"root_run_id", "error_type"} if path == "/" else set())
            assert run.task.get_deferred_fields() >= {"payload", "description", "schedule", "retry", "misfire"}
    shown = as_alice.get("/").context
    assert [run.get_deferred_fields() for run in shown["running"]] == [left]
    (coming,) = shown["coming"]
    assert coming.get_deferred_fields() >= {"payload", "description", "schedule", "retry", "misfire"}


def test_addresses_in_lists_are_those_of_the_pages(make: MakeTask) -> None:
    task = make()
    for page in ("task-detail", "task-row", "run-detail"):
        assert address(page, task.pk) == reverse(page, args=[task.pk])
    assert searched("task-list", "tag", "a b&c") == "/tasks/?q=tag%3A%22a%20b%26c%22"


def test_more_rows_and_bars_ask_for_no_more_addresses(as_alice: Client, alice: User, task: ScheduledTask) -> None:
    def calls() -> list[int]:
        found = []
        for path in ("/", "/runs/"):
            with counted_calls() as count:
                page = as_alice.get(path).content.decode()
            assert all(page.count(f'href="/runs/{run.pk}/"') == 1 for run in made)
            found.append(count["reverse"])
        return found

    made = [runs.make_run(alice, task)]
    runs.cancel(made[0])
    calls()  # what is made once for all pages is made now
    few = calls()
    for _ in range(5):
        made.append(runs.make_run(alice, task))
        runs.cancel(made[-1])
    assert calls() == few


@pytest.mark.parametrize("most", [4, 5, 6, 1001])
def test_pages_and_what_is_said_of_their_number_do_not_depend_on_how_it_was_counted(
    alice: User, make: MakeTask, monkeypatch: pytest.MonkeyPatch, most: int
) -> None:
    monkeypatch.setattr(task_list, "COUNTED", most)
    names = [f"Task {number}" for number in range(5)]
    for name in names:
        make(name, schedule=None)
    rows = task_list.task_search(alice, task_list.TaskFilters())
    for number in range(1, 5):
        found = task_list.tasks_found(rows, number, 2)
        assert [task.name for task in found.tasks] == names[2 * number - 2 : 2 * number]
        assert found.has_next == (number < 3)
        assert found.matching == min(5, most)


def test_the_tags_of_many_tasks_are_read_at_once(
    as_alice: Client, make: MakeTask, monkeypatch: pytest.MonkeyPatch
) -> None:
    for tags in (("red", "wide"), ("red",), ("wide", "red"), ()):
        make(tags=tags)
    for most in (1_000, 2):
        monkeypatch.setattr(search_tasks, "_LISTS_READ", most)
        offered = as_alice.get("/tasks/search/?q=tag:&at=4").json()["options"]
        assert [one["label"] for one in offered] == ["red", "wide"]


@pytest.fixture
def four(make: MakeTask) -> None:
    """Four tasks, all but one of which are red."""
    for number in range(4):
        make(f"Task {number}", schedule=None, tags=() if number == 1 else ("red",))


def listed(client: Client, address: str) -> list[str]:
    return [row["task"].name for row in client.get(address).context["rows"]]


@pytest.mark.usefixtures("four")
@pytest.mark.parametrize("query", ["q=tag:red", "search=task", "tag=red", "ordering=-last_run_at", "kind=manual"])
def test_what_no_index_leads_to_is_looked_for_among_so_many_tasks(
    as_staff: Client, monkeypatch: pytest.MonkeyPatch, query: str
) -> None:
    everything = listed(as_staff, f"/tasks/?{query}")
    monkeypatch.setattr(task_walk, "WALK", 2)
    response = as_staff.get(f"/tasks/?{query}")
    assert "Looked among the newest 2 tasks" in text(response)
    newest, older = listed(as_staff, f"/tasks/?{query}"), response.context["asked"].older()
    assert {f"Task {number}" for number in (0, 1)}.isdisjoint(newest)
    further = as_staff.get(older)
    assert sorted([*newest, *listed(as_staff, older)]) == sorted(everything)
    assert "Back to the newest" in text(further)


@pytest.mark.usefixtures("four")
def test_the_whole_list_is_shown_to_its_end(
    as_staff: Client, as_alice: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(task_walk, "WALK", 2)
    for query in ("", "ordering=-name", "ordering=created_at"):
        assert len(listed(as_staff, f"/tasks/?{query}")) == 4
        assert "Looked among" not in text(as_staff.get(f"/tasks/?{query}"))
    assert len(listed(as_alice, "/tasks/?ordering=-created_at")) == 4
    assert len(listed(as_alice, "/tasks/")) == 2, "an index by name knows nothing of owners"


@pytest.mark.usefixtures("four")
def test_what_is_done_to_all_that_match_is_done_to_those_that_the_page_has_counted(
    as_alice: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(task_walk, "WALK", 2)
    older = as_alice.get("/tasks/?tag=red").context["asked"].older()
    response = as_alice.get(older)
    assert "One matches among older ones." in text(response)
    assert 'name="before"' in response.content.decode()
    asked = as_alice.get(older.replace("/tasks/?", "/tasks/bulk/?") + "&all=1&do=pause")
    assert "Task 0" in text(asked)
    assert not any(f"Task {number}" in text(asked) for number in (1, 2, 3))


@pytest.mark.usefixtures("four")
def test_what_is_offered_is_out_of_the_newest_tasks_and_others_are_taken_too(
    as_staff: Client, make: MakeTask, monkeypatch: pytest.MonkeyPatch
) -> None:
    def offered(name: str) -> list[str]:
        options = as_staff.get(f"/tasks/search/?q={name}:&at={len(name) + 1}").json()["options"]
        return [one["label"] for one in options]

    for _ in range(2):
        make(tags=("blue",), schedule=None)
    assert offered("tag") == ["blue", "red"]
    monkeypatch.setattr(task_walk, "WALK", 2)
    assert offered("tag") == ["blue"]
    for taken in ("tag:red", "owner:ana", "type:gone"):
        assert as_staff.get("/tasks/", {"q": taken}).context["faults"] == []
