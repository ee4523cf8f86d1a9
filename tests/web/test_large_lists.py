"""Lists of a large platform: what a row costs is bounded, and what is drawn in short says what the long way says."""

from datetime import timedelta

import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from tasks_app.models import TaskRun
from tasks_app.models.run import between_ms
from tasks_app.selectors import search_tasks, task_list
from tasks_app.selectors.last_runs import recent_runs, strip_runs
from tasks_app.templatetags.carillon import address
from tasks_app.templatetags.lists import searched
from tests import runs
from tests.calls import counted_calls
from tests.web.conftest import MakeTask

CALLS_OF_A_ROW, CALLS_OF_A_BAR = 1100, 14
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


def test_addresses_in_lists_are_those_of_the_pages(make: MakeTask) -> None:
    task = make()
    for page in ("task-detail", "task-row", "run-detail"):
        assert address(page, task.pk) == reverse(page, args=[task.pk])
    assert searched("task-list", "tag", "a b&c") == "/tasks/?q=tag%3A%22a%20b%26c%22"


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
