"""A task that is changed in the very moment in which it is due: no slot is lost, none runs that should not."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from tasks_app.errors import Invalid
from tasks_app.models import RunEvent, ScheduledTask, TaskRun
from tasks_app.services import firing, planning, tasks, upkeep
from tests.clocks import Clock
from tests.services.conftest import START, Make
from tests.services.deeds import at, fire, fresh, history, update

pytestmark = pytest.mark.django_db
ACTOR = "user:alice"


def minutes(count: float) -> timedelta:
    return timedelta(minutes=count)


@pytest.fixture
def due(make: Make, clock: Clock) -> ScheduledTask:
    """A task whose slot of 09:10 is due, and has not been fired yet."""
    task = make(overlap="allow")
    clock.move_to(START + minutes(10))
    return task


# -- edits


@pytest.mark.parametrize(
    ("changes", "then"),
    [
        ({"cron": "*/15 * * * *"}, START + minutes(15)),
        ({"cron": "10 9 * * *"}, START + timedelta(days=1, minutes=10)),
        ({"timezone": "Europe/Berlin"}, START + minutes(20)),
        ({"run_at": START + minutes(12)}, START + minutes(12)),
        ({"starts_at": START + minutes(30)}, START + minutes(30)),
        ({"schedule": None}, None),
        ({"max_runs": 1}, None),
    ],
)
def test_an_edit_runs_the_slot_that_is_due_and_takes_effect_after_it(
    changes: dict[str, Any], then: object, due: ScheduledTask
) -> None:
    edited = update(due, **changes)
    assert history(due) == ["09:10 queued/due"]
    assert edited.next_slot == edited.next_due_at == then
    assert fire(due) == 0
    assert RunEvent.objects.get(run__task=due).actor == "edit:user:alice"


def test_the_run_of_the_old_schedule_has_the_old_payload(due: ScheduledTask) -> None:
    payload = {"url": "https://example.org/new"}
    update(due, cron="*/15 * * * *", payload=payload)
    assert TaskRun.objects.get(task=due).payload == {"url": "https://example.org/"}
    assert fresh(due).payload == payload


def test_an_edit_that_leaves_the_schedule_alone_leaves_the_slot_to_beat(due: ScheduledTask) -> None:
    edited = update(due, name="Daily")
    assert (edited.next_slot, history(due)) == (START + minutes(10), [])
    assert fire(due) == 1


def test_an_edit_that_is_refused_fires_nothing(due: ScheduledTask) -> None:
    with pytest.raises(Exception, match="not accepted"):
        update(due, cron="99 * * * *")
    assert history(due) == []


def test_slots_that_were_missed_before_an_edit_are_written_down_by_the_old_schedule(make: Make, clock: Clock) -> None:
    task = make()
    clock.move_to(START + minutes(45))
    update(task, cron="0 * * * *")
    upkeep.expand_missed("test")
    assert history(task) == [
        "09:10 skipped/missed",
        "09:20 skipped/missed",
        "09:30 skipped/missed",
        "09:40 queued/due",
    ]
    assert fresh(task).next_slot == START + minutes(60)


def test_a_long_range_is_counted_by_the_schedule_that_it_belongs_to(make: Make, clock: Clock) -> None:
    task = make(cron="* * * * *", misfire={"policy": "skip"})
    clock.move_to(START + timedelta(hours=3, seconds=30))
    fire(task)
    update(task, cron="0 0 1 1 *")
    upkeep.expand_missed("test")
    assert history(task)[0] == "09:01-11:59 (179) skipped/missed"


def test_slots_within_their_grace_all_run(make: Make, clock: Clock) -> None:
    task = make(schedule={"kind": "every", "seconds": 10}, overlap="allow")
    clock.move_to(START + timedelta(seconds=40))
    update(task, cron="0 * * * *")
    assert len(history(task)) == 4
    assert all(line.endswith("queued/due") for line in history(task))


def test_an_edit_does_not_do_the_work_of_a_day_of_beats(make: Make, clock: Clock) -> None:
    """Beyond a hundred the misfire policy decides, whatever the grace; each slot is in the history."""
    every = {"kind": "every", "seconds": 10}
    task = make(schedule=every, overlap="allow", misfire={"grace_seconds": 86_400, "policy": "all", "max": 3})
    clock.move_to(START + timedelta(hours=2))
    update(task, cron="0 * * * *")
    upkeep.expand_missed("test")
    assert TaskRun.objects.filter(task=task, status="queued").count() == 103
    assert TaskRun.objects.get(task=task, status="skipped").range_count == 720 - 103
    assert fresh(task).next_slot == START + timedelta(hours=3)


@pytest.mark.parametrize(
    ("schedule", "count"),
    [
        ({"kind": "every", "seconds": 5}, 400 * 17_280),
        ({"kind": "cron", "expression": "* * * * *"}, 400 * 1440),
        ({"kind": "any", "of": [{"kind": "every", "seconds": 10}, {"kind": "hourly", "minute": 7}]}, 400 * 8640),
    ],
)
def test_an_edit_counts_a_pause_of_any_length(schedule: dict[str, Any], count: int, make: Make, clock: Clock) -> None:
    task = tasks.task_pause(task=make(schedule=schedule), actor=ACTOR)
    clock.move_to(START + timedelta(days=400))
    update(task, cron="0 * * * *")
    row = TaskRun.objects.get(task=task)
    assert (row.range_count, row.error) == (count, "")
    assert row.result == {"schedule": task.schedule, "timezone": "UTC"}


@pytest.mark.parametrize("shift", [{"jitter_seconds": 86_400}, {"spread_seconds": 86_400}])
def test_a_slot_that_jitter_holds_back_runs_when_it_would_have(shift: dict[str, int], make: Make, clock: Clock) -> None:
    task = at(make(overlap="allow"), next_due_at=START + minutes(40), **shift)
    clock.move_to(START + minutes(15))
    edited = update(task, cron="0 * * * *", jitter_seconds=0, spread_seconds=0)
    assert edited.next_slot == START + minutes(60)
    assert firing.release_due(actor="test") == 0
    assert history(task) == ["09:10 scheduled/delayed"]
    clock.move_to(START + minutes(40))
    assert firing.release_due(actor="test") == 1
    assert history(task) == ["09:10 queued/due"]


def test_all_slots_that_jitter_holds_back_keep_their_moments(make: Make, clock: Clock) -> None:
    task = at(make(overlap="allow"), next_due_at=START + minutes(40), jitter_seconds=86_400)
    clock.move_to(START + minutes(35))
    update(task, cron="0 * * * *", jitter_seconds=0)
    later = [START + minutes(20), START + minutes(30)]
    moments = dict(TaskRun.objects.filter(task=task).values_list("slot", "due_at"))
    assert moments == {
        START + minutes(10): START + minutes(40),
        **{slot: planning.due_at(task, slot) for slot in later},
    }
    assert fresh(task).next_slot == START + minutes(60)


def test_a_one_time_task_that_is_moved_too_late_has_run_and_runs_again(make: Make, clock: Clock) -> None:
    task = make(run_at=START + minutes(5))
    clock.move_to(START + minutes(5))
    edited = update(task, run_at=START + minutes(30))
    assert (edited.status, edited.next_slot) == ("active", START + minutes(30))
    assert history(task) == ["09:05 queued/due"]
    clock.move_to(START + minutes(30))
    fire(task)
    assert [line.partition(" ")[0] for line in history(task)] == ["09:05", "09:30"]
    assert fresh(task).status == "completed"


def test_a_schedule_that_cannot_be_read_is_mended_by_an_edit(due: ScheduledTask) -> None:
    task = at(due, schedule={"kind": "cron", "expression": "no cron"})
    edited = update(task, cron="0 * * * *")
    assert (edited.status, edited.next_slot) == ("active", START + minutes(60))
    assert history(due) == []


# -- pause and resume


def test_a_pause_takes_the_slot_that_is_due_and_not_begun(due: ScheduledTask, clock: Clock) -> None:
    tasks.task_pause(task=due, actor=ACTOR)
    assert fire(due) == 0
    clock.move_to(START + minutes(15))
    resumed = tasks.task_resume(task=due, actor=ACTOR)
    assert history(due) == ["09:10 skipped/paused"]
    assert resumed.next_slot == START + minutes(20)


def test_an_edit_that_also_pauses_takes_the_slot_that_is_due(due: ScheduledTask, clock: Clock) -> None:
    update(due, cron="*/15 * * * *", enabled=False)
    assert history(due) == ["09:10 skipped/paused"]
    clock.move_to(START + minutes(40))
    tasks.task_resume(task=fresh(due), actor=ACTOR)
    upkeep.expand_missed("test")
    assert history(due) == ["09:10 skipped/paused", "09:15-09:30 (2) skipped/paused"]


def test_a_resume_on_the_instant_of_a_slot_does_not_run_it(make: Make, clock: Clock) -> None:
    task = tasks.task_pause(task=make(), actor=ACTOR)
    clock.move_to(START + minutes(10))
    assert tasks.task_resume(task=task, actor=ACTOR).next_slot == START + minutes(20)
    assert fire(task) == 0
    assert history(task) == ["09:10 skipped/paused"]


def test_the_slots_of_a_pause_are_counted_by_the_schedule_that_it_held_back(make: Make, clock: Clock) -> None:
    task = tasks.task_pause(task=make(), actor=ACTOR)
    clock.move_to(START + minutes(45))
    update(task, cron="* * * * *")
    assert history(task) == ["09:10-09:40 (4) skipped/paused"]


# -- ends

End = Callable[..., object]


@pytest.mark.parametrize("end", [tasks.task_cancel, tasks.task_delete])
def test_the_slot_that_is_due_when_its_task_ends_is_cancelled_with_it(end: End, due: ScheduledTask) -> None:
    end(task=due, actor=ACTOR)
    assert history(due) == ["09:10 cancelled/user"]
    assert (fresh(due).status, fresh(due).next_due_at) == ("cancelled", None)
    assert fire(due) == 0


@pytest.mark.parametrize("end", [tasks.task_cancel, tasks.task_delete])
def test_the_slots_of_a_pause_are_written_down_when_the_task_ends(end: End, make: Make, clock: Clock) -> None:
    task = tasks.task_pause(task=make(), actor=ACTOR)
    clock.move_to(START + minutes(45))
    end(task=task, actor=ACTOR)
    upkeep.expand_missed("test")
    assert history(task) == ["09:10-09:40 (4) skipped/paused"]


def test_a_one_time_task_that_is_cancelled_in_its_moment_is_cancelled(make: Make, clock: Clock) -> None:
    task = make(run_at=START + minutes(5))
    clock.move_to(START + minutes(5))
    assert tasks.task_cancel(task=task, actor=ACTOR).status == "cancelled"
    assert history(task) == ["09:05 cancelled/user"]


def test_an_edit_of_a_task_with_many_slots_held_back_makes_a_bounded_number_of_runs(make: Make, clock: Clock) -> None:
    every = {"kind": "every", "seconds": 10}
    task = at(make(schedule=every, overlap="allow", spread_seconds=86_400), next_due_at=START + timedelta(days=1))
    clock.move_to(START + minutes(30))
    update(task, cron="0 * * * *", spread_seconds=0)
    upkeep.expand_missed("test")
    rows = TaskRun.objects.filter(task=task)
    assert rows.filter(status="scheduled").count() == 100
    assert rows.filter(status="skipped", reason="missed").count() == 80


def test_a_jitter_that_was_taken_once_is_not_held_against_an_edit_of_something_else(make: Make, clock: Clock) -> None:
    task = at(make(), jitter_seconds=3600)
    assert update(task, name="Renamed").name == "Renamed"
    with pytest.raises(Invalid) as refused:
        update(task, cron="*/5 * * * *")
    assert list(refused.value.fields) == ["jitter_seconds"]
