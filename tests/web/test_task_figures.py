"""What a task's page tells of its runs, and of tasks that have something in common with it."""

from datetime import timedelta

import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.urls import reverse
from pytest_django import DjangoAssertNumQueries

from tasks_app.models import Calendar, ScheduledTask, TaskRun, TaskShare, db_now
from tasks_app.selectors import task_figures
from tasks_app.selectors.related_tasks import EACH, related_tasks
from tasks_app.selectors.task_figures import lately, run_time
from tests import runs
from tests.services.credentials import make_credential
from tests.services.ended import count_all, ended, insert
from tests.web.conftest import MakeTask
from tests.web.reading import text

pytestmark = pytest.mark.django_db
SYNC = {"url": "https://api.example.com/items", "collection": "Items", "key": "id", "credential": "crm"}


def page(client: Client, task: ScheduledTask) -> str:
    return text(client.get(reverse("task-detail", args=[task.pk])))


def history(owner: User, task: ScheduledTask) -> None:
    """Three successes of 10, 12 and 30 s, a failure, and two kinds of skips of an hour ago."""
    at = db_now() - timedelta(hours=1)
    done = [ended(owner, at, task, ms=ms) for ms in (10_000, 12_000, 30_000)]
    skips = [ended(owner, at, task, status="skipped", reason=reason) for reason in ("overlap", "overlap", "missed")]
    skips[2].range_to, skips[2].range_count = at, 7
    insert([*done, ended(owner, at, task, status="failed", reason="handler_error"), *skips])


@pytest.mark.parametrize("is_counted", [False, True])
def test_the_page_counts_what_ran_and_what_was_skipped_why(
    as_alice: Client, alice: User, task: ScheduledTask, is_counted: bool
) -> None:
    history(alice, task)
    if is_counted:
        count_all()
    shown = page(as_alice, task)
    assert "4 ran 3 succeeded, 75 % 1 failed 9 skipped" in shown
    assert "12 s it usually takes; at most 30 s" in shown
    assert "Skipped: 7 missed , 2 while an earlier run had not ended ." in shown


def test_a_task_that_never_ran_has_no_figures(as_alice: Client, task: ScheduledTask) -> None:
    assert "it usually takes" not in page(as_alice, task)


def test_a_running_one_says_when_to_expect_its_end(as_alice: Client, alice: User, task: ScheduledTask) -> None:
    history(alice, task)
    run = runs.make_run(alice, task)
    runs.claim(run)
    TaskRun.objects.filter(pk=run.pk).update(started_at=db_now() - timedelta(seconds=2))
    shown = page(as_alice, task)
    assert "The last run failed" in shown
    assert "; the next has been running for" in shown
    assert ", its end is due in" in shown
    TaskRun.objects.filter(status="failed").update(dismissed_at=db_now())
    assert "It usually takes 12 s , so expect the end in" in page(as_alice, task)


def test_an_end_that_has_passed_is_expected_no_more(as_alice: Client, alice: User, task: ScheduledTask) -> None:
    history(alice, task)
    run = runs.make_run(alice, task)
    runs.claim(run)
    TaskRun.objects.filter(pk=run.pk).update(started_at=db_now() - timedelta(seconds=20))
    shown = page(as_alice, task)
    assert "; the next has been running for" in shown
    assert "its end is due" not in shown
    TaskRun.objects.filter(status="failed").update(dismissed_at=db_now())
    shown = page(as_alice, task)
    assert "It usually takes 12 s." in shown
    assert "expect the end" not in shown


def test_what_is_usual_is_the_median_and_the_rest_comes_within_p95() -> None:
    assert run_time([]) is None
    few, many = run_time([5, 1, 9]), run_time(range(1, 41))
    assert few is not None
    assert many is not None
    assert (few.median_ms, few.p95_ms, few.has_p95) == (5, 9, False)
    assert (many.median_ms, many.p95_ms, many.has_p95) == (20, 38, True)


def test_only_the_newest_runs_are_looked_at(
    alice: User, task: ScheduledTask, monkeypatch: pytest.MonkeyPatch, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    monkeypatch.setattr(task_figures, "LOOKED_AT", 3)
    history(alice, task)
    with django_assert_num_queries(1):
        found = lately(task)
    assert (found.looked_at, found.is_cut, found.run_time) == (3, True, None)
    assert found.skipped == [("missed", 7), ("overlap", 1)]


def test_runs_that_people_ran_again_stand_there(as_alice: Client, alice: User, task: ScheduledTask) -> None:
    first = runs.make_run(alice, task)
    again = runs.make_run(alice, task, trigger="retry", rerun_of=first, root_run_id=first.pk)
    runs.make_run(alice, task, trigger="backfill", rerun_of=first)
    assert [run_id for run_id, _, _ in lately(task).reruns] == [again.pk]
    assert "Run again lately" in page(as_alice, task)


def test_tasks_that_share_something_are_named_with_what_it_is(as_alice: Client, alice: User, make: MakeTask) -> None:
    make_credential(alice, name="crm")
    office = Calendar.objects.create(owner=alice, name="Office", weekend=["sun"], days=[])
    task = make("One", type="sync_external_service", payload=SYNC, calendar=str(office.pk))
    make("Two", type="sync_external_service", payload={**SYNC, "collection": "Others"})
    make("Three", calendar=str(office.pk))
    make("Four")
    assert [(one.kind, one.name, [other.name for other in one.tasks]) for one in related_tasks(alice, task)] == [
        ("calendar", "Office", ["Three"]),
        ("credential", "crm", ["Two"]),
    ]
    assert "Others with the credential “crm” Two" in page(as_alice, task)


def test_only_what_one_may_see_is_related(alice: User, charlie: User, make: MakeTask) -> None:
    make_credential(alice, name="crm")
    task, other = (make(name, type="sync_external_service", payload=SYNC) for name in ("One", "Two"))
    TaskShare.objects.create(task=task, user=charlie, level="view")
    assert related_tasks(charlie, task) == []
    TaskShare.objects.create(task=other, user=charlie, level="view")
    assert len(related_tasks(User.objects.get(pk=charlie.pk), task)) == 2


def test_what_a_hidden_payload_names_is_not_told(alice: User, charlie: User, make: MakeTask) -> None:
    make_credential(alice, name="crm", hosts=["example.org"])
    secret = {"url": "https://example.org/", "credential": "crm"}
    task, other = make("One", payload=secret), make("Two", payload=secret)
    for one in (task, other):
        TaskShare.objects.create(task=one, user=charlie, level="manage")
    assert len(related_tasks(alice, task)) == 1
    assert related_tasks(charlie, task) == []


def test_many_related_tasks_are_five_in_two_queries(
    alice: User, make: MakeTask, django_assert_max_num_queries: DjangoAssertNumQueries
) -> None:
    make_credential(alice, name="crm")
    made = [make(f"Number {n}", type="sync_external_service", payload=SYNC) for n in range(EACH + 3)]
    task = ScheduledTask.objects.get(pk=made[0].pk)
    related_tasks(alice, task)  # which asks for alice's rights
    with django_assert_max_num_queries(2):
        found = related_tasks(alice, task)
    assert {one.kind: len(one.tasks) for one in found} == {"credential": EACH, "collection": EACH}
