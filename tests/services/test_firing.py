"""Due slots become runs: each exactly once, whoever fires, whatever row stands beside it."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
import redis
from django.conf import settings
from django.contrib.auth.models import User
from django.db import connection, transaction

from tasks_app.models import RunEvent, ScheduledTask, TaskRun
from tasks_app.services import firing, planning, upkeep
from tasks_app.services.specs import TaskSpec
from tasks_app.services.tasks import task_create, task_pause, task_resume, task_run_now
from tasks_app.states import Status, TaskStatus
from tests import runs as moves
from tests.clocks import Clock
from tests.services.conftest import START

pytestmark = pytest.mark.django_db


def make(owner: User, **fields: Any) -> ScheduledTask:
    """Make a task that runs every ten minutes."""
    values = {"name": "t", "type": "http_request", "payload": {"url": "https://example.org/"}, **fields}
    if not {"schedule", "cron", "run_at"} & set(values):
        values["cron"] = "*/10 * * * *"
    return task_create(owner=owner, spec=TaskSpec(**values), actor="test")


def fire() -> int:
    """Fire what is due."""
    return firing.fire_due(actor="test").runs


def slots(task: ScheduledTask, **filters: Any) -> list[str]:
    """Give the slots that have a run, as local times."""
    rows = TaskRun.objects.filter(task=task, slot__isnull=False, **filters).order_by("slot")
    return [f"{run.slot:%H:%M}" for run in rows]


def test_a_due_slot_becomes_one_run_with_its_event(alice: User, clock: Clock) -> None:
    task = make(alice)
    assert fire() == 0
    clock.move_to(START + timedelta(minutes=10))
    assert fire() == 1
    run = TaskRun.objects.get(task=task)
    assert (run.status, run.trigger, run.owner) == (Status.QUEUED, "schedule", alice)
    assert run.slot == run.scheduled_for == START + timedelta(minutes=10)
    assert RunEvent.objects.filter(run=run, target="queued", actor="test").count() == 1
    task.refresh_from_db()
    assert task.next_slot == task.next_due_at == START + timedelta(minutes=20)
    assert fire() == 0


def test_a_slot_that_has_its_run_is_never_run_again(alice: User, clock: Clock) -> None:
    task = make(alice, overlap="allow")
    clock.move_to(START + timedelta(minutes=10))
    assert fire() == 1
    ScheduledTask.objects.filter(id=task.id).update(
        next_slot=START + timedelta(minutes=10), next_due_at=START + timedelta(minutes=10)
    )
    assert fire() == 0
    assert slots(task) == ["09:10"]


def test_tasks_that_make_up_for_much_are_fired_a_thousand_runs_at_a_time(alice: User, clock: Clock) -> None:
    tasks = [make(alice, cron="* * * * *", misfire={"policy": "all", "max": 600}) for _ in range(3)]
    clock.move_to(START + timedelta(hours=10, seconds=30))
    first, second = firing.fire_due(actor="test"), firing.fire_due(actor="test")
    assert [(fired.tasks, fired.runs, fired.is_full) for fired in (first, second)] == [(2, 1200, True), (1, 600, False)]
    assert {TaskRun.objects.filter(task=task).count() for task in tasks} == {600}


def test_a_broken_row_is_paused_and_does_not_stop_the_others(alice: User, clock: Clock) -> None:
    broken, good = make(alice), make(alice)
    ScheduledTask.objects.filter(id=broken.id).update(schedule={"kind": "cron", "expression": "not cron"})
    clock.move_to(START + timedelta(minutes=10))
    assert fire() == 1
    broken.refresh_from_db()
    assert broken.status == TaskStatus.PAUSED
    assert "schedule" in broken.pause_note
    assert slots(good) == ["09:10"]


@pytest.mark.parametrize("refused", ["insert", "update"])
def test_a_row_that_the_database_refuses_is_paused_and_does_not_stop_the_others(
    refused: str, alice: User, clock: Clock
) -> None:
    bad, good = make(alice, overlap="cancel_running"), [make(alice) for _ in range(3)]
    ScheduledTask.objects.filter(id=bad.id).update(type="refused")
    if refused == "update":  # what it is to replace
        moves.make_run(alice, bad, type="refused")
    clock.move_to(START + timedelta(minutes=10))
    refuse_runs(refused)
    assert fire() == 3
    assert [slots(task) for task in (bad, *good)] == [[], ["09:10"], ["09:10"], ["09:10"]]
    bad.refresh_from_db()
    assert (bad.status, bad.next_due_at) == (TaskStatus.PAUSED, None)
    assert "no such run is wanted" in bad.pause_note
    assert fire() == 0


def test_a_delayed_run_that_cannot_be_released_keeps_no_other_waiting(alice: User, clock: Clock) -> None:
    due: dict[str, Any] = {"status": "scheduled", "reason": "delayed", "queued_at": None, "due_at": START}
    bad = moves.make_run(alice, type="refused", **due)
    good = [moves.make_run(alice, **due) for _ in range(3)]
    refuse_runs("update")
    assert firing.release_due(actor="test") == 3
    assert {moves.fresh(run).status for run in good} == {"queued"}
    assert moves.fresh(bad).status == "scheduled"


def refuse_runs(deed: str) -> None:
    """Let the database refuse to insert or update a run of the type "refused"."""
    table = TaskRun._meta.db_table
    on_postgres = (
        "CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS"
        " $$ BEGIN RAISE EXCEPTION 'no such run is wanted'; END $$",
        f"CREATE TRIGGER refuse BEFORE {deed} ON {table} FOR EACH ROW WHEN (NEW.type = 'refused')"
        " EXECUTE FUNCTION refuse()",
    )
    on_sqlite = (
        f"CREATE TRIGGER refuse BEFORE {deed} ON {table} WHEN NEW.type = 'refused'"
        " BEGIN SELECT RAISE(ABORT, 'no such run is wanted'); END",
    )
    with connection.cursor() as cursor:
        for statement in on_postgres if connection.vendor == "postgresql" else on_sqlite:
            cursor.execute(statement)


def test_a_one_time_task_runs_once_and_is_completed(alice: User, clock: Clock) -> None:
    task = make(alice, run_at=START + timedelta(minutes=5))
    clock.move_to(START + timedelta(minutes=5))
    assert fire() == 1
    task.refresh_from_db()
    assert (task.status, task.next_due_at) == (TaskStatus.COMPLETED, None)


def test_a_task_ends_after_its_runs(alice: User, clock: Clock) -> None:
    task = make(alice, max_runs=2, overlap="allow")
    for minute in (10, 20, 30):
        clock.move_to(START + timedelta(minutes=minute))
        fire()
    assert slots(task) == ["09:10", "09:20"]
    task.refresh_from_db()
    assert task.status == TaskStatus.COMPLETED


def test_a_window_bounds_the_slots(alice: User, clock: Clock) -> None:
    task = make(alice, overlap="allow", starts_at=START + timedelta(minutes=15), ends_at=START + timedelta(minutes=40))
    for minute in range(10, 70, 10):
        clock.move_to(START + timedelta(minutes=minute))
        fire()
    assert slots(task) == ["09:20", "09:30", "09:40"]
    task.refresh_from_db()
    assert (task.status, task.next_due_at) == (TaskStatus.COMPLETED, None)


@pytest.mark.parametrize(
    ("misfire", "ran", "skipped"),
    [
        ({"policy": "latest"}, ["11:00"], 11),
        ({"policy": "skip"}, [], 12),
        ({"policy": "all", "max": 3}, ["10:40", "10:50", "11:00"], 9),
        ({"policy": "all", "max": 100, "window_seconds": 1500}, ["10:40", "10:50", "11:00"], 9),
    ],
)
def test_missed_slots_follow_the_policy_and_are_all_accounted_for(
    misfire: dict[str, Any], ran: list[str], skipped: int, alice: User, clock: Clock
) -> None:
    task = make(alice, misfire=misfire, overlap="allow")
    clock.move_to(START + timedelta(hours=2, minutes=5))
    fire()
    upkeep.expand_missed("test")
    assert slots(task, status="queued") == ran
    assert len(slots(task, status="skipped", reason="missed")) == skipped
    assert len(slots(task)) == 12
    task.refresh_from_db()
    assert task.next_slot == START + timedelta(hours=2, minutes=10)


def test_a_long_range_of_missed_slots_is_one_row_with_its_count(alice: User, clock: Clock) -> None:
    task = make(alice, cron="* * * * *")
    clock.move_to(START + timedelta(hours=5))
    fire()
    upkeep.expand_missed("test")
    row = TaskRun.objects.get(task=task, reason="missed")
    assert row.slot is None
    assert row.range_count == 299
    assert (row.scheduled_for, row.range_to) == (
        START + timedelta(minutes=1),
        START + timedelta(hours=4, minutes=59),
    )


def test_a_slot_within_its_grace_is_late_but_runs(alice: User, clock: Clock) -> None:
    task = make(alice, misfire={"policy": "skip", "grace_seconds": 120})
    clock.move_to(START + timedelta(minutes=11, seconds=30))
    assert fire() == 1
    assert slots(task, status="queued") == ["09:10"]


@pytest.mark.parametrize(
    ("overlap", "second"), [("skip", "skipped"), ("queue_one", "queued"), ("queue_all", "queued"), ("allow", "queued")]
)
def test_a_slot_beside_a_running_run_follows_the_overlap_policy(
    overlap: str, second: str, alice: User, clock: Clock
) -> None:
    task = make(alice, overlap=overlap)
    clock.move_to(START + timedelta(minutes=10))
    fire()
    moves.claim(TaskRun.objects.get(task=task))
    clock.move_to(START + timedelta(minutes=20))
    fire()
    assert TaskRun.objects.get(task=task, slot=START + timedelta(minutes=20)).status == second


def test_queue_one_lets_only_one_wait(alice: User, clock: Clock) -> None:
    task = make(alice, overlap="queue_one")
    for minute in (10, 20, 30):
        clock.move_to(START + timedelta(minutes=minute))
        fire()
        if minute == 10:
            moves.claim(TaskRun.objects.get(task=task))
    assert slots(task, status="queued") == ["09:20"]
    assert slots(task, status="skipped", reason="overlap") == ["09:30"]


def test_cancel_running_asks_the_running_run_to_stop(alice: User, clock: Clock) -> None:
    task = make(alice, overlap="cancel_running")
    clock.move_to(START + timedelta(minutes=10))
    fire()
    first = TaskRun.objects.get(task=task)
    moves.claim(first)
    clock.move_to(START + timedelta(minutes=20))
    fire()
    assert moves.fresh(first).cancel_requested_at is not None
    assert slots(task, status="queued") == ["09:20"]


def test_a_pause_is_one_row_and_its_end_brings_no_burst(alice: User, clock: Clock) -> None:
    task = make(alice)
    task_pause(task=task, actor="user:alice", note="holidays")
    clock.move_to(START + timedelta(hours=1, minutes=5))
    assert fire() == 0
    task = task_resume(task=task, actor="user:alice")
    assert fire() == 0
    assert task.next_slot == START + timedelta(hours=1, minutes=10)
    upkeep.expand_missed("test")
    row = TaskRun.objects.get(task=task)
    assert (row.status, row.reason, row.range_count) == ("skipped", "paused", 6)
    assert (row.scheduled_for, row.range_to) == (START + timedelta(minutes=10), START + timedelta(hours=1))


def test_jitter_is_the_same_wherever_it_is_computed(alice: User, clock: Clock) -> None:
    task = make(alice, jitter_seconds=300)
    again = ScheduledTask.objects.get(id=task.id)
    assert task.next_slot is not None
    assert task.next_due_at == planning.due_at(again, task.next_slot)
    assert timedelta(0) <= task.next_due_at - task.next_slot < timedelta(seconds=300)
    others = {planning.due_at(make(alice, jitter_seconds=300), task.next_slot) for _ in range(8)}
    assert len(others) > 1


def test_delayed_runs_become_eligible_when_they_are_due(alice: User, clock: Clock) -> None:
    run = moves.make_run(
        alice, status="scheduled", reason="delayed", queued_at=None, due_at=START + timedelta(seconds=5)
    )
    assert firing.release_due(actor="test") == 0
    clock.move_to(START + timedelta(seconds=5))
    assert firing.release_due(actor="test") == 1
    assert moves.fresh(run).status == Status.QUEUED


def test_a_run_by_hand_has_no_slot_and_leaves_the_plan_alone(alice: User, clock: Clock) -> None:
    task = make(alice)
    run = task_run_now(task=task, actor="user:alice")
    assert (run.slot, run.trigger, run.scheduled_for) == (None, "manual", START)
    task.refresh_from_db()
    assert task.next_slot == START + timedelta(minutes=10)


@pytest.mark.parametrize(("seconds", "jitter", "length"), [(60, 600, 20), (60, 3600, 75), (5, 600, 15)])
def test_no_slot_is_missed_because_jitter_reaches_over_the_next_ones(
    alice: User, clock: Clock, seconds: int, jitter: int, length: int
) -> None:
    task = make(alice, schedule={"kind": "every", "seconds": seconds}, overlap="allow")
    ScheduledTask.objects.filter(id=task.id).update(jitter_seconds=jitter)  # as an older release took it
    for second in range(0, length * 60, 15):
        clock.move_to(START + timedelta(seconds=second))
        while fire():
            pass
    assert not TaskRun.objects.filter(task=task, status="skipped").exists()
    rows = TaskRun.objects.filter(task=task, slot__isnull=False).order_by("slot")
    found = [run.slot for run in rows if run.slot is not None]
    assert found
    assert found == [found[0] + timedelta(seconds=seconds) * number for number in range(len(found))]
    assert ScheduledTask.objects.get(id=task.id).next_slot == found[-1] + timedelta(seconds=seconds)


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("way", ["slot", "delayed", "run now"])
def test_workers_are_woken_when_the_run_is_there_to_be_found(
    alice: User, clock: Clock, empty_redis: redis.Redis, way: str
) -> None:
    task = make(alice)
    if way == "delayed":
        moves.make_run(alice, status=Status.SCHEDULED, due_at=START)
    clock.move_to(START + timedelta(minutes=10))
    deeds: dict[str, Callable[[], object]] = {
        "slot": fire,
        "delayed": lambda: firing.release_due(actor="test"),
        "run now": lambda: task_run_now(task=task, actor="test"),
    }
    queue = f"{settings.REDIS_PREFIX}default"
    with transaction.atomic():
        deeds[way]()
        assert empty_redis.llen(queue) == 0, "a worker that came now would find nothing"
    assert empty_redis.llen(queue) == 1
