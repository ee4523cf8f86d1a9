"""Making and editing tasks: nothing fires by an edit, and the version tells."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.contrib.auth.models import User

from tasks_app.errors import Conflict, Invalid, Stale
from tasks_app.models import Queue, ScheduledTask, TaskRun, db_now
from tasks_app.services import tasks
from tests.handler_types import declared
from tests.services.conftest import Make
from tests.services.deeds import at, fire, fresh, update

pytestmark = pytest.mark.django_db


# -- create


def test_a_new_task_is_planned_and_of_version_one(make: Make) -> None:
    task = fresh(make())
    assert (task.status, task.kind, task.version) == ("active", "recurring", 1)
    assert task.next_slot is not None
    assert task.next_slot == task.next_due_at
    assert db_now() < task.next_slot <= db_now() + timedelta(minutes=10)


def test_a_manual_task_is_active_without_a_plan(make: Make) -> None:
    task = make(manual=True)
    assert (task.status, task.kind, task.next_due_at) == ("active", "manual", None)


def test_a_task_created_paused_is_not_due_and_says_why(make: Make) -> None:
    task = make(enabled=False)
    assert (task.status, task.next_due_at, task.pause_note) == ("paused", None, "Created paused")
    assert task.paused_at is not None


def test_an_instant_of_a_moment_ago_still_runs(make: Make) -> None:
    task = make(run_at=db_now() - timedelta(seconds=5))
    assert fire(task) == 1
    assert TaskRun.objects.get(task=task).status == "queued"


def test_an_instant_long_past_is_refused(make: Make) -> None:
    with pytest.raises(Invalid) as refusal:
        make(run_at=db_now() - timedelta(minutes=5))
    assert [fault.code for fault in refusal.value.fields["run_at"]] == ["in_past"]


def test_a_key_is_unique_per_owner_and_the_refusal_names_its_holder(make: Make, charlie: User) -> None:
    first = make(key="nightly")
    with pytest.raises(Conflict) as refusal:
        make(key="nightly")
    assert refusal.value.error_code == "key_taken"
    assert str(first.id) in refusal.value.message
    assert make(key="nightly", owner=charlie).key == "nightly"


def test_a_deleted_task_gives_its_key_back(make: Make) -> None:
    tasks.task_delete(task=make(key="nightly"), actor="user:alice")
    assert make(key="nightly").key == "nightly"


# -- edit


def test_an_edit_raises_the_version_and_leaves_the_plan(make: Make) -> None:
    task = make()
    edited = update(task, name="Daily")
    assert (edited.name, edited.version) == ("Daily", 2)
    assert edited.next_due_at == task.next_due_at


def test_an_edit_that_changes_nothing_leaves_the_version(make: Make) -> None:
    task = make(tags=["a"])
    assert update(task, name="Nightly", cron="*/10 * * * *", tags=["a"], enabled=True).version == 1


def test_tags_with_commas_from_before_hold_up_no_edit_and_a_copy_has_them_split(make: Make, alice: User) -> None:
    task = make()
    ScheduledTask.objects.filter(pk=task.pk).update(tags=["a,b", "c"])
    assert update(task, description="new").tags == ["a,b", "c"]
    assert update(task, tags=["a,b", "d"]).tags == ["a,b", "d"]
    with pytest.raises(Invalid) as refusal:
        update(task, tags=["a,b", "d,e"])
    assert {path: [fault.code for fault in faults] for path, faults in refusal.value.fields.items()} == {
        "tags.1": ["comma"]
    }
    assert tasks.task_duplicate(task=fresh(task), owner=alice, actor="user:alice").tags == ["a", "b", "d"]


def test_an_edit_of_what_has_changed_since_is_refused(make: Make) -> None:
    task = make()
    update(task, name="Daily")
    with pytest.raises(Stale):
        tasks.task_update(task=task, changes={"name": "Weekly"}, actor="user:alice", expected_version=1)
    assert fresh(task).name == "Daily"
    assert tasks.task_update(task=task, changes={"name": "W"}, actor="user:alice", expected_version=2).version == 3


def test_an_edit_names_every_fault_and_changes_nothing(make: Make) -> None:
    task = make()
    with pytest.raises(Invalid) as refusal:
        update(task, name=" ", priority=10, cron="99 * * * *", payload={"url": 3})
    assert {"name", "priority", "cron", "payload.url"} <= set(refusal.value.fields)
    assert (fresh(task).name, fresh(task).version) == ("Nightly", 1)


def test_a_cancelled_task_is_not_edited(make: Make) -> None:
    task = tasks.task_cancel(task=make(), actor="user:alice")
    with pytest.raises(Conflict):
        update(task, name="Daily")


def test_a_new_schedule_takes_effect_from_now_and_never_fires_at_once(make: Make) -> None:
    task = make(cron="0 0 1 1 *")
    edited = update(task, cron="* * * * *")
    assert edited.next_slot is not None
    assert edited.next_slot > db_now()
    assert fire(task) == 0


@pytest.mark.parametrize(
    ("changes", "kind"),
    [
        ({"run_at": datetime(2100, 1, 1, tzinfo=UTC)}, "once"),
        ({"schedule": {"kind": "every", "hours": 1}}, "recurring"),
        ({"cron": None}, "manual"),
        ({"schedule": None}, "manual"),
    ],
)
def test_one_way_to_say_when_replaces_the_other(changes: dict[str, Any], kind: str, make: Make) -> None:
    edited = update(make(), **changes)
    assert edited.kind == kind
    assert (edited.next_due_at is None) == (kind == "manual")


def test_a_zone_alone_moves_the_plan(make: Make) -> None:
    task = make(cron="0 12 * * *", timezone="UTC")
    edited = update(task, timezone="Asia/Tokyo")
    assert edited.next_slot is not None
    assert f"{edited.next_slot:%H:%M}" == "03:00"


def test_the_name_of_a_one_time_task_of_the_past_can_be_edited(past: ScheduledTask) -> None:
    edited = update(past, name="Was nightly")
    assert (edited.name, edited.status) == ("Was nightly", "completed")


def test_the_same_past_instant_may_be_sent_again_with_an_edit(past: ScheduledTask) -> None:
    assert past.schedule is not None
    edited = update(past, name="Was nightly", run_at=past.schedule["run_at"], timezone="UTC")
    assert (edited.name, edited.status, edited.next_due_at) == ("Was nightly", "completed", None)


def test_another_past_instant_is_refused(past: ScheduledTask) -> None:
    with pytest.raises(Invalid) as refusal:
        update(past, run_at=db_now() - timedelta(days=6))
    assert set(refusal.value.fields) == {"run_at"}


def test_a_completed_task_comes_back_with_a_new_schedule(past: ScheduledTask) -> None:
    edited = update(past, run_at=db_now() + timedelta(hours=1))
    assert (edited.status, edited.kind) == ("active", "once")
    assert edited.next_due_at is not None


def test_a_plan_with_nothing_left_completes_the_task(make: Make) -> None:
    task = at(make(), slots_fired=5)
    edited = update(task, max_runs=5)
    assert (edited.status, edited.next_due_at) == ("completed", None)
    again = update(task, max_runs=6)
    assert (again.status, again.next_due_at is None) == ("active", False)


def test_a_completed_task_may_be_rescheduled_and_switched_off_in_one_edit(past: ScheduledTask) -> None:
    edited = update(past, cron="0 * * * *", enabled=False)
    assert (edited.status, edited.next_due_at) == ("paused", None)


def test_a_key_that_is_taken_is_refused_and_nothing_is_edited(make: Make) -> None:
    make(key="one")
    other = make(key="two")
    with pytest.raises(Conflict) as refusal:
        update(other, key="one", name="Daily")
    assert refusal.value.error_code == "key_taken"
    assert (fresh(other).key, fresh(other).name) == ("two", "Nightly")


def test_a_task_whose_code_was_removed_can_still_be_named_and_switched_off(make: Make) -> None:
    with declared(lambda ctx, payload: None) as name:
        task = make(type=name, payload={})
    edited = update(task, name="Orphan", enabled=False)
    assert (edited.name, edited.status) == ("Orphan", "paused")
    with pytest.raises(Invalid) as refusal:
        update(task, payload={"x": 1})
    assert set(refusal.value.fields) == {"type"}


def test_a_task_whose_queue_was_taken_away_can_still_be_edited(make: Make) -> None:
    Queue.objects.get_or_create(name="gpu")
    task = make(queue="gpu")
    Queue.objects.filter(name="gpu").delete()
    assert update(task, name="Daily").name == "Daily"
    with pytest.raises(Invalid):
        make(queue="gpu")
