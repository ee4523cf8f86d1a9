"""Spreading tasks: each by a time of its own, always the same, within the bound; slots stay as they are."""

from datetime import timedelta

import pytest
from django_celery_beat.models import PeriodicTask

from tasks_app.errors import Invalid
from tasks_app.models import TaskRun, db_now
from tasks_app.services import tasks, upkeep
from tasks_app.services.spreading import tasks_spread
from tasks_app.services.upcoming import spread_delay
from tests.services.conftest import Make
from tests.services.deeds import at, fresh, update

pytestmark = pytest.mark.django_db


def test_tasks_of_one_minute_start_at_times_of_their_own(make: Make) -> None:
    made = [make(cron="0 3 * * *") for _ in range(30)]
    done = tasks_spread(wanted=[(task, 600) for task in made], actor="user:alice")
    delays = [one.task.next_due_at - one.task.next_slot for one in done]  # type: ignore[operator]  # both are set
    assert all(timedelta(0) <= delay < timedelta(minutes=10) for delay in delays)
    assert len(set(delays)) > 20
    assert delays == [spread_delay(one.task, 600) for one in done]
    assert [one.before_due_at for one in done] == [task.next_slot for task in made]
    assert [one.task.next_slot for one in done] == [task.next_slot for task in made]
    assert [one.task.schedule for one in done] == [task.schedule for task in made]


def test_the_same_spread_again_changes_nothing(make: Make) -> None:
    task = make(cron="0 3 * * *")
    first, second = (tasks_spread(wanted=[(fresh(task), 600)], actor="user:alice")[0] for _ in range(2))
    assert first.task.next_due_at == second.task.next_due_at
    assert (first.task.version, second.task.version) == (2, 2)
    assert (first.before_seconds, second.before_seconds) == (0, 600)


def test_zero_puts_it_back_on_time(make: Make) -> None:
    task = make(cron="0 3 * * *", spread_seconds=3600)
    (done,) = tasks_spread(wanted=[(task, 0)], actor="user:alice")
    assert done.task.next_due_at == done.task.next_slot == task.next_slot


def test_a_cancelled_task_does_not_hold_up_the_others(make: Make) -> None:
    gone, good = make(cron="0 3 * * *"), make(cron="0 3 * * *")
    tasks.task_cancel(task=gone, actor="user:alice")
    refused, done = tasks_spread(wanted=[(gone, 600), (good, 600)], actor="user:alice")
    assert refused.refusal is not None
    assert (done.refusal, done.task.spread_seconds) == (None, 600)
    assert (fresh(gone).spread_seconds, fresh(good).spread_seconds) == (0, 600)


@pytest.mark.parametrize("seconds", [-1, 86_401])
def test_a_bound_that_has_no_meaning_changes_nothing(make: Make, seconds: int) -> None:
    task = make(cron="0 3 * * *")
    with pytest.raises(Invalid) as refusal:
        tasks_spread(wanted=[(task, 600), (task, seconds)], actor="user:alice")
    assert set(refusal.value.fields) == {"spread_seconds"}
    assert fresh(task).version == 1


def test_the_schedule_of_the_mirror_stays_as_it_was(make: Make) -> None:
    task = make(cron="0 3 * * *")
    crontab = PeriodicTask.objects.get(pk=fresh(task).periodic_task_id).crontab
    tasks_spread(wanted=[(task, 600)], actor="user:alice")
    assert PeriodicTask.objects.get(pk=fresh(task).periodic_task_id).crontab == crontab


# -- a slot that has passed and waits for its time to start


def test_a_slot_that_waits_for_its_time_is_not_lost_when_the_task_is_spread_otherwise(make: Make) -> None:
    task = make(cron="*/10 * * * *", spread_seconds=3600)
    slot = (db_now() - timedelta(seconds=20)).replace(microsecond=0)
    task = at(task, next_slot=slot, next_due_at=slot + timedelta(minutes=50))
    # Only slots of the schedule are kept: make this one of them.
    task = at(task, schedule={"kind": "every", "minutes": 10, "anchor": f"{slot:%Y-%m-%dT%H:%M:%SZ}"})
    (done,) = tasks_spread(wanted=[(task, 0)], actor="user:alice")
    run = TaskRun.objects.get(task=task)
    assert (run.slot, run.status, run.due_at) == (slot, "scheduled", slot + timedelta(minutes=50))
    assert done.task.next_slot == done.task.next_due_at == slot + timedelta(minutes=10)


def test_a_one_time_task_keeps_its_slot_too(make: Make) -> None:
    slot = (db_now() - timedelta(minutes=2)).replace(microsecond=0)
    task = make(run_at=db_now() + timedelta(hours=1), spread_seconds=3600)
    schedule = {"kind": "once", "run_at": f"{slot:%Y-%m-%dT%H:%M:%SZ}"}
    task = at(task, schedule=schedule, next_slot=slot, next_due_at=slot + timedelta(minutes=50))
    edited = update(task, spread_seconds=7200)
    assert (edited.status, edited.next_slot) == ("completed", None)
    run = TaskRun.objects.get(task=task)
    assert (run.slot, run.status, run.due_at) == (slot, "scheduled", slot + timedelta(minutes=50))


def test_a_paused_task_takes_the_spread_and_accounts_for_its_pause_once(make: Make) -> None:
    task = tasks.task_pause(task=make(), actor="user:alice")
    then = (db_now() - timedelta(hours=1)).replace(second=0, microsecond=0)
    task = at(task, next_slot=then - timedelta(minutes=then.minute % 10), paused_at=then)
    (done,) = tasks_spread(wanted=[(task, 600)], actor="user:alice")
    assert (done.task.status, done.task.next_due_at) == ("paused", None)
    tasks.task_resume(task=task, actor="user:alice")
    upkeep.expand_missed("test")
    assert TaskRun.objects.filter(task=task).count() == 1
