"""A backfill does not disturb the schedule of its task: no slot is skipped or cancelled for it, and none waits long."""

from typing import Any

import pytest
from django.contrib.auth.models import User

from tasks_app.models import ScheduledTask, TaskRun, db_now
from tasks_app.selectors.alerts import wants_failure_mail
from tasks_app.services import claiming
from tests import runs
from tests.handler_types import declared, execute
from tests.services.batches import HOURLY, backfill, by_status, end, hour, queued, ran, work_off
from tests.services.conftest import Make
from tests.services.deeds import at, fire, fresh

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("valkey")]


def claim() -> TaskRun | None:
    return claiming.claim_next(queues=["default"], worker="w", lease_seconds=60)


def fire_slot(task: ScheduledTask) -> TaskRun:
    """Let the schedule fire a slot now."""
    now = db_now()
    assert fire(at(task, next_slot=now, next_due_at=now)) == 1
    return TaskRun.objects.get(task=task, slot=now)


@pytest.mark.parametrize("overlap", ["skip", "queue_one", "queue_all", "cancel_running"])
def test_a_slot_is_not_skipped_for_a_backfill_and_goes_before_its_next_run(make: Make, overlap: str) -> None:
    task = make(cron=HOURLY, overlap=overlap, priority=0)
    batch = backfill(task, 3)
    running = claim()
    assert running is not None
    slot = fire_slot(task)
    assert slot.status == "queued"
    assert runs.fresh(running).cancel_requested_at is None
    assert by_status(batch) == {"running": 1, "waiting": 2}
    assert claim() is None, "never beside another run"
    runs.succeed(running)
    batch_next = TaskRun.objects.filter(batch=batch, status="waiting")[0]
    TaskRun.objects.filter(id=batch_next.id).update(status="queued", queued_at=db_now())
    taken = claim()
    assert taken is not None
    assert taken.id == slot.id


def test_a_slot_is_skipped_beside_a_run_that_is_none_of_a_backfill(make: Make) -> None:
    task = make(cron=HOURLY, overlap="skip")
    backfill(task, 3)
    ran(task, hour(9), "running", is_serial=True)
    assert fire_slot(task).status == "skipped"


def test_a_backfill_that_may_overlap_does_not_hold_a_slot_up(make: Make) -> None:
    task = make(cron=HOURLY, overlap="skip")
    batch = backfill(task, 3, overlap="allow", max_concurrency=2)
    assert [run.batch_id for run in (claim(), claim()) if run] == [batch.id] * 2
    slot = fire_slot(task)
    taken = claim()
    assert taken is not None
    assert taken.id == slot.id


def test_how_a_backfill_fares_says_nothing_about_the_schedule(make: Make) -> None:
    task = make(cron=HOURLY, overlap="allow", pause_after_failures=1, on_exhausted="pause_task")
    at(task, failures_in_row=3)
    batch = backfill(task, 3)
    end(queued(batch)[0])
    work_off(batch, well=False)
    after = fresh(task)
    assert (after.status, after.failures_in_row, after.last_run_status) == ("active", 3, "failed")


def test_the_owner_is_told_of_the_first_failure_only(make: Make) -> None:
    task = make(cron=HOURLY, overlap="allow")
    batch = backfill(task, 3)
    work_off(batch, well=False)
    failed = TaskRun.objects.filter(batch=batch).order_by("finished_at")
    assert [wants_failure_mail(str(run.id)) for run in failed] == [True, False, False]
    other = ran(task, hour(9), "failed")
    assert wants_failure_mail(str(other.id))


# -- what handlers see


def test_handlers_are_told_their_slots(alice: User, make: Make) -> None:
    seen: list[Any] = []

    def note(ctx: Any, payload: Any) -> None:
        seen.append(ctx.scheduled_for)

    with declared(note) as name:
        batch = backfill(make(type=name, payload={}, cron=HOURLY), 3)
        while found := queued(batch):
            execute(found[0])
    assert seen == [hour(3), hour(2), hour(1)]
    assert by_status(batch) == {"succeeded": 3}


@pytest.mark.parametrize(("reprocess", "deeds"), [("failed", 1), ("all", 2)])
def test_a_confirmed_effect_happens_again_only_from_scratch(make: Make, reprocess: str, deeds: int) -> None:
    done: list[str] = []

    def bill(ctx: Any, payload: Any) -> None:
        with ctx.effect("bill") as once:
            if not once.done:
                done.append(once.id)
        if len(seen) == 0:
            seen.append(1)
            raise ValueError("after the effect")

    seen: list[int] = []
    with declared(bill, retry_on=()) as name:
        task = make(type=name, payload={}, cron=HOURLY, max_retries=0)
        for again in ("none", reprocess):
            execute(queued(backfill(task, 1, reprocess=again))[0])
    assert [run.status for run in task.runs.order_by("id")] == ["failed", "succeeded"]
    assert len(done) == deeds
