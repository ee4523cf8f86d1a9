"""What follows from the end of an attempt: counted once, retried by policy, told to the task."""

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.db import connections, transaction
from django.db.models.signals import post_save
from django_celery_beat.models import PeriodicTask

from tasks_app.handlers import RetryPolicy
from tasks_app.models import RunAttempt, RunEvent, ScheduledTask, TaskRun, db_now
from tasks_app.services import firing, outcomes, planning, tasks
from tasks_app.services.outcomes import CRASH_LIMIT, Failure
from tasks_app.states import Reason, Status, Trigger
from tests import runs
from tests.handler_types import declared
from tests.services.conftest import Make

pytestmark = pytest.mark.django_db


def failure(**fields: Any) -> Failure:
    """Make an ordinary failure."""
    return Failure(**{"reason": Reason.HANDLER_ERROR, "error": "ValueError: no", **fields})


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


# -- policies of task, type and platform


@pytest.mark.parametrize(
    ("of_type", "of_task", "often"),
    [
        (None, {}, 4),
        (RetryPolicy(base_seconds=60), {}, 4),
        (RetryPolicy(max_retries=2), {}, 2),
        (RetryPolicy(max_retries=0), {}, 0),
        (RetryPolicy(delays=(1, 2, 3, 4, 5, 6)), {}, 6),
        (RetryPolicy(max_retries=2), {"max_retries": 7}, 7),
        (RetryPolicy(max_retries=2), {"max_retries": 0}, 0),
        (RetryPolicy(max_retries=2), {"retry": {"delays": [1, 2, 3]}}, 3),
        (RetryPolicy(max_retries=2), {"retry": {"delays": [1, 2, 3]}, "max_retries": 1}, 1),
        (RetryPolicy(max_retries=2), {"retry": {"base_seconds": 9}}, 2),
    ],
)
def test_the_task_goes_before_its_type_and_that_before_the_platform(
    of_type: RetryPolicy | None, of_task: dict[str, Any], often: int, settings: Any
) -> None:
    settings.RETRY_MAX = 4
    options = {} if of_type is None else {"retry": of_type}
    with declared(lambda ctx, payload: None, **options) as name:
        policies = planning.policies(name, **of_task)
    assert policies["max_retries"] == often
    assert policies["retry"] == of_task.get("retry", (of_type or RetryPolicy()).to_json())


@pytest.mark.parametrize(
    ("of_type", "of_task", "limit"), [(60, None, 60), (60, 5, 5), (60, 0, None), (None, None, None), (None, 9, 9)]
)
def test_a_time_limit_of_zero_is_none_at_all(of_type: int | None, of_task: int | None, limit: int | None) -> None:
    with declared(lambda ctx, payload: None, timeout=of_type) as name:
        assert planning.policies(name, timeout_seconds=of_task)["timeout_seconds"] == limit


def test_a_type_without_code_still_has_policies(settings: Any) -> None:
    settings.RETRY_MAX = 4
    policies = planning.policies("was.removed")
    assert (policies["max_retries"], policies["timeout_seconds"]) == (4, 3600)


# -- fences


ENDS: dict[str, Callable[[Any], Any]] = {
    "succeeded": lambda held: outcomes.attempt_succeeded(held, result=1),
    "skipped": lambda held: outcomes.attempt_skipped(held, reason="nothing"),
    "cancelled": outcomes.attempt_stopped,
    "handed back": lambda held: outcomes.attempt_handed_back(held, actor="worker:w"),
    "failed": lambda held: outcomes.attempt_failed(held, failure()),
    "crashed": lambda held: outcomes.attempt_crashed(held, actor="upkeep:here", error="gone"),
}


@pytest.mark.parametrize("wanted", list(ENDS))
def test_a_stale_end_changes_nothing_and_is_written_down_once(wanted: str, alice: User, make: Make) -> None:
    run = runs.make_run(alice, make(manual=True))
    stale = runs.hold(run)
    runs.hand_back(run)
    runs.claim(run)
    before = TaskRun.objects.values().get(id=run.id)
    assert ENDS[wanted](stale) is None
    assert TaskRun.objects.values().get(id=run.id) == before
    fenced = RunEvent.objects.get(run=run, target="fenced")
    assert (fenced.version, fenced.claim_no, fenced.error) == (None, stale.claim_no, f"refused: {wanted}")
    assert not RunAttempt.objects.exists()
    assert ScheduledTask.objects.get().last_run_status == ""


def test_an_end_that_comes_twice_counts_once(alice: User) -> None:
    run = runs.make_run(alice)
    held = runs.hold(run)
    outcomes.attempt_failed(held, failure())
    assert outcomes.attempt_failed(held, failure()) is None
    run = runs.fresh(run)
    assert (run.failures, run.attempts.count()) == (1, 1)


def test_a_stale_end_of_a_run_that_is_gone_is_no_error(alice: User) -> None:
    run = runs.make_run(alice)
    held = runs.hold(run)
    TaskRun.objects.filter(id=run.id).delete()
    assert outcomes.attempt_succeeded(held, result=1) is None


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


# -- at the same moment


@pytest.mark.django_db(transaction=True)
@pytest.mark.usefixtures("valkey")
def test_one_of_many_ends_at_the_same_moment_wins(alice: User, make: Make) -> None:
    run = runs.make_run(alice, make(manual=True))
    held = runs.hold(run)
    start = threading.Barrier(len(ENDS))

    def end(one: Callable[[Any], Any]) -> bool:
        try:
            start.wait(10)
            return one(held) is not None
        finally:
            connections.close_all()

    with ThreadPoolExecutor(len(ENDS)) as pool:
        won = list(pool.map(end, ENDS.values()))
    assert sum(won) == 1
    assert RunEvent.objects.filter(run=run, target="fenced").count() == len(ENDS) - 1
    assert RunEvent.objects.filter(run=run, version=3).count() == 1
    assert RunAttempt.objects.filter(run=run).count() <= 1


@pytest.mark.django_db(transaction=True)
@pytest.mark.usefixtures("valkey")
@pytest.mark.postgres
def test_a_cancel_of_the_task_and_the_end_of_its_run_do_not_lock_each_other_out(alice: User, make: Make) -> None:
    task = make(manual=True)
    run = runs.make_run(alice, task)
    held = runs.hold(run)
    has_moved, has_locked = threading.Event(), threading.Event()

    def meet(instance: RunEvent, **_: Any) -> None:
        if instance.target == Status.SUCCEEDED:
            has_moved.set()
            has_locked.wait(1)

    def cancel() -> str:
        try:
            has_moved.wait(10)
            with transaction.atomic():
                list(ScheduledTask.objects.select_for_update(of=("self",)).filter(id=task.id))
                has_locked.set()
                return tasks.task_cancel(task=task, actor="user:alice").status
        finally:
            connections.close_all()

    post_save.connect(meet, sender=RunEvent)
    try:
        with ThreadPoolExecutor(1) as pool:
            cancelled = pool.submit(cancel)
            assert outcomes.attempt_succeeded(held, result=1) is not None
            assert cancelled.result(20) == "cancelled"
    finally:
        post_save.disconnect(meet, sender=RunEvent)
    assert runs.fresh(run).status == "succeeded"
    assert timedelta(0) < db_now() - run.created_at
