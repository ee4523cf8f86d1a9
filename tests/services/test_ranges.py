"""Rows that stand for many slots: which they are does not change, whatever becomes of schedule and calendar."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.contrib.auth.models import User

from tasks_app.models import Calendar, ScheduledTask, TaskRun
from tasks_app.services import firing, tasks, upkeep
from tasks_app.services.calendars import calendar_create, calendar_delete, calendar_update
from tests.clocks import Clock
from tests.services.conftest import Make
from tests.services.deeds import fresh, update

pytestmark = pytest.mark.django_db

BERLIN = "Europe/Berlin"


def november(day: int, hour: int, minute: int = 0) -> datetime:
    """Friday is the 20th and the 27th."""
    return datetime(2026, 11, day, hour, minute, tzinfo=UTC)


def calendar_of(owner: User, *, weekend: tuple[str, ...] = (), days: tuple[str, ...] = ()) -> Calendar:
    """Make a calendar."""
    return calendar_create(owner=owner, values={"name": "Office", "weekend": list(weekend), "days": list(days)})


def edit(calendar: Calendar, *days: str) -> None:
    """Give the calendar other days off."""
    calendar.refresh_from_db()
    changes = {"days": list(days)}
    calendar_update(calendar=calendar, by=calendar.owner, changes=changes, actor="test")


def beat(task: ScheduledTask) -> None:
    """Fire all that is due, and count."""
    while firing.fire_due(actor="test", task_ids=[str(task.id)]).tasks:
        pass
    firing.release_due(actor="test")
    upkeep.expand_missed("test")


def accounted(task: ScheduledTask) -> int:
    """Count the slots that the history accounts for."""
    rows = TaskRun.objects.filter(task=task)
    return sum(row.range_count or 0 if row.range_to else 1 for row in rows)


def slots_of(task: ScheduledTask) -> list[tuple[datetime | None, str]]:
    """Give the slots that have rows, and their reasons."""
    return list(TaskRun.objects.filter(task=task).order_by("slot").values_list("slot", "reason"))


def test_edits_of_a_calendar_count_no_slot_of_an_outage_twice(alice: User, make: Make, clock: Clock) -> None:
    clock.move_to(november(20, 6))
    calendar = calendar_of(alice, days=("2026-11-23", "2026-11-24"))
    named = {"calendar": str(calendar.id), "calendar_policy": "previous"}
    task = make(cron="*/10 * * * *", misfire={"policy": "skip"}, **named)
    clock.move_to(november(22, 23))
    beat(task)
    edit(calendar, "2026-11-23", "2026-11-24", "2026-11-25", "2026-11-26")
    clock.move_to(november(22, 23, 30))
    beat(task)
    edit(calendar, "2026-11-24", "2026-11-25", "2026-11-26")
    clock.move_to(november(28, 0, 5))
    beat(task)
    assert accounted(task) == (november(28, 0) - november(20, 6)) // timedelta(minutes=10)


def test_edits_of_a_calendar_give_a_pause_no_slots_from_before_the_task(alice: User, make: Make, clock: Clock) -> None:
    made_at = datetime(2026, 10, 20, 6, tzinfo=UTC)
    clock.move_to(made_at)
    calendar = calendar_of(alice, days=("2026-10-20",))
    task = make(cron="*/20 * * * *", timezone=BERLIN, calendar=str(calendar.id), calendar_policy="next", enabled=False)
    edit(calendar, "2026-10-19")
    edit(calendar, "2026-10-19", "2026-10-20")
    rows = TaskRun.objects.filter(task=task).exclude(slot=None)
    assert [row.slot for row in rows if row.slot and row.slot < datetime(2026, 10, 19, 22, tzinfo=UTC)] == []


@pytest.mark.parametrize(
    "extra", [{}, {"max_runs": 50}, {"ends_at": "2030-01-01T00:00:00Z"}, {"starts_at": "2026-11-01T00:00:00Z"}]
)
def test_a_policy_edited_with_the_window_loses_no_slot(
    alice: User, make: Make, clock: Clock, extra: dict[str, Any]
) -> None:
    clock.move_to(november(26, 6))
    calendar = calendar_of(alice, weekend=("sat", "sun"))
    task = make(cron="0 9 * * sat", calendar=str(calendar.id), calendar_policy="next")
    clock.move_to(november(29, 6))
    update(fresh(task), calendar_policy="previous", **extra)
    beat(task)
    assert slots_of(task) == [(november(28, 9), "due")]


def test_a_policy_edited_with_other_words_for_the_schedule_loses_no_slot(alice: User, make: Make, clock: Clock) -> None:
    clock.move_to(november(26, 6))
    calendar = calendar_of(alice, weekend=("sat", "sun"))
    task = make(cron="0 9 * * sat", calendar=str(calendar.id), calendar_policy="next")
    clock.move_to(november(29, 6))
    weekly = {"kind": "weekly", "days": ["sat"], "time": "09:00"}
    update(fresh(task), calendar_policy="previous", cron=None, schedule=weekly)
    beat(task)
    assert slots_of(task) == [(november(28, 9), "due")]


def test_a_slot_that_a_new_window_had_not_planned_does_not_run(alice: User, make: Make, clock: Clock) -> None:
    clock.move_to(november(26, 6))
    calendar = calendar_of(alice, weekend=("sat", "sun"))
    named = {"calendar": str(calendar.id), "calendar_policy": "next"}
    task = make(cron="0 9 * * fri,sat", ends_at="2026-11-29T00:00:00Z", **named)
    clock.move_to(november(29, 6))
    beat(task)
    update(fresh(task), calendar_policy="previous", ends_at=None)
    beat(task)
    assert [slot for slot, _ in slots_of(task)] == [november(27, 9)]


@pytest.mark.parametrize(
    ("extra", "of_weekend_and_monday"), [({}, 36), ({"max_runs": 50}, 36), ({"cron": "*/5 * * * *"}, 3 * 276)]
)
def test_a_slot_of_a_range_that_an_edit_puts_ahead_is_accounted_for_once(
    alice: User, make: Make, clock: Clock, extra: dict[str, Any], of_weekend_and_monday: int
) -> None:
    clock.move_to(november(24, 6))
    calendar = calendar_of(alice, weekend=("sat", "sun"))
    named = {"calendar": str(calendar.id), "calendar_policy": "previous"}
    task = make(cron="0 */2 * * *", misfire={"policy": "skip", "grace_seconds": 1}, **named)
    tasks.task_pause(task=task, actor="test")
    clock.move_to(november(28, 6))
    update(fresh(task), calendar_policy="next", **extra)
    clock.move_to(november(30, 22, 59))
    update(fresh(task), cron="0 0 1 1 *")
    assert accounted(task) == 44 + of_weekend_and_monday


def test_a_range_is_counted_by_the_days_off_that_it_had_though_the_calendar_is_gone(
    alice: User, make: Make, clock: Clock
) -> None:
    clock.move_to(november(20, 6))
    calendar = calendar_of(alice, weekend=("sat", "sun"))
    task = make(cron="* * * * *", calendar=str(calendar.id), misfire={"policy": "skip"})
    clock.move_to(november(23, 6, 5))
    firing.fire_due(actor="test")
    tasks.task_cancel(task=fresh(task), actor="test")
    calendar_delete(calendar=calendar, by=alice)
    upkeep.expand_missed("test")
    friday, monday = november(21, 0) - november(20, 6, 1), november(23, 6, 4) - november(23, 0)
    assert (
        TaskRun.objects.get(range_to__isnull=False).range_count
        == friday // timedelta(minutes=1) + monday // (timedelta(minutes=1)) + 1
    )


@pytest.mark.parametrize("hours", [1, 3])
def test_a_pause_is_one_row_whatever_is_edited_meanwhile(alice: User, make: Make, clock: Clock, hours: int) -> None:
    clock.move_to(november(24, 6, 30))
    calendar = calendar_of(alice)
    task = make(cron="0 * * * *", calendar=str(calendar.id), calendar_policy="previous", enabled=False)
    changes: list[dict[str, Any]] = [{"jitter_seconds": 60}, {"calendar_policy": "next"}, {"spread_seconds": 9}]
    for number, change in enumerate(changes, start=1):
        clock.move_to(november(24, 6, 30) + number * timedelta(hours=hours))
        update(fresh(task), **change)
    edit(calendar, "2026-11-25")
    tasks.task_resume(task=fresh(task), actor="test")
    row = TaskRun.objects.get(task=task)
    assert (row.scheduled_for, row.range_to) == (november(24, 7), november(24, 6) + 3 * timedelta(hours=hours))
    assert (row.range_count, row.slot) == (3 * hours, None)


def test_a_pause_with_two_schedules_is_a_row_of_each(make: Make, clock: Clock) -> None:
    clock.move_to(november(24, 6, 30))
    task = make(cron="0 * * * *", enabled=False)
    clock.move_to(november(24, 9, 5))
    update(fresh(task), cron="30 * * * *")
    clock.move_to(november(24, 12, 5))
    tasks.task_resume(task=fresh(task), actor="test")
    rows = TaskRun.objects.filter(task=task).order_by("scheduled_for")
    assert [(row.range_count, row.result["schedule"]["expression"]) for row in rows if row.result] == [
        (3, "0 * * * *"),
        (3, "30 * * * *"),
    ]


def test_two_pauses_are_two_rows(make: Make, clock: Clock) -> None:
    clock.move_to(november(24, 6, 30))
    task = make(cron="0 * * * *", enabled=False)
    for hour in (9, 12):
        clock.move_to(november(24, hour, 5))
        tasks.task_resume(task=fresh(task), actor="test")
        clock.move_to(november(24, hour, 6))
        tasks.task_pause(task=fresh(task), actor="test")
    assert [row.range_count for row in TaskRun.objects.filter(task=task).order_by("id")] == [3, 3]


def test_a_pause_that_begins_with_an_edit_is_one_row_too(make: Make, clock: Clock) -> None:
    clock.move_to(november(24, 6, 30))
    task = make(cron="0 * * * *")
    clock.move_to(november(24, 7))
    update(task, enabled=False, jitter_seconds=0)
    clock.move_to(november(24, 9, 5))
    tasks.task_resume(task=fresh(task), actor="test")
    assert [(row.scheduled_for, row.range_count) for row in TaskRun.objects.filter(task=task)] == [(november(24, 7), 3)]
