"""Backfill: which slots run, as what, and what is refused."""

from datetime import datetime, timedelta
from typing import Any

import pytest
from django.db import IntegrityError, transaction

from tasks_app.errors import Conflict, Invalid
from tasks_app.models import Batch, RunEvent, ScheduledTask, TaskRun, db_now, new_id
from tasks_app.services import backfills, tasks
from tasks_app.services.backfills import BackfillSpec, backfill_create, backfill_preview
from tests import runs
from tests.services.batches import HOUR, HOURLY, backfill, hour, ran, spec
from tests.services.conftest import Make
from tests.services.deeds import at

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("valkey")]


@pytest.fixture
def hourly(make: Make) -> ScheduledTask:
    """A task for every full hour."""
    return make(cron=HOURLY, priority=5)


def has(task: ScheduledTask, **fields: Any) -> list[str]:
    return [slot.has for slot in backfill_preview(task=task, spec=spec(**fields)).slots]


def about(batch: Batch) -> list[datetime | None]:
    return list(TaskRun.objects.filter(batch=batch).order_by("id").values_list("scheduled_for", flat=True))


# -- what is made


def test_a_run_is_made_for_every_slot_of_the_range_oldest_first(hourly: ScheduledTask) -> None:
    batch = backfill(hourly, 5)
    assert about(batch) == [hour(5), hour(4), hour(3), hour(2), hour(1)]
    assert (batch.total, batch.max_concurrency, batch.owner, batch.actor) == (5, 1, hourly.owner, "user:alice")
    first, *others = TaskRun.objects.filter(batch=batch).order_by("id")
    assert (first.status, first.reason, first.queued_at is not None) == ("queued", "due", True)
    assert {(run.status, run.reason, run.queued_at) for run in others} == {("waiting", "", None)}
    assert {(run.trigger, run.slot, run.actor, run.priority, run.is_serial) for run in (first, *others)} == {
        ("backfill", None, "user:alice", 4, True)
    }
    assert RunEvent.objects.filter(run__batch=batch, actor="user:alice", source="").count() == 5


def test_as_many_as_may_run_at_once_are_queued(make: Make) -> None:
    batch = backfill(make(cron=HOURLY, overlap="allow"), 5, max_concurrency=3)
    assert [run.status for run in TaskRun.objects.filter(batch=batch).order_by("id")] == ["queued"] * 3 + [
        "waiting"
    ] * 2
    assert not TaskRun.objects.filter(batch=batch, is_serial=True).exists()


def test_both_ends_of_the_range_are_included(hourly: ScheduledTask) -> None:
    assert len(backfill_preview(task=hourly, spec=spec(start=hour(3), end=hour(1))).slots) == 3
    just_inside = spec(start=hour(3) + timedelta(microseconds=1), end=hour(1) - timedelta(microseconds=1))
    assert [slot.at for slot in backfill_preview(task=hourly, spec=just_inside).slots] == [hour(2)]


def test_the_window_and_the_number_of_runs_of_the_task_stand_aside(make: Make) -> None:
    task = make(cron=HOURLY, starts_at=db_now() + HOUR, ends_at=db_now() + 5 * HOUR, max_runs=2)
    assert backfill(task, 5).total == 5
    task.refresh_from_db()
    assert task.slots_fired == 0


def test_a_priority_of_zero_has_no_lower_one(make: Make) -> None:
    backfill(make(cron=HOURLY, priority=0), 1)
    assert TaskRun.objects.get().priority == 0


def test_slots_are_wall_times_of_the_tasks_zone(make: Make) -> None:
    task = make(cron="30 2 * * *", timezone="Europe/Berlin")
    then = BackfillSpec(
        start=datetime.fromisoformat("2025-03-29T00:00:00+01:00"),
        end=datetime.fromisoformat("2025-03-31T23:59:00+02:00"),
    )
    found = [slot.at.isoformat() for slot in backfill_preview(task=task, spec=then).slots]
    assert found == ["2025-03-29T01:30:00+00:00", "2025-03-30T01:00:00+00:00", "2025-03-31T00:30:00+00:00"]


def test_a_one_time_task_has_its_one_instant(past: ScheduledTask) -> None:
    then = db_now() - timedelta(days=8)
    batch = backfill_create(task=past, spec=BackfillSpec(start=then, end=db_now()), actor="t")
    assert batch.total == 1


def test_a_paused_and_a_completed_task_can_be_filled(hourly: ScheduledTask) -> None:
    tasks.task_pause(task=hourly, actor="t")
    assert backfill(hourly, 2).total == 2
    assert backfill(at(hourly, status="completed"), 3).total == 1


# -- what a slot has


def test_a_slot_has_the_run_that_counts(hourly: ScheduledTask) -> None:
    ran(hourly, hour(5), "succeeded")
    ran(hourly, hour(4), "failed")
    ran(hourly, hour(3), "cancelled")
    ran(hourly, hour(2), "running")
    assert has(hourly) == ["succeeded", "failed", "cancelled", "running", "missing"]


def test_a_rerun_of_a_slot_counts_more_than_what_it_repeats(hourly: ScheduledTask) -> None:
    for number, first, second in (
        (5, "failed", "succeeded"),
        (4, "succeeded", "failed"),
        (3, "failed", "cancelled"),
        (2, "succeeded", "cancelled"),
    ):
        ran(hourly, hour(number), first)
        ran(hourly, hour(number), second, slot=None, trigger="manual")
    assert has(hourly) == ["succeeded", "failed", "failed", "succeeded", "missing"]


def test_what_was_skipped_as_a_range_is_known_by_it(hourly: ScheduledTask) -> None:
    runs.make_run(
        hourly.owner,
        hourly,
        **{"status": "skipped", "reason": "missed", "queued_at": None, "finished_at": db_now()},
        scheduled_for=hour(4),
        range_to=hour(2),
    )
    found = backfill_preview(task=hourly, spec=spec()).slots
    assert [slot.has for slot in found] == ["missing", "skipped", "skipped", "skipped", "missing"]
    assert {slot.run_id for slot in found} == {None}, "a range is no run that could be pointed to"


def test_a_slot_between_the_stretches_of_a_range_is_none_of_it(hourly: ScheduledTask) -> None:
    stretches = [[f"{hour(number).isoformat()}"] * 2 for number in (4, 2)]
    runs.make_run(
        hourly.owner,
        hourly,
        **{"status": "skipped", "reason": "missed", "queued_at": None, "finished_at": db_now()},
        scheduled_for=hour(4),
        range_to=hour(2),
        result={"schedule": hourly.schedule, "timezone": hourly.timezone, "spans": stretches},
    )
    assert has(hourly) == ["missing", "skipped", "missing", "skipped", "missing"]


def test_what_the_schedule_is_still_to_fire_is_left_to_it(hourly: ScheduledTask) -> None:
    task = at(hourly, next_slot=hour(2), next_due_at=db_now() + HOUR)
    assert has(task) == ["missing", "missing", "missing", "planned", "planned"]
    assert backfill(task).total == 3
    assert has(at(task, status="paused", next_due_at=None))[3:] == ["missing", "missing"]


def test_other_tasks_runs_do_not_count(hourly: ScheduledTask, make: Make) -> None:
    ran(make(cron=HOURLY), hour(5))
    assert has(hourly) == ["missing"] * 5


# -- what is chosen

STATES = ("succeeded", "failed", "cancelled", "running")


@pytest.mark.parametrize(
    ("reprocess", "chosen"),
    [
        ("none", ["cancelled", "missing"]),
        ("failed", ["failed", "cancelled", "missing"]),
        ("all", ["succeeded", "failed", "cancelled", "missing"]),
    ],
)
def test_reprocess_says_what_runs_again(hourly: ScheduledTask, reprocess: str, chosen: list[str]) -> None:
    for number, status in zip((5, 4, 3, 2), STATES, strict=True):
        ran(hourly, hour(number), status)
    plan = backfill_preview(task=hourly, spec=spec(reprocess=reprocess))
    assert [slot.has for slot in plan.chosen] == chosen
    assert plan.counts == {"succeeded": 1, "failed": 1, "cancelled": 1, "running": 1, "missing": 1}
    assert not Batch.objects.exists()


@pytest.mark.parametrize(("reprocess", "keeps_root"), [("failed", True), ("all", False)])
def test_a_rerun_points_to_the_newest_run_and_keeps_its_root_unless_it_starts_from_scratch(
    hourly: ScheduledTask, reprocess: str, keeps_root: bool
) -> None:
    first = ran(hourly, hour(1), "failed")
    second = ran(hourly, hour(1), "failed", slot=None, rerun_of=first, root_run_id=first.id)
    run = TaskRun.objects.get(batch=backfill(hourly, 1, reprocess=reprocess))
    assert run.rerun_of_id == second.id
    assert run.root_run_id == (first.id if keeps_root else None)


def test_a_second_backfill_makes_nothing_twice(hourly: ScheduledTask) -> None:
    backfill(hourly, 3)
    assert backfill(hourly, 5).total == 2
    with pytest.raises(Conflict, match="its slots: 2 queued, 3 waiting"):
        backfill(hourly, 5, reprocess="all")


# -- what is refused


def refusal(task: ScheduledTask, **fields: Any) -> dict[str, list[str]]:
    with pytest.raises(Invalid) as refused:
        backfill_preview(task=task, spec=spec(**fields))
    return {path: [fault.code for fault in faults] for path, faults in refused.value.fields.items()}


def test_the_database_keeps_one_run_for_each_slot_of_a_backfill(hourly: ScheduledTask) -> None:
    backfill(hourly, 2)
    run = TaskRun.objects.first()
    assert run is not None
    run.pk = new_id()
    with pytest.raises(IntegrityError), transaction.atomic():
        run.save(force_insert=True)
    run.trigger = "manual"  # a slot that is run again within its backfill
    run.save(force_insert=True)


def test_each_fault_is_named_at_its_field(hourly: ScheduledTask) -> None:
    late = db_now() + HOUR
    assert refusal(hourly, end=late) == {"to": ["in_future"]}
    assert refusal(hourly, start=hour(1), end=hour(2)) == {"to": ["out_of_range"]}
    assert refusal(hourly, end=hour(1).replace(tzinfo=None)) == {"to": ["type"]}
    assert refusal(hourly, start=hour(1).replace(tzinfo=None)) == {"from": ["type"]}
    assert refusal(hourly, reprocess="some", overlap="skip", max_concurrency=101) == {
        "reprocess": ["unknown"],
        "overlap": ["unknown"],
        "max_concurrency": ["out_of_range"],
    }


def test_a_callers_now_may_be_a_little_ahead(hourly: ScheduledTask) -> None:
    ahead = db_now() + timedelta(seconds=20)
    assert all(slot.at <= db_now() for slot in backfill_preview(task=hourly, spec=spec(end=ahead)).slots)


@pytest.mark.parametrize(
    ("overlap", "asked", "is_refused"),
    [("skip", None, True), ("skip", "allow", False), ("allow", None, False), ("allow", "queue_all", True)],
)
def test_more_than_one_at_once_needs_runs_that_may_overlap(
    make: Make, overlap: str, asked: str | None, is_refused: bool
) -> None:
    task = make(cron=HOURLY, overlap=overlap)
    if is_refused:
        assert refusal(task, overlap=asked, max_concurrency=2) == {"max_concurrency": ["conflict"]}
    else:
        backfill(task, 2, overlap=asked, max_concurrency=2)
        assert set(TaskRun.objects.values_list("is_serial", flat=True)) == {False}


def test_a_task_without_a_schedule_has_no_slots(make: Make) -> None:
    with pytest.raises(Conflict, match="by hand only"):
        backfill(make(manual=True))


def test_a_cancelled_task_cannot_be_filled(hourly: ScheduledTask) -> None:
    task = tasks.task_cancel(task=hourly, actor="t")
    with pytest.raises(Conflict, match="cancelled task"):
        backfill(task)


def test_a_schedule_that_cannot_be_read_is_said(hourly: ScheduledTask) -> None:
    with pytest.raises(Conflict, match="cannot be read"):
        backfill(at(hourly, schedule={"kind": "cron", "expression": "not cron"}))


def test_an_empty_range_makes_nothing(make: Make) -> None:
    task = make(cron="0 0 29 2 *")
    assert backfill_preview(task=task, spec=spec()).slots == []
    with pytest.raises(Conflict, match="no slot in this range"):
        backfill(task)


def test_too_long_a_range_is_refused_with_how_far_it_may_go(make: Make) -> None:
    task = make(cron="* * * * *", timezone="Asia/Tokyo")
    with pytest.raises(Invalid) as refused:
        backfill_preview(task=task, spec=spec(start=hour(30)))
    (fault,) = refused.value.fields["to"]
    assert fault.code == "too_many"
    end = hour(30) + timedelta(minutes=999)
    assert (end + 9 * HOUR).strftime("%Y-%m-%dT%H:%M:%S+09:00") in fault.message
    assert len(backfill_preview(task=task, spec=spec(start=hour(30), end=end)).chosen) == 1000


def test_a_dense_range_is_looked_at_only_so_far(make: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(backfills, "MOST_SLOTS", 10)
    task = make(cron="* * * * *")
    for minute in range(12):
        ran(task, hour(1) + timedelta(minutes=minute))
    with pytest.raises(Invalid, match="more than 10 slots"):
        backfill_preview(task=task, spec=spec(start=hour(1), end=hour(0)))


def test_a_decade_of_every_few_seconds_is_answered_at_once(make: Make) -> None:
    task = make(schedule={"kind": "every", "seconds": 5})
    assert refusal(task, start=db_now() - timedelta(days=3650), end=db_now()) == {"to": ["too_many"]}
