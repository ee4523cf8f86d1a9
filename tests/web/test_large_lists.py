"""Lists of a large platform: what a row costs is bounded, and what is drawn in short says what the long way says."""

from datetime import timedelta

from django.contrib.auth.models import User
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from tasks_app.models import TaskRun
from tasks_app.models.run import between_ms
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
