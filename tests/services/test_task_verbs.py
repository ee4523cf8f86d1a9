"""What people do with tasks: pause, resume, cancel, delete, duplicate, run now; no slot and no run is lost."""

from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.db import connection

from tasks_app.errors import Conflict, Invalid
from tasks_app.models import Overlap, ScheduledTask, TaskRun, db_now
from tasks_app.services import tasks, upkeep
from tasks_app.states import TaskStatus
from tests import runs
from tests.handler_types import declared
from tests.services.conftest import PAYLOAD, Make
from tests.services.deeds import at, fire, fresh, update

pytestmark = pytest.mark.django_db


# -- pause and resume


def test_a_pause_stops_the_plan_and_keeps_its_note(make: Make) -> None:
    task = tasks.task_pause(task=make(), actor="user:alice", note="holidays")
    assert (task.status, task.next_due_at, task.pause_note) == ("paused", None, "holidays")
    assert task.version == 2
    assert tasks.task_pause(task=task, actor="user:alice", note="again").pause_note == "holidays"


def test_a_resumed_task_is_planned_from_now(make: Make) -> None:
    task = tasks.task_pause(task=make(), actor="user:alice")
    at(task, failures_in_row=4)
    resumed = tasks.task_resume(task=task, actor="user:alice")
    assert (resumed.status, resumed.pause_note, resumed.paused_at, resumed.failures_in_row) == ("active", "", None, 0)
    assert resumed.next_due_at is not None
    assert resumed.next_due_at > db_now()
    assert not TaskRun.objects.exists()


def back(task: ScheduledTask, **ago: float) -> ScheduledTask:
    """Let the pause have begun so long ago."""
    then = (db_now() - timedelta(**ago)).replace(second=0, microsecond=0)
    return at(task, next_slot=then - timedelta(minutes=then.minute % 10), paused_at=then)


@pytest.mark.parametrize("by", ["resume", "edit"])
def test_the_slots_of_a_pause_stand_in_the_history_as_one_row(by: str, make: Make) -> None:
    task = back(tasks.task_pause(task=make(), actor="user:alice"), hours=3)
    first = task.next_slot
    if by == "resume":
        tasks.task_resume(task=task, actor="user:alice")
    else:
        update(task, enabled=True)
    upkeep.expand_missed("test")
    row = TaskRun.objects.get(task=task)
    assert (row.status, row.reason, row.scheduled_for, row.slot) == ("skipped", "paused", first, None)
    assert row.range_to is not None
    assert row.range_to <= db_now() < row.range_to + timedelta(minutes=10)
    assert row.range_count in (18, 19)
    assert fresh(task).status == "active"


def test_a_pause_takes_no_slot_after_the_end_of_the_window(make: Make) -> None:
    task = back(tasks.task_pause(task=make(), actor="user:alice"), hours=3)
    ends_at = db_now() - timedelta(hours=2)
    at(task, ends_at=ends_at)
    assert tasks.task_resume(task=task, actor="user:alice").status == "completed"
    row = TaskRun.objects.get(task=task)
    assert row.range_to is not None
    assert row.range_to <= ends_at


def test_a_schedule_given_during_a_pause_has_no_slots_before_it(make: Make) -> None:
    task = back(tasks.task_pause(task=make(), actor="user:alice"), hours=3)
    edited = update(task, cron="* * * * *")
    assert (edited.status, edited.next_due_at) == ("paused", None)
    assert edited.next_slot is not None
    assert edited.next_slot > db_now()
    assert TaskRun.objects.get(task=task).reason == "paused"
    resumed = tasks.task_resume(task=edited, actor="user:alice")
    assert resumed.status == "active"
    assert TaskRun.objects.filter(task=task).count() == 1


def test_a_one_time_task_whose_instant_fell_into_its_pause_is_completed(make: Make) -> None:
    task = tasks.task_pause(task=make(run_at=db_now() + timedelta(hours=1)), actor="user:alice")
    then = (db_now() - timedelta(minutes=5)).replace(microsecond=0)
    schedule = {"kind": "once", "run_at": then.strftime("%Y-%m-%dT%H:%M:%SZ")}
    task = at(task, schedule=schedule, next_slot=then)
    assert tasks.task_resume(task=task, actor="user:alice").status == "completed"
    run = TaskRun.objects.get(task=task)
    assert (run.status, run.reason, run.slot) == ("skipped", "paused", then)


def test_a_schedule_that_cannot_be_read_is_said_when_its_task_is_resumed(make: Make) -> None:
    task = tasks.task_pause(task=make(), actor="user:alice")
    task = at(task, schedule={"kind": "cron", "expression": "no cron"})
    with pytest.raises(Conflict):
        tasks.task_resume(task=task, actor="user:alice")
    repaired = update(task, cron="0 * * * *")
    assert tasks.task_resume(task=repaired, actor="user:alice").status == "active"


@pytest.mark.parametrize("status", ["completed", "cancelled"])
def test_what_has_ended_is_neither_paused_nor_resumed_nor_cancelled(status: str, make: Make) -> None:
    task = at(make(), status=status, next_slot=None, next_due_at=None)
    for verb in (tasks.task_pause, tasks.task_resume, tasks.task_cancel):
        with pytest.raises(Conflict):
            verb(task=task, actor="user:alice")
    assert fresh(task).version == 1


# -- cancel and delete


def test_a_cancel_ends_the_plan_and_every_open_run(make: Make, alice: User) -> None:
    task = make(overlap="allow")
    queued, running = (runs.make_run(alice, task) for _ in range(2))
    delayed = runs.make_run(alice, task, status="scheduled", reason="retry", queued_at=None, due_at=db_now())
    ended = runs.make_run(alice, task)
    runs.claim(ended)
    runs.succeed(ended)
    runs.claim(running)
    cancelled = tasks.task_cancel(task=task, actor="user:alice")
    assert (cancelled.status, cancelled.next_slot, cancelled.next_due_at) == ("cancelled", None, None)
    assert [runs.fresh(run).status for run in (queued, delayed, running, ended)] == [
        "cancelled",
        "cancelled",
        "running",
        "succeeded",
    ]
    assert runs.fresh(running).cancel_requested_by == "user:alice"


@pytest.fixture
def ends_meanwhile() -> Iterator[list[TaskRun]]:
    """Runs that end by themselves in the moment in which they are asked to stop."""
    waiting: list[TaskRun] = []

    def end(execute: Callable[..., Any], sql: str, params: Any, many: bool, context: dict[str, Any]) -> Any:
        while waiting and sql.startswith("UPDATE") and "cancel_requested_at" in sql:
            runs.succeed(waiting.pop())
        return execute(sql, params, many, context)

    with connection.execute_wrapper(end):
        yield waiting


def test_a_run_that_ends_in_that_very_moment_does_not_stop_the_cancel(
    make: Make, alice: User, ends_meanwhile: list[TaskRun]
) -> None:
    task = make(overlap="allow")
    runs.make_run(alice, task)
    running = runs.make_run(alice, task)
    runs.claim(running)
    ends_meanwhile.append(running)
    assert tasks.task_cancel(task=task, actor="user:alice").status == "cancelled"
    assert not ends_meanwhile
    assert runs.fresh(running).status == "succeeded"


def test_a_delete_leaves_a_tombstone_and_the_history(make: Make, alice: User) -> None:
    task = make()
    ended = runs.make_run(alice, task)
    runs.claim(ended)
    runs.succeed(ended)
    waiting = runs.make_run(alice, task)
    tasks.task_delete(task=task, actor="user:alice")
    gone = fresh(task)
    assert gone.is_deleted
    assert (gone.status, gone.next_due_at, gone.periodic_task_id) == ("cancelled", None, None)
    assert runs.fresh(ended).task_id == task.id
    assert runs.fresh(waiting).status == "cancelled"


def test_a_delete_of_a_completed_task_cancels_what_still_waits(make: Make) -> None:
    task = make(run_at=db_now() - timedelta(seconds=1))
    fire(task)
    assert fresh(task).status == "completed"
    tasks.task_delete(task=task, actor="user:alice")
    assert TaskRun.objects.get(task=task).status == "cancelled"
    assert fresh(task).status == "completed"


# -- duplicate


def test_a_copy_is_paused_without_a_key_and_belongs_to_who_made_it(make: Make, charlie: User) -> None:
    task = at(make(key="nightly", tags=["a"], priority=7, max_runs=9), slots_fired=9)
    copy = tasks.task_duplicate(task=task, owner=charlie, actor="user:charlie")
    assert (copy.name, copy.key, copy.owner_id, copy.status) == ("Nightly (copy)", None, charlie.pk, "paused")
    assert (copy.schedule, copy.tags, copy.priority, copy.max_runs) == (task.schedule, ["a"], 7, 9)
    assert (copy.slots_fired, copy.payload) == (0, PAYLOAD)


def test_a_copy_of_what_has_passed_leaves_the_instant_out(past: ScheduledTask, alice: User) -> None:
    assert tasks.task_duplicate(task=past, owner=alice, actor="user:alice").kind == "manual"


def test_a_copy_leaves_out_a_window_that_has_closed(make: Make, alice: User) -> None:
    task = at(make(), ends_at=db_now() - timedelta(days=1))
    assert tasks.task_duplicate(task=task, owner=alice, actor="user:alice").ends_at is None


def test_the_longest_name_can_be_copied(make: Make, alice: User) -> None:
    copy = tasks.task_duplicate(task=make(name="n" * 200), owner=alice, actor="user:alice")
    assert len(copy.name) <= 200


# -- run now


@pytest.mark.parametrize("status", [TaskStatus.PAUSED, TaskStatus.COMPLETED])
def test_a_task_that_is_not_active_can_be_run_by_hand(status: str, make: Make) -> None:
    task = at(make(), status=status, next_slot=None, next_due_at=None)
    run = tasks.task_run_now(task=task, actor="user:alice")
    assert (run.status, run.trigger, run.slot, run.actor) == ("queued", "manual", None, "user:alice")
    assert fresh(task).status == status


def test_a_cancelled_or_deleted_task_is_not_run(make: Make) -> None:
    cancelled = tasks.task_cancel(task=make(), actor="user:alice")
    deleted = make(manual=True)
    tasks.task_delete(task=deleted, actor="user:alice")
    for task in (cancelled, fresh(deleted)):
        with pytest.raises(Conflict):
            tasks.task_run_now(task=task, actor="user:alice")
    assert not TaskRun.objects.exists()


def test_a_run_by_hand_may_have_its_own_payload_and_instant(make: Make) -> None:
    task = make(priority=8, tags=["a"])
    instant = datetime(2026, 1, 1, tzinfo=UTC)
    run = tasks.task_run_now(
        task=task, actor="user:alice", payload={"url": "https://example.org/other"}, scheduled_for=instant
    )
    assert (run.payload["url"], run.scheduled_for) == ("https://example.org/other", instant)
    assert (run.priority, run.tags) == (8, ["a"])
    assert fresh(task).payload == PAYLOAD


@pytest.mark.parametrize("payload", [{}, {"url": 3}, {"url": "https://example.org/", "nonsense": 1}])
def test_a_payload_for_one_run_is_checked(payload: dict[str, Any], make: Make) -> None:
    with pytest.raises(Invalid) as refusal:
        tasks.task_run_now(task=make(), actor="user:alice", payload=payload)
    assert all(path.startswith("payload") for path in refusal.value.fields)


def test_a_run_by_hand_of_a_type_without_code_is_made_and_will_fail_visibly(make: Make) -> None:
    with declared(lambda ctx, payload: None) as name:
        task = make(type=name, payload={})
    assert tasks.task_run_now(task=task, actor="user:alice").status == "queued"


@pytest.mark.parametrize(("overlap", "is_serial"), [(name, name != "allow") for name in Overlap.values])
def test_only_side_by_side_tasks_are_not_serial(overlap: str, is_serial: bool, make: Make) -> None:
    assert tasks.task_run_now(task=make(overlap=overlap), actor="user:alice").is_serial is is_serial
