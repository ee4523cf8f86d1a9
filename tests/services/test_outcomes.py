"""What follows from the end of an attempt: counted once, retried by policy, told to the task."""

from typing import Any

import pytest
from django.contrib.auth.models import User
from django_celery_beat.models import PeriodicTask

from tasks_app.handlers import RetryPolicy
from tasks_app.models import RunEvent, ScheduledTask, TaskRun, db_now
from tasks_app.services import firing, outcomes, planning, tasks
from tasks_app.services.outcomes import CRASH_LIMIT
from tasks_app.states import Trigger
from tests import runs
from tests.services.conftest import Make
from tests.services.ends import ENDS, failure

pytestmark = pytest.mark.django_db


def fail(run: TaskRun, **fields: Any) -> TaskRun:
    """Claim the run and fail."""
    outcomes.attempt_failed(runs.hold(run), failure(**fields))
    return runs.fresh(run)


def crash(run: TaskRun) -> TaskRun:
    """Claim the run and crash."""
    outcomes.attempt_crashed(runs.hold(run), actor="upkeep:here", error="gone")
    return runs.fresh(run)


def again(run: TaskRun) -> TaskRun:
    """Let the time of the next attempt come."""
    TaskRun.objects.filter(id=run.id).update(due_at=db_now())
    firing.release_due(actor="test")
    return runs.fresh(run)


# -- counting


def test_the_retries_of_a_run_are_used_up_one_by_one(alice: User) -> None:
    run = runs.make_run(alice, max_retries=2)
    for failures in (1, 2):
        run = fail(run)
        assert (run.status, run.reason, run.failures, run.attempt) == ("scheduled", "retry", failures, failures + 1)
        run = again(run)
        assert (run.status, run.reason, run.due_at) == ("queued", "due", None)
    run = fail(run)
    assert (run.status, run.failures, run.attempt, run.max_attempts) == ("failed", 3, 3, 3)
    assert list(run.attempts.order_by("id").values_list("number", "outcome")) == [
        (1, "handler_error"),
        (2, "handler_error"),
        (3, "handler_error"),
    ]


def test_three_crashes_end_a_run_whatever_its_retries(alice: User) -> None:
    run = runs.make_run(alice, max_retries=50)
    for crashes in range(1, CRASH_LIMIT):
        run = crash(run)
        assert (run.status, run.reason, run.crashes, run.failures) == ("queued", "rescued", crashes, 0)
    run = crash(run)
    assert (run.status, run.reason, run.crashes, run.failures) == ("failed", "worker_lost", CRASH_LIMIT, 0)


def test_crashes_cost_no_retries_and_failures_no_crashes(alice: User) -> None:
    run = runs.make_run(alice, max_retries=1)
    run = crash(crash(run))
    run = again(fail(run))
    assert (run.status, run.failures, run.crashes, run.attempt) == ("queued", 1, 2, 4)
    run = fail(run)
    assert (run.status, run.reason) == ("failed", "handler_error")


def test_a_permanent_failure_leaves_its_retries_unused(alice: User) -> None:
    run = fail(runs.make_run(alice, max_retries=5), is_permanent=True)
    assert (run.status, run.failures) == ("failed", 1)


def test_a_run_that_is_handed_back_has_lost_nothing(alice: User) -> None:
    run = runs.make_run(alice)
    outcomes.attempt_handed_back(runs.hold(run), actor="worker:w")
    run = runs.fresh(run)
    assert (run.status, run.reason, run.failures, run.crashes, run.attempt) == ("queued", "handed_back", 0, 0, 1)
    assert not run.attempts.exists()


@pytest.mark.parametrize("failures", [1, 2, 3, 7])
def test_the_pause_follows_the_policy_of_the_run(failures: int, alice: User) -> None:
    retry = RetryPolicy(delays=(100, 200, 300)).to_json()
    run = runs.make_run(alice, max_retries=9, retry=retry, failures=failures - 1)
    before = db_now()
    run = fail(run)
    assert run.due_at is not None
    pause = (run.due_at - before).total_seconds()
    assert min(failures, 3) * 100 <= pause <= min(failures, 3) * 100 + 10


# -- who asked for an end gets one


@pytest.mark.parametrize("wanted", ["cancelled", "handed back", "failed", "crashed"])
def test_a_run_that_was_asked_to_stop_does_not_come_back(wanted: str, alice: User) -> None:
    run = runs.make_run(alice, max_retries=5)
    held = runs.hold(run)
    runs.ask_to_stop(run)
    ENDS[wanted](held)
    after = runs.fresh(run)
    assert (after.status, after.reason) == ("cancelled", "user")
    assert RunEvent.objects.get(run=run, target="cancelled").actor == "tests"


def test_a_run_that_fails_for_good_while_it_is_cancelled_has_failed(alice: User) -> None:
    run = runs.make_run(alice, max_retries=0)
    held = runs.hold(run)
    runs.ask_to_stop(run)
    outcomes.attempt_failed(held, failure())
    assert runs.fresh(run).status == "failed"


def test_a_run_that_makes_room_for_a_newer_one_is_replaced(make: Make) -> None:
    task = make(overlap="cancel_running")
    ScheduledTask.objects.filter(id=task.id).update(next_slot=db_now(), next_due_at=db_now())
    first = tasks.task_run_now(task=task, actor="user:alice")
    held = runs.hold(first)
    firing.fire_due(actor="beat:here:1")
    outcomes.attempt_stopped(held)
    after = runs.fresh(first)
    assert (after.status, after.reason) == ("cancelled", "replaced")


# -- the task hears of it


def test_the_task_knows_its_last_run_and_its_failures_in_a_row(alice: User, make: Make) -> None:
    task = make(manual=True)
    for count in (1, 2):
        run = fail(runs.make_run(alice, task), is_permanent=True)
        task.refresh_from_db()
        assert (task.failures_in_row, task.last_run_status, task.last_run_id) == (count, "failed", run.id)
        assert task.last_run_at == run.started_at
    skipped = runs.make_run(alice, task)
    outcomes.attempt_skipped(runs.hold(skipped), reason="nothing")
    task.refresh_from_db()
    assert (task.failures_in_row, task.last_run_status) == (2, "skipped")
    good = runs.make_run(alice, task)
    outcomes.attempt_succeeded(runs.hold(good), result=None)
    task.refresh_from_db()
    assert (task.failures_in_row, task.last_run_status) == (0, "succeeded")


def test_a_retry_is_no_failure_of_the_task_yet(alice: User, make: Make) -> None:
    task = make(manual=True, pause_after_failures=1)
    fail(runs.make_run(alice, task))
    task.refresh_from_db()
    assert (task.failures_in_row, task.status, task.last_run_status) == (0, "active", "")


def test_kept_a_failure_needs_a_person(alice: User, make: Make) -> None:
    run = fail(runs.make_run(alice, make(manual=True)), is_permanent=True)
    assert run.needs_person


def test_dismissed_by_policy_a_failure_needs_nobody(alice: User, make: Make) -> None:
    run = fail(runs.make_run(alice, make(manual=True), on_exhausted="dismiss"), is_permanent=True)
    assert (run.status, run.needs_person, run.dismissed_by) == ("failed", False, "policy")


def test_a_run_whose_retries_are_used_up_pauses_its_task(alice: User, make: Make) -> None:
    task = make(on_exhausted="pause_task")
    run = planning.build_run(task, trigger=Trigger.MANUAL, actor="test")
    run.save(force_insert=True)
    fail(run, is_permanent=True, error="ValueError: broken")
    slot = task.next_slot
    task.refresh_from_db()
    assert (task.status, task.next_due_at, task.next_slot, task.version) == ("paused", None, slot, 2)
    assert "ValueError: broken" in task.pause_note
    assert not PeriodicTask.objects.get(scheduled_task=task).enabled
    resumed = tasks.task_resume(task=task, actor="user:alice")
    assert (resumed.status, resumed.failures_in_row) == ("active", 0)


def test_a_task_is_paused_after_so_many_failures_in_a_row(alice: User, make: Make) -> None:
    task = make(manual=True, pause_after_failures=3)
    for status in ("active", "active", "paused"):
        fail(runs.make_run(alice, task), is_permanent=True)
        task.refresh_from_db()
        assert task.status == status
    assert "3 failed" in task.pause_note


def test_a_resumed_task_may_fail_as_often_again(alice: User, make: Make) -> None:
    task = make(manual=True, pause_after_failures=2)
    for status in ("active", "paused", "active", "paused"):
        fail(runs.make_run(alice, task), is_permanent=True)
        task.refresh_from_db()
        assert task.status == status
        if status == "paused":
            tasks.task_resume(task=task, actor="user:alice")


def test_a_success_in_between_begins_the_count_anew(alice: User, make: Make) -> None:
    task = make(manual=True, pause_after_failures=2)
    fail(runs.make_run(alice, task), is_permanent=True)
    outcomes.attempt_succeeded(runs.hold(runs.make_run(alice, task)), result=None)
    fail(runs.make_run(alice, task), is_permanent=True)
    task.refresh_from_db()
    assert (task.status, task.failures_in_row) == ("active", 1)


@pytest.mark.parametrize("status", ["paused", "completed", "cancelled"])
def test_a_task_that_is_not_active_stays_what_it_is(status: str, alice: User, make: Make) -> None:
    task = make(manual=True, pause_after_failures=1)
    ScheduledTask.objects.filter(id=task.id).update(status=status, pause_note="by hand")
    fail(runs.make_run(alice, task), is_permanent=True)
    task.refresh_from_db()
    assert (task.status, task.pause_note, task.failures_in_row) == (status, "by hand", 1)


def test_a_task_that_cannot_be_mirrored_any_more_still_ends_its_run(alice: User, make: Make) -> None:
    task = make(on_exhausted="pause_task")
    ScheduledTask.objects.filter(id=task.id).update(timezone="Nowhere/Atall", schedule={"kind": "?"})
    run = fail(runs.make_run(alice, task, on_exhausted="pause_task"), is_permanent=True)
    task.refresh_from_db()
    assert (run.status, task.status) == ("failed", "paused")
