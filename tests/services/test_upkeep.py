"""Housekeeping: what was left behind is taken up again, and one bad row stops nothing."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
import redis
from django.conf import settings
from django.contrib.auth.models import User

from tasks_app.models import (
    Beat,
    IdempotencyKey,
    Queue,
    RunAttempt,
    RunEvent,
    RunLog,
    ScheduledTask,
    TaskRun,
    Worker,
    db_now,
)
from tasks_app.models.ids import first_id_at
from tasks_app.services import upkeep
from tests import runs
from tests.services.conftest import Make
from tests.services.test_firing import refuse_runs

pytestmark = pytest.mark.django_db

HOUR = timedelta(hours=1)


def expired(owner: User, **fields: Any) -> TaskRun:
    """Make a running run whose worker has let its lease end."""
    run = runs.make_run(owner, **fields)
    runs.claim(run)
    TaskRun.objects.filter(id=run.id).update(lease_until=db_now() - timedelta(seconds=1))
    return run


# -- rescue


def test_a_run_whose_lease_has_ended_is_taken_back_once(alice: User) -> None:
    lost, held = expired(alice), runs.make_run(alice)
    runs.claim(held)
    assert upkeep.rescue_expired("upkeep:here") == 1
    assert upkeep.rescue_expired("upkeep:here") == 0
    after = runs.fresh(lost)
    assert (after.status, after.reason, after.crashes, after.worker) == ("queued", "rescued", 1, "")
    assert RunEvent.objects.get(run=lost, reason="rescued").actor == "upkeep:here"
    attempt = RunAttempt.objects.get(run=lost)
    assert (attempt.outcome, attempt.worker) == ("worker_lost", runs.WORKER)
    assert runs.fresh(held).status == "running"


def test_a_run_that_crashes_every_time_ends(alice: User) -> None:
    run = expired(alice)
    for _ in range(2):
        upkeep.rescue_expired("upkeep:here")
        runs.claim(run)
        TaskRun.objects.filter(id=run.id).update(lease_until=db_now() - timedelta(seconds=1))
    upkeep.rescue_expired("upkeep:here")
    after = runs.fresh(run)
    assert (after.status, after.reason, after.crashes) == ("failed", "worker_lost", 3)


def test_a_cancelled_run_whose_worker_was_lost_is_cancelled(alice: User) -> None:
    run = expired(alice)
    runs.ask_to_stop(run)
    upkeep.rescue_expired("upkeep:here")
    assert runs.fresh(run).status == "cancelled"


def test_a_run_that_cannot_be_taken_back_keeps_no_other(alice: User) -> None:
    bad, good = expired(alice, type="refused"), expired(alice)
    refuse_runs("update")
    assert upkeep.rescue_expired("upkeep:here") == 1
    assert [runs.fresh(run).status for run in (bad, good)] == ["running", "queued"]


# -- standing in for beat


@pytest.mark.parametrize(
    ("silent", "stopped", "stands_in"), [(None, False, True), (0, False, False), (6, False, True), (0, True, True)]
)
def test_due_work_is_made_ready_only_while_every_beat_is_silent(
    silent: float | None, stopped: bool, stands_in: bool, alice: User, make: Make
) -> None:
    now = db_now()
    if silent is not None:
        Beat.objects.create(
            name="beat:a",
            started_at=now - HOUR,
            last_tick_at=now - timedelta(seconds=silent),
            stopped_at=now if stopped else None,
        )
    task = make(misfire={"grace_seconds": 3600})
    ScheduledTask.objects.filter(id=task.id).update(next_slot=now, next_due_at=now)
    run = runs.make_run(alice, status="scheduled", reason="delayed", queued_at=None, due_at=now)
    assert upkeep.stand_in_for_beat("upkeep:here") == (2 if stands_in else 0)
    assert runs.fresh(run).status == ("queued" if stands_in else "scheduled")
    assert TaskRun.objects.filter(task=task).exists() is stands_in


# -- wake-ups


@pytest.fixture
def waiting(empty_redis: redis.Redis, monkeypatch: pytest.MonkeyPatch) -> Callable[[str], int]:
    """Count the wake-ups that wait at the broker; what was read of the workers before is forgotten."""
    monkeypatch.setattr("tasks_app.dispatch._capacity", (float("-inf"), {}))
    monkeypatch.setattr("tasks_app.dispatch._away_until", 0.0)
    return lambda queue: int(empty_redis.llen(f"{settings.REDIS_PREFIX}{queue}"))


def worker(**fields: Any) -> Worker:
    """Make a worker's row."""
    now = db_now()
    values = {"name": "w", "hostname": "here", "pid": 1, "queues": ["default"], "concurrency": 3, **fields}
    return Worker.objects.create(started_at=now, heartbeat_at=now, **values)


def test_queues_with_eligible_runs_are_woken_again(alice: User, waiting: Callable[[str], int]) -> None:
    worker(queues=["default", "low-priority"])
    for name in ("default", "low-priority", "critical"):
        Queue.objects.get_or_create(name=name)
    for _ in range(5):
        runs.make_run(alice)
    runs.make_run(alice, queue="low-priority")
    assert upkeep.wake_waiting("test") == 2
    assert [waiting(name) for name in ("default", "low-priority", "critical")] == [3, 1, 0]
    upkeep.wake_waiting("test")
    assert waiting("default") == 3


def test_a_paused_queue_is_left_to_wait(alice: User, waiting: Callable[[str], int]) -> None:
    worker()
    Queue.objects.update_or_create(name="default", defaults={"paused_at": db_now()})
    runs.make_run(alice)
    assert upkeep.wake_waiting("test") == 0
    assert waiting("default") == 0


def test_a_queue_that_only_a_worker_knows_is_woken_too(alice: User, waiting: Callable[[str], int]) -> None:
    worker(queues=["gpu"])
    runs.make_run(alice, queue="gpu")
    assert upkeep.wake_waiting("test") == 1
    assert waiting("gpu") == 1


def test_runs_that_may_not_start_yet_wake_nobody(alice: User, waiting: Callable[[str], int]) -> None:
    worker()
    Queue.objects.get_or_create(name="default")
    task = runs.make_task(alice)
    runs.claim(runs.make_run(alice, task, is_serial=True))
    runs.make_run(alice, task, is_serial=True)
    assert upkeep.wake_waiting("test") == 0


# -- skipped ranges


def skipped(task: ScheduledTask, *, reason: str = "missed", slots: int = 3) -> TaskRun:
    """Make the row of a range of skipped slots of a task that runs every ten minutes."""
    first = (db_now() - timedelta(days=2)).replace(minute=0, second=0, microsecond=0)
    return runs.make_run(
        task.owner,
        task,
        status="skipped",
        reason=reason,
        queued_at=None,
        finished_at=db_now(),
        scheduled_for=first,
        range_to=first + timedelta(minutes=10 * (slots - 1)),
    )


def test_a_short_missed_range_becomes_a_row_each(make: Make) -> None:
    task = make()
    row = skipped(task, slots=100)
    assert upkeep.expand_missed("upkeep:here") == 1
    assert upkeep.expand_missed("upkeep:here") == 0
    rows = TaskRun.objects.filter(task=task).order_by("slot")
    assert {(run.status, run.reason, run.range_to) for run in rows} == {("skipped", "missed", None)}
    assert (len(rows), rows[0].id, rows[0].slot) == (100, row.id, row.scheduled_for)
    assert RunEvent.objects.filter(run__task=task).count() == 100


@pytest.mark.parametrize(("reason", "slots"), [("missed", 101), ("paused", 3), ("paused", 101)])
def test_a_long_range_and_a_pause_stay_one_row_with_their_count(reason: str, slots: int, make: Make) -> None:
    task = make()
    skipped(task, reason=reason, slots=slots)
    upkeep.expand_missed("upkeep:here")
    row = TaskRun.objects.get(task=task)
    assert (row.range_count, row.slot, row.reason) == (slots, None, reason)


def test_a_range_that_cannot_be_counted_does_not_hold_up_the_others(make: Make) -> None:
    for number in range(12):
        task = make(name=f"t{number}")
        skipped(task)
        ScheduledTask.objects.filter(id=task.id).update(schedule={"kind": "cron", "expression": "no"})
    good = make(name="good")
    skipped(good)
    for _ in range(2):
        upkeep.expand_missed("upkeep:here")
    assert TaskRun.objects.filter(task=good).count() == 3


def test_a_range_whose_first_slot_has_its_run_already_is_counted_out(make: Make, alice: User) -> None:
    task = make()
    row = skipped(task)
    runs.make_run(alice, task, slot=row.scheduled_for)
    upkeep.expand_missed("upkeep:here")
    assert upkeep.expand_missed("upkeep:here") == 0
    assert TaskRun.objects.filter(task=task, slot=row.scheduled_for, status="queued").count() == 1


# -- tidying


def test_remembered_answers_go_after_a_day_and_lost_processes_after_a_week() -> None:
    now = db_now()
    for number, age in enumerate((timedelta(hours=23), timedelta(hours=25))):
        key = IdempotencyKey.objects.create(principal="p", method="POST", path="/", key=str(number), body_digest="d")
        IdempotencyKey.objects.filter(id=key.id).update(created_at=now - age)
    for name, age in (("young", timedelta(days=6)), ("old", timedelta(days=8))):
        worker(name=name)
        Worker.objects.filter(name=name).update(heartbeat_at=now - age)
        Beat.objects.create(name=name, started_at=now - age, last_tick_at=now - age)
    upkeep.tidy("upkeep:here")
    assert list(IdempotencyKey.objects.values_list("key", flat=True)) == ["0"]
    assert list(Worker.objects.values_list("name", flat=True)) == ["young"]
    assert list(Beat.objects.values_list("name", flat=True)) == ["young"]


def aged(owner: User, days: int, **fields: Any) -> TaskRun:
    """Make a run that is so many days old."""
    then = db_now() - timedelta(days=days)
    run = runs.make_run(owner, id=first_id_at(then), **fields)
    TaskRun.objects.filter(id=run.id).update(created_at=then)
    return run


def test_runs_that_ended_long_ago_go_with_all_that_they_left(alice: User) -> None:
    finished = {"status": "succeeded", "queued_at": None}
    old = aged(alice, 40, **finished, finished_at=db_now() - timedelta(days=39))
    RunLog.objects.create(run=old, first_line=1, line_count=1, lines=[["now", "info", "x"]])
    late = aged(alice, 41, **finished, finished_at=db_now() - timedelta(days=1))
    waits = aged(alice, 42)
    again = runs.make_run(alice, rerun_of=old, root_run_id=old.id)
    upkeep.prune("upkeep:here")
    assert runs.fresh(again).rerun_of_id == old.id, "what an open run points to stays"
    runs.claim(again)
    runs.succeed(again)
    upkeep.prune("upkeep:here")
    assert set(TaskRun.objects.values_list("id", flat=True)) == {late.id, waits.id, again.id}
    assert runs.fresh(again).rerun_of_id is None
    assert not RunLog.objects.exists()


# -- all of it


def test_a_round_does_every_step(alice: User, make: Make, waiting: Callable[[str], int]) -> None:
    worker()
    lost = expired(alice)
    skipped(make())
    upkeep.upkeep(actor="upkeep:here")
    assert runs.fresh(lost).status == "queued"
    assert TaskRun.objects.filter(reason="missed").count() == 3
    assert waiting("default") == 1


def test_a_step_that_fails_does_not_stop_the_next(
    alice: User, make: Make, waiting: Callable[[str], int], caplog: pytest.LogCaptureFixture
) -> None:
    worker(queues=7)  # no list: whoever reads it stumbles
    lost = expired(alice)
    skipped(make())
    upkeep.upkeep(actor="upkeep:here")
    assert "wake_waiting failed" in caplog.text
    assert runs.fresh(lost).status == "queued"
    assert TaskRun.objects.filter(reason="missed").count() == 3


def test_a_round_with_a_step_that_fails_is_no_round(monkeypatch: pytest.MonkeyPatch) -> None:
    now = db_now()
    Worker.objects.create(name="w", hostname="h", pid=1, started_at=now, heartbeat_at=now)
    ways = {"fails": True}

    def tidy(actor: str) -> None:
        if ways["fails"]:
            raise LookupError("no such thing")

    monkeypatch.setattr(upkeep, "tidy", tidy)
    upkeep.upkeep(actor="upkeep:w")
    assert Worker.objects.get().last_upkeep_at is None
    ways["fails"] = False
    upkeep.upkeep(actor="upkeep:w")
    assert Worker.objects.get().last_upkeep_at is not None
