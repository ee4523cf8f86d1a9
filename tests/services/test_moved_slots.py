"""Slots that a calendar moves, while it is edited and while slots are held back: each is in the history once."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.contrib.auth.models import User

from tasks_app.models import Calendar, ScheduledTask, TaskRun
from tasks_app.services import firing, tasks, upkeep
from tasks_app.services.calendars import calendar_create, calendar_update
from tests.clocks import Clock
from tests.services.conftest import START, Make
from tests.services.deeds import at, fire, fresh, update

pytestmark = pytest.mark.django_db

FRIDAY_NOON = datetime(2026, 11, 27, 12, 0, tzinfo=UTC)


def office(owner: User, **values: Any) -> Calendar:
    """Make a calendar; no day is off unless the values say so."""
    return calendar_create(owner=owner, values={"name": "Office", "weekend": [], **values})


def change(calendar: Calendar, by: User, **changes: Any) -> None:
    """Edit the calendar."""
    calendar_update(calendar=calendar, by=by, changes=changes, actor="test")


def work(task: ScheduledTask) -> None:
    """Do all that beat and upkeep find to do for the task now."""
    while fire(task):
        pass
    firing.release_due(actor="test")
    upkeep.expand_missed("test")


def told(task: ScheduledTask) -> list[str]:
    """Give the history by its slots, with day and hour."""
    rows = TaskRun.objects.filter(task=task).order_by("scheduled_for", "id")
    return [f"{row.scheduled_for:%a %H} {row.status} {row.reason}" for row in rows]


def test_a_slot_moved_before_an_edit_is_not_lost_behind_another_that_is_next(
    make: Make, alice: User, clock: Clock
) -> None:
    calendar = office(alice)
    task = make(cron="0 9,17 * * *", calendar=str(calendar.id), calendar_policy="previous", overlap="allow")
    task = at(task, next_slot=FRIDAY_NOON + timedelta(hours=5), next_due_at=FRIDAY_NOON + timedelta(hours=5))
    clock.move_to(FRIDAY_NOON)
    change(calendar, alice, days=["2026-11-28"])
    work(task)
    assert told(task) == ["Sat 09 queued due"]
    assert fresh(task).next_slot == FRIDAY_NOON + timedelta(hours=5)


def test_of_slots_moved_before_an_edit_the_first_runs(make: Make, alice: User, clock: Clock) -> None:
    calendar = office(alice)
    task = make(cron="0 9,10,11 * * *", calendar=str(calendar.id), calendar_policy="previous", overlap="allow")
    task = at(task, next_slot=FRIDAY_NOON + timedelta(hours=21), next_due_at=FRIDAY_NOON + timedelta(hours=21))
    clock.move_to(FRIDAY_NOON)
    change(calendar, alice, days=["2026-11-28"])
    work(task)
    assert told(task) == ["Sat 09 queued due", "Sat 10 skipped duplicate", "Sat 11 skipped duplicate"]
    assert fresh(task).next_slot == FRIDAY_NOON + timedelta(hours=45)


def test_a_pause_takes_the_slots_that_an_edit_moves_into_it(make: Make, alice: User, clock: Clock) -> None:
    calendar = office(alice)
    task = make(cron="0 9,10 * * *", calendar=str(calendar.id), calendar_policy="previous")
    clock.move_to(FRIDAY_NOON)
    work(task)
    tasks.task_pause(task=fresh(task), actor="test")
    TaskRun.objects.filter(task=task).delete()
    change(calendar, alice, days=["2026-11-28"])
    row = TaskRun.objects.get(task=task)
    assert (told(task), row.range_count) == (["Sat 09 skipped paused"], 2)
    assert fresh(task).next_slot == FRIDAY_NOON + timedelta(hours=45)


def test_a_task_whose_last_slot_is_moved_before_an_edit_is_completed_by_it(
    make: Make, alice: User, clock: Clock
) -> None:
    calendar = office(alice)
    saturday = FRIDAY_NOON + timedelta(hours=21)
    task = make(run_at=saturday, calendar=str(calendar.id), calendar_policy="previous")
    clock.move_to(FRIDAY_NOON)
    change(calendar, alice, days=["2026-11-28"])
    work(task)
    assert told(task) == ["Sat 09 queued due"]
    assert (fresh(task).status, fresh(task).next_slot) == ("completed", None)


def test_an_edit_that_resumes_keeps_the_slot_that_it_moves_behind_itself(make: Make, alice: User, clock: Clock) -> None:
    calendar = office(alice, days=["2026-11-28"])
    task = make(cron="0 9 * * sat", calendar_policy="previous", enabled=False)
    clock.move_to(FRIDAY_NOON)
    at(task, next_slot=FRIDAY_NOON + timedelta(hours=21))
    update(task, calendar=str(calendar.id), enabled=True)
    work(task)
    assert told(task) == ["Sat 09 queued due"]
    assert fresh(task).next_slot == FRIDAY_NOON + timedelta(days=7, hours=21)


def test_a_slot_that_an_edit_leaves_out_does_not_run(make: Make, alice: User, clock: Clock) -> None:
    calendar = office(alice, weekend=["sat", "sun"])
    task = make(cron="0 9 * * sat,mon", calendar=str(calendar.id), calendar_policy="next")
    clock.move_to(FRIDAY_NOON + timedelta(days=1))
    at(task, next_slot=FRIDAY_NOON + timedelta(hours=21), next_due_at=FRIDAY_NOON + timedelta(hours=69))
    update(task, calendar_policy="skip")
    work(task)
    assert told(task) == []
    assert fresh(task).next_slot == FRIDAY_NOON + timedelta(hours=69)


def test_of_slots_held_back_on_one_instant_one_runs(make: Make, alice: User, clock: Clock) -> None:
    calendar = office(alice, weekend=["sat", "sun"])
    task = make(
        cron="0 9 * * *", calendar=str(calendar.id), calendar_policy="next", overlap="allow", spread_seconds=3600
    )
    monday = FRIDAY_NOON + timedelta(days=2, hours=21)
    at(task, next_slot=monday - timedelta(days=2), next_due_at=monday + timedelta(minutes=40))
    clock.move_to(monday + timedelta(seconds=1))
    update(task, cron="0 20 * * *")
    assert told(task) == ["Sat 09 scheduled delayed", "Sun 09 skipped duplicate", "Mon 09 skipped duplicate"]
    assert fresh(task).slots_fired == 1


def test_a_slot_that_has_run_hides_no_other_of_its_range(make: Make, clock: Clock) -> None:
    task = make(cron="0 9 * * *", misfire={"policy": "skip"})
    monday = datetime(2026, 11, 30, 9, 0, tzinfo=UTC)
    task = at(task, next_slot=monday, next_due_at=monday, version=2)
    clock.move_to(monday)
    work(task)
    TaskRun.objects.filter(task=task).update(status="succeeded", reason="", finished_at=monday)
    at(task, next_slot=monday, next_due_at=monday)
    clock.move_to(monday + timedelta(days=2, hours=1))
    fire(task)
    update(task, cron="0 20 * * *")
    upkeep.expand_missed("test")
    assert told(task) == ["Mon 09 succeeded ", "Tue 09 skipped missed", "Wed 09 skipped missed"]


def test_a_slot_of_a_pause_that_an_edit_moves_ahead_is_counted_once_and_does_not_run(
    make: Make, alice: User, clock: Clock
) -> None:
    calendar = office(alice, days=["2026-11-28"])
    task = make(cron="0 9 * * *", calendar=str(calendar.id), calendar_policy="previous")
    clock.move_to(FRIDAY_NOON - timedelta(days=2))
    work(task)
    TaskRun.objects.all().delete()
    task = tasks.task_pause(task=fresh(task), actor="test")
    clock.move_to(FRIDAY_NOON)
    tasks.task_resume(task=task, actor="test")
    upkeep.expand_missed("test")
    assert [(row.scheduled_for.day, row.range_count) for row in TaskRun.objects.all() if row.scheduled_for] == [(26, 3)]
    change(calendar, alice, days=[])
    clock.move_to(FRIDAY_NOON + timedelta(days=1))
    work(task)
    assert told(task) == ["Thu 09 skipped paused", "Sat 09 skipped paused"]
    row = TaskRun.objects.get(range_to__isnull=False)
    assert (row.range_to, row.range_count) == (FRIDAY_NOON - timedelta(hours=3), 2)


def test_a_range_of_two_of_which_one_is_moved_ahead_is_a_slot(make: Make, alice: User, clock: Clock) -> None:
    calendar = office(alice, days=["2026-11-28"])
    task = make(cron="0 9 * * *", calendar=str(calendar.id), calendar_policy="previous")
    clock.move_to(FRIDAY_NOON - timedelta(days=1))
    work(task)
    TaskRun.objects.all().delete()
    task = tasks.task_pause(task=fresh(task), actor="test")
    clock.move_to(FRIDAY_NOON)
    change(calendar, alice, days=[])
    assert told(task) == ["Fri 09 skipped paused", "Sat 09 skipped paused"]
    assert not TaskRun.objects.filter(range_to__isnull=False).exists()


def test_a_range_of_an_ended_task_is_counted_by_the_days_that_it_had(make: Make, alice: User, clock: Clock) -> None:
    calendar = office(alice)
    task = make(
        cron="* * * * *",
        calendar=str(calendar.id),
        misfire={"policy": "skip"},
        ends_at=FRIDAY_NOON + timedelta(hours=24),
    )
    clock.move_to(FRIDAY_NOON + timedelta(days=2))
    at(task, next_slot=FRIDAY_NOON, next_due_at=FRIDAY_NOON)
    fire(task)
    assert fresh(task).status == "completed"
    change(calendar, alice, days=["2026-11-28"])
    upkeep.expand_missed("test")
    assert TaskRun.objects.get(task=task).range_count == 24 * 60 + 1


def test_a_task_with_many_slots_due_does_not_keep_its_calendar_from_being_edited(
    make: Make, alice: User, clock: Clock
) -> None:
    calendar = office(alice)
    every = {"kind": "every", "seconds": 10}
    misfire = {"grace_seconds": 86_400}
    task = make(schedule=every, overlap="allow", misfire=misfire, calendar=str(calendar.id))
    clock.move_to(START + timedelta(hours=2))
    change(calendar, alice, days=["2026-12-24"])
    upkeep.expand_missed("test")
    rows = TaskRun.objects.filter(task=task)
    assert rows.filter(status="queued").count() == 101
    assert [(row.reason, row.range_count) for row in rows.exclude(status="queued")] == [("missed", 720 - 101)]
    assert rows.filter(slot=START + timedelta(hours=2), status="queued").exists()


def test_many_slots_moved_before_an_edit_are_one_row(make: Make, alice: User, clock: Clock) -> None:
    """All of Saturday and Sunday at or before noon, every five seconds: 17,282 of them."""
    calendar = office(alice)
    every = {"kind": "every", "seconds": 5}
    task = make(schedule=every, calendar=str(calendar.id), calendar_policy="previous", overlap="allow")
    clock.move_to(FRIDAY_NOON)
    at(task, next_slot=FRIDAY_NOON + timedelta(seconds=5), next_due_at=FRIDAY_NOON + timedelta(seconds=5))
    change(calendar, alice, days=["2026-11-28", "2026-11-29"])
    rows = TaskRun.objects.filter(task=task).order_by("id")
    run, *twins, rest = rows
    assert (run.slot, run.status) == (FRIDAY_NOON + timedelta(hours=12), "scheduled")
    assert {(twin.reason, twin.range_to) for twin in twins} == {("duplicate", None)}
    assert (len(twins), rest.range_count) == (100, 2 * (12 * 720 + 1) - 101)
    assert rest.range_to == FRIDAY_NOON + timedelta(days=2)


def test_a_slot_that_was_left_out_when_a_range_was_made_is_none_of_it(make: Make, alice: User, clock: Clock) -> None:
    calendar = office(alice, days=["2026-11-26"])
    task = make(cron="0 9 * * *", calendar=str(calendar.id), calendar_policy="skip")
    clock.move_to(FRIDAY_NOON - timedelta(days=3))
    work(task)
    TaskRun.objects.all().delete()
    task = tasks.task_pause(task=fresh(task), actor="test")
    clock.move_to(FRIDAY_NOON)
    tasks.task_resume(task=task, actor="test")
    update(task, calendar_policy="next")
    update(task, calendar_policy="skip")
    assert told(task) == ["Wed 09 skipped paused"]
    assert TaskRun.objects.get(task=task).range_count == 2
