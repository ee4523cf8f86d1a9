"""The runs of a batch take turns: never more than it allows, and none is forgotten."""

from datetime import timedelta

import pytest
from django.db import transaction
from django.test import override_settings

from tasks_app.errors import Conflict
from tasks_app.models import Batch, RunEvent, ScheduledTask, TaskRun, db_now
from tasks_app.models.ids import first_id_at
from tasks_app.services import firing, outcomes, tasks, turns, upkeep
from tasks_app.services.batches import batch_cancel, batch_retry
from tasks_app.services.cleaning import RunChoice, Whose, clean_runs
from tasks_app.services.runs import run_cancel, run_retry
from tests import runs
from tests.services.batches import HOURLY, backfill, by_status, end, hour, queued, work_off
from tests.services.conftest import Make
from tests.services.ends import failure

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("valkey")]


@pytest.fixture
def hourly(make: Make) -> ScheduledTask:
    """A task for every full hour, whose runs may run side by side."""
    return make(cron=HOURLY, overlap="allow")


def read(batch: Batch) -> Batch:
    return Batch.objects.get(id=batch.id)


def test_as_one_ends_the_next_is_let_in_until_all_have_ended(hourly: ScheduledTask) -> None:
    batch = backfill(hourly, 5)
    assert work_off(batch) == [hour(5), hour(4), hour(3), hour(2), hour(1)]
    assert by_status(batch) == {"succeeded": 5}
    after = read(batch)
    assert after.finished_at is not None
    assert after.version == 2
    let_in = RunEvent.objects.filter(run__batch=batch, source="waiting", target="queued")
    assert set(let_in.values_list("actor", "reason")) == {("backfill", "due")}
    assert let_in.count() == 4


@pytest.mark.parametrize("status", ["succeeded", "failed", "skipped", "stopped"])
def test_however_a_run_ends_the_next_is_let_in(status: str, hourly: ScheduledTask) -> None:
    batch = backfill(hourly, 2)
    held = runs.hold(queued(batch)[0])
    if status == "stopped":
        run_cancel(run=TaskRun.objects.get(id=held.run_id), actor="t")
    ends = {
        "succeeded": lambda: outcomes.attempt_succeeded(held, result=1),
        "failed": lambda: outcomes.attempt_failed(held, failure(is_permanent=True)),
        "skipped": lambda: outcomes.attempt_skipped(held, reason="nothing"),
        "stopped": lambda: outcomes.attempt_stopped(held),
    }
    ends[status]()
    assert len(queued(batch)) == 1


def test_a_run_that_waits_for_its_next_attempt_keeps_its_turn(hourly: ScheduledTask) -> None:
    batch = backfill(hourly, 3)
    outcomes.attempt_failed(runs.hold(queued(batch)[0]), failure())
    assert by_status(batch) == {"scheduled": 1, "waiting": 2}
    TaskRun.objects.filter(status="scheduled").update(due_at=db_now())
    firing.release_due(actor="t")
    outcomes.attempt_handed_back(runs.hold(queued(batch)[0]), actor="t")
    outcomes.attempt_crashed(runs.hold(queued(batch)[0]), actor="t", error="gone")
    assert by_status(batch) == {"queued": 1, "waiting": 2}
    end(queued(batch)[0])
    assert by_status(batch) == {"succeeded": 1, "queued": 1, "waiting": 1}


def test_what_is_cancelled_gives_its_turn_away(hourly: ScheduledTask) -> None:
    batch = backfill(hourly, 4)
    last = TaskRun.objects.filter(batch=batch).order_by("id").last()
    assert last is not None
    run_cancel(run=last, actor="user:alice")
    run_cancel(run=queued(batch)[0], actor="user:alice")
    assert by_status(batch) == {"cancelled": 2, "queued": 1, "waiting": 1}
    assert work_off(batch) == [hour(3), hour(2)]


def test_what_is_rolled_back_lets_nobody_in(hourly: ScheduledTask) -> None:
    batch = backfill(hourly, 2)
    with transaction.atomic():
        outcomes.attempt_succeeded(runs.hold(queued(batch)[0]), result=1)
        transaction.set_rollback(True)
    assert by_status(batch) == {"queued": 1, "waiting": 1}


# -- upkeep


def test_what_a_dead_process_left_undone_is_done_by_upkeep(hourly: ScheduledTask) -> None:
    batch, other = backfill(hourly, 3), backfill(hourly, 5)
    runs.claim(queued(batch)[0])
    runs.succeed(TaskRun.objects.get(batch=batch, status="running"))  # and then its process died
    assert by_status(batch) == {"succeeded": 1, "waiting": 2}
    assert upkeep.advance_batches("upkeep:here") == 1
    assert by_status(batch) == {"succeeded": 1, "queued": 1, "waiting": 1}
    assert by_status(other) == {"queued": 1, "waiting": 1}
    assert RunEvent.objects.get(source="waiting", run__batch=batch).actor == "upkeep:here"
    assert upkeep.advance_batches("upkeep:here") == 0


def test_the_end_of_a_batch_is_noted_by_upkeep_too(hourly: ScheduledTask) -> None:
    batch = backfill(hourly, 1)
    runs.claim(queued(batch)[0])
    runs.succeed(TaskRun.objects.get(batch=batch))
    assert upkeep.advance_batches("t") == 1
    assert read(batch).finished_at is not None


def test_a_cancel_that_was_cut_short_is_carried_through(hourly: ScheduledTask) -> None:
    batch = backfill(hourly, 3)
    runs.claim(queued(batch)[0])
    Batch.objects.update(cancelled_at=db_now(), cancelled_by="user:alice")
    upkeep.advance_batches("t")
    assert by_status(batch) == {"running": 1, "cancelled": 2}
    assert TaskRun.objects.get(status="running").cancel_requested_by == "user:alice"


@pytest.mark.parametrize(("age", "keeps_a_run", "stays"), [(40, False, False), (40, True, True), (10, False, True)])
def test_a_batch_goes_when_its_runs_have_gone(hourly: ScheduledTask, age: int, keeps_a_run: bool, stays: bool) -> None:
    batch = backfill(hourly, 2)
    work_off(batch)
    then = db_now() - timedelta(days=age)
    old = first_id_at(then)
    Batch.objects.create(
        id=old, owner=hourly.owner, task=hourly, kind="backfill", total=1, max_concurrency=1, finished_at=then
    )
    if keeps_a_run:
        TaskRun.objects.update(batch=old)
    with override_settings(RETENTION_DAYS_BY_STATUS={"succeeded": 30, "failed": 10}):
        upkeep.tidy("t")
    assert Batch.objects.filter(id=old).exists() is stays
    assert Batch.objects.filter(id=batch.id).exists()


def test_a_batch_outlives_its_runs(hourly: ScheduledTask) -> None:
    batch = backfill(hourly, 2)
    work_off(batch)
    TaskRun.objects.update(finished_at=db_now() - timedelta(days=1))
    # Ids never go back, not even after a test that was in another century.
    far_ahead = db_now() + timedelta(days=366 * 500)
    list(clean_runs(Whose(None, is_everybody=True), RunChoice(before=far_ahead)))
    assert not TaskRun.objects.exists()
    upkeep.tidy("t")
    assert read(batch).total == 2


# -- cancel


def test_cancelling_ends_what_waits_and_asks_what_runs_to_stop(hourly: ScheduledTask) -> None:
    batch = backfill(hourly, 5, max_concurrency=3)
    first, second, _ = queued(batch)
    end(first)
    held = runs.hold(second)
    cancelled = batch_cancel(batch=batch, actor="user:alice")
    assert (cancelled.cancelled_by, cancelled.finished_at) == ("user:alice", None)
    assert by_status(batch) == {"succeeded": 1, "running": 1, "cancelled": 3}
    assert set(TaskRun.objects.filter(status="cancelled").values_list("reason", flat=True)) == {"user"}
    waited = RunEvent.objects.filter(run__batch=batch, target="cancelled", source="waiting")
    assert set(waited.values_list("actor", "reason")) == {("user:alice", "user")}
    outcomes.attempt_stopped(held)
    assert by_status(batch) == {"succeeded": 1, "cancelled": 4}
    assert read(batch).finished_at is not None


def test_only_what_has_not_ended_can_be_cancelled(hourly: ScheduledTask) -> None:
    done, stopped = backfill(hourly, 1), backfill(hourly, 2)
    work_off(done)
    batch_cancel(batch=stopped, actor="t")
    for batch, word in ((done, "completed"), (stopped, "cancelled")):
        with pytest.raises(Conflict, match=word):
            batch_cancel(batch=batch, actor="t")


@pytest.mark.parametrize("verb", [tasks.task_cancel, tasks.task_delete])
def test_the_end_of_the_task_is_the_end_of_its_backfill(make: Make, verb: object) -> None:
    task = make(cron=HOURLY, overlap="allow")
    batch = backfill(task, 5, max_concurrency=2)
    held = runs.hold(queued(batch)[0])
    verb(task=task, actor="user:alice")  # type: ignore[operator]
    assert by_status(batch) == {"running": 1, "cancelled": 4}
    assert runs.fresh(TaskRun.objects.get(status="running")).cancel_requested_at is not None
    assert read(batch).cancelled_by == "user:alice"
    outcomes.attempt_stopped(held)
    assert read(batch).finished_at is not None


def test_a_pause_of_the_task_does_not_stop_its_backfill(hourly: ScheduledTask) -> None:
    batch = backfill(hourly, 3)
    tasks.task_pause(task=hourly, actor="t")
    assert len(work_off(batch)) == 3


# -- retry


def test_what_failed_runs_again_in_its_batch_oldest_first(hourly: ScheduledTask) -> None:
    batch = backfill(hourly, 3)
    end(queued(batch)[0])
    work_off(batch, well=False)
    assert read(batch).finished_at is not None
    again = batch_retry(batch=batch, actor="user:alice")
    assert again.finished_at is None
    assert by_status(batch) == {"succeeded": 1, "failed": 2, "queued": 1, "waiting": 1}
    rerun = queued(batch)[0]
    assert (rerun.trigger, rerun.scheduled_for, rerun.priority) == ("retry", hour(2), 4)
    assert rerun.root_run_id == rerun.rerun_of_id
    assert work_off(batch) == [hour(2), hour(1)]
    assert read(batch).finished_at is not None
    assert not [run for run in TaskRun.objects.all() if run.needs_person]
    with pytest.raises(Conflict, match="has failed"):
        batch_retry(batch=batch, actor="t")


def test_what_failed_again_can_be_retried_again_and_only_that(hourly: ScheduledTask) -> None:
    batch = backfill(hourly, 2)
    work_off(batch, well=False)
    batch_retry(batch=batch, actor="t")
    end(queued(batch)[0])
    end(queued(batch)[0], well=False)
    batch_retry(batch=batch, actor="t")
    assert [run.scheduled_for for run in queued(batch)] == [hour(1)]
    assert by_status(batch) == {"failed": 3, "succeeded": 1, "queued": 1}


def test_a_cancelled_batch_stays_so(hourly: ScheduledTask) -> None:
    batch = backfill(hourly, 2)
    end(queued(batch)[0], well=False)
    batch_cancel(batch=batch, actor="t")
    with pytest.raises(Conflict, match="start another one"):
        batch_retry(batch=batch, actor="t")


def test_a_single_run_runs_again_in_its_batch_when_there_is_room(hourly: ScheduledTask) -> None:
    batch = backfill(hourly, 3)
    failed = queued(batch)[0]
    end(failed, well=False)
    again = run_retry(run=runs.fresh(failed), actor="user:alice")
    assert (again.status, again.batch_id, again.rerun_of_id) == ("waiting", batch.id, failed.id)
    assert work_off(batch) == [hour(2), hour(1), hour(3)]
    once_more = run_retry(run=runs.fresh(failed), actor="user:alice")
    assert once_more.status == "queued"
    assert read(batch).finished_at is None


def test_a_run_of_a_cancelled_batch_runs_again_by_itself(hourly: ScheduledTask) -> None:
    batch = backfill(hourly, 2)
    batch_cancel(batch=batch, actor="t")
    again = run_retry(run=TaskRun.objects.filter(batch=batch)[0], actor="t")
    assert (again.status, again.batch) == ("queued", None)
    assert turns.standing(10) == []
