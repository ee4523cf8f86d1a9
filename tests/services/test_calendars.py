"""Calendars: who may make and edit them, what is refused, and how the tasks that keep them are planned."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import time_machine
from django.contrib.auth.models import User
from django.db import transaction
from django_celery_beat.models import PeriodicTask

from tasks_app.errors import CarillonError, Conflict, Forbidden, Invalid, Stale
from tasks_app.models import Calendar, ScheduledTask, TaskRun
from tasks_app.services import backfill_slots, firing, planning, upkeep
from tasks_app.services.calendars import calendar_create, calendar_delete, calendar_update
from tasks_app.services.specs import TaskSpec
from tasks_app.services.tasks import task_create, task_delete, task_duplicate, task_pause, task_resume, task_update
from tasks_app.services.upcoming import upcoming_slots

pytestmark = pytest.mark.django_db(transaction=True)

THURSDAY = datetime(2026, 10, 1, 8, 0, tzinfo=UTC)
PAYLOAD = {"url": "https://example.org/"}


@pytest.fixture
def clock(valkey: str) -> Iterator[Any]:
    """Thursday, 1 October 2026, 08:00 UTC, until it is moved."""
    if transaction.get_connection().vendor == "postgresql":
        pytest.skip("PostgreSQL has its own clock, which a test cannot move")
    with time_machine.travel(THURSDAY, tick=False) as travel:
        yield travel


def new(owner: User, **values: Any) -> Calendar:
    """Make a calendar with weekends off."""
    return calendar_create(owner=owner, values={"name": "Office", **values})


def daily(owner: User, calendar: Calendar | str, **fields: Any) -> ScheduledTask:
    """Make a task of every day at nine that keeps a calendar."""
    named = str(calendar.id) if isinstance(calendar, Calendar) else calendar
    spec = TaskSpec(name="Daily", type="http_request", payload=PAYLOAD, cron="0 9 * * *", calendar=named, **fields)
    return task_create(owner=owner, spec=spec, actor="test")


def change(calendar: Calendar, by: User, **changes: Any) -> Calendar:
    """Edit a calendar."""
    return calendar_update(calendar=calendar, by=by, changes=changes, actor="test")


def fire_until(clock: Any, task: ScheduledTask, until: datetime) -> list[str]:
    """Move the clock from due instant to due instant, fire each, and tell the history in its order."""
    while (task := ScheduledTask.objects.get(id=task.id)).next_due_at is not None and task.next_due_at <= until:
        clock.move_to(task.next_due_at)
        firing.fire_due(actor="test")
        TaskRun.objects.filter(status="queued").update(status="succeeded", finished_at=task.next_due_at)
    rows = TaskRun.objects.filter(task=task).order_by("id")
    return [f"{row.slot:%a %d} {row.status} {row.reason} {row.created_at:%a %d %H:%M}" for row in rows if row.slot]


def test_a_day_off_is_left_out(alice: User, clock: Any) -> None:
    task = daily(alice, new(alice))
    assert fire_until(clock, task, datetime(2026, 10, 5, 12, 0, tzinfo=UTC)) == [
        "Thu 01 succeeded due Thu 01 09:00",
        "Fri 02 succeeded due Fri 02 09:00",
        "Mon 05 succeeded due Mon 05 09:00",
    ]


def test_slots_that_meet_on_one_instant_run_once(alice: User, clock: Any) -> None:
    task = daily(alice, new(alice), calendar_policy="next")
    assert fire_until(clock, task, datetime(2026, 10, 5, 12, 0, tzinfo=UTC)) == [
        "Thu 01 succeeded due Thu 01 09:00",
        "Fri 02 succeeded due Fri 02 09:00",
        "Sat 03 succeeded due Mon 05 09:00",
        "Sun 04 skipped duplicate Mon 05 09:00",
        "Mon 05 skipped duplicate Mon 05 09:00",
    ]


def test_the_working_day_before_runs_in_its_place(alice: User, clock: Any) -> None:
    task = daily(alice, new(alice, days=["2026-10-06"]), calendar_policy="previous", jitter_seconds=60)
    rows = fire_until(clock, task, datetime(2026, 10, 7, 12, 0, tzinfo=UTC))
    assert [row[: len("Fri 02 succeeded due")].strip() for row in rows] == [
        "Thu 01 succeeded due",
        "Fri 02 succeeded due",
        "Sat 03 skipped dupli",
        "Sun 04 skipped dupli",
        "Mon 05 succeeded due",
        "Tue 06 skipped dupli",
        "Wed 07 succeeded due",
    ]


@pytest.mark.parametrize("policy", ["skip", "latest", "all"])
@pytest.mark.parametrize("calendar_policy", ["skip", "previous", "next"])
def test_every_slot_of_an_outage_is_accounted_for_once(
    alice: User, clock: Any, policy: str, calendar_policy: str
) -> None:
    task = daily(alice, new(alice), calendar_policy=calendar_policy, overlap="queue_all", misfire={"policy": policy})
    clock.move_to(THURSDAY + timedelta(days=12))
    while firing.fire_due(actor="test").tasks:
        pass
    upkeep.expand_missed("test")
    rows = TaskRun.objects.filter(task=task).order_by("slot")
    days = [row.slot.day for row in rows if row.slot]
    kept = [day for day in range(1, 13) if calendar_policy != "skip" or day not in (3, 4, 10, 11)]
    assert days == kept
    ran = [row for row in rows if row.status == "queued"]
    assert len(ran) == {"skip": 0, "latest": 1, "all": 8}[policy]
    assert ScheduledTask.objects.get(id=task.id).next_due_at == datetime(2026, 10, 13, 9, 0, tzinfo=UTC)


def test_an_edit_plans_the_tasks_anew(alice: User, clock: Any) -> None:
    calendar = new(alice, weekend=[])
    task = daily(alice, calendar)
    change(calendar, alice, days=[{"date": "2026-10-01", "name": "Closed"}], name="Closed days")
    task.refresh_from_db()
    assert task.next_slot == task.next_due_at == datetime(2026, 10, 2, 9, 0, tzinfo=UTC)
    assert task.schedule_text == "Every day at 09:00, UTC, but not on days off of “Closed days”"
    assert task.version == 2
    assert "Closed days" in PeriodicTask.objects.get(scheduled_task=task).description


def test_an_edit_loses_no_slot_that_is_due(alice: User, clock: Any) -> None:
    calendar = new(alice)
    task = daily(alice, calendar)
    clock.move_to(datetime(2026, 10, 1, 9, 0, 20, tzinfo=UTC))
    change(calendar, alice, days=["2026-10-01", "2026-10-02"])
    assert [run.slot for run in TaskRun.objects.filter(task=task)] == [datetime(2026, 10, 1, 9, 0, tzinfo=UTC)]
    task.refresh_from_db()
    assert task.next_slot == datetime(2026, 10, 5, 9, 0, tzinfo=UTC)


def test_a_day_off_declared_at_short_notice_lets_the_slot_run_now(alice: User, clock: Any) -> None:
    calendar = new(alice)
    task = daily(alice, calendar, calendar_policy="previous")
    clock.move_to(datetime(2026, 10, 1, 12, 0, tzinfo=UTC))
    firing.fire_due(actor="test")
    change(calendar, alice, days=["2026-10-02"])
    run = TaskRun.objects.get(task=task, slot=datetime(2026, 10, 2, 9, 0, tzinfo=UTC))
    assert (run.status, run.due_at) == ("scheduled", datetime(2026, 10, 1, 12, 0, tzinfo=UTC))
    task.refresh_from_db()
    assert task.next_slot == datetime(2026, 10, 5, 9, 0, tzinfo=UTC)


def test_an_edit_that_would_silence_a_task_is_refused(alice: User, clock: Any) -> None:
    calendar = new(alice)
    spec = TaskSpec(name="Eve", type="http_request", payload=PAYLOAD, cron="0 9 24 12 *", calendar="Office")
    task_create(owner=alice, spec=spec, actor="test")
    with pytest.raises(Invalid, match="Eve"):
        change(calendar, alice, days=["12-24"])
    assert Calendar.objects.get().days == []


def test_a_task_whose_days_are_all_off_is_refused_at_the_calendar(alice: User) -> None:
    new(alice, days=["12-24"])
    spec = TaskSpec(name="Eve", type="http_request", payload=PAYLOAD, cron="0 9 24 12 *", calendar="Office")
    with pytest.raises(Invalid) as caught:
        task_create(owner=alice, spec=spec, actor="test")
    assert [fault.code for fault in caught.value.fields["calendar"]] == ["never"]


def test_a_calendar_is_meant_by_id_or_name_and_only_where_it_may_be_used(
    alice: User, charlie: User, staff: User
) -> None:
    own = new(alice)
    shared = calendar_create(owner=staff, values={"name": "Germany", "country": "DE", "is_shared": True})
    assert daily(alice, "Office").calendar == own
    assert daily(alice, shared).calendar == shared
    assert daily(charlie, "Germany").calendar == shared
    for foreign in (str(own.id), "Office", "no such", "0" * 32):
        with pytest.raises(Invalid) as caught:
            daily(charlie, foreign)
        assert list(caught.value.fields) == ["calendar"]


def test_a_task_keeps_its_calendar_through_edits_and_in_its_copy(alice: User) -> None:
    task = daily(alice, new(alice), calendar_policy="next")
    renamed = task_update(task=task, changes={"name": "Renamed"}, actor="test")
    assert renamed.calendar_id == task.calendar_id
    copy = task_duplicate(task=renamed, owner=alice, actor="test")
    assert (copy.calendar_id, copy.calendar_policy) == (task.calendar_id, "next")
    assert task_update(task=task, changes={"calendar": None}, actor="test").calendar is None


def test_a_calendar_in_use_can_neither_go_nor_be_kept_from_others(alice: User, staff: User) -> None:
    calendar = new(staff, is_shared=True)
    task = daily(alice, calendar)
    for deed in (
        lambda: calendar_delete(calendar=calendar, by=staff),
        lambda: change(calendar, staff, is_shared=False),
    ):
        with pytest.raises(Conflict, match="1 task keeps"):
            deed()
    task_delete(task=task, actor="test")
    calendar_delete(calendar=calendar, by=staff)
    assert ScheduledTask.objects.get(id=task.id).calendar is None


def test_what_is_shared_is_edited_by_its_owner_and_staff_alone(alice: User, bob: User, staff: User) -> None:
    calendar = new(staff, is_shared=True)
    with pytest.raises(Forbidden):
        change(calendar, alice, name="Mine")
    with pytest.raises(Forbidden):
        new(alice, is_shared=True)
    own = new(alice, name="Own")
    assert change(own, staff, name="Other").name == "Other"
    with pytest.raises(Stale):
        calendar_update(calendar=own, by=alice, changes={"name": "x"}, actor="test", expected_version=1)


@pytest.mark.parametrize(
    ("values", "path", "code"),
    [
        ({"name": ""}, "name", "blank"),
        ({"name": "a\nb"}, "name", "one_line"),
        ({"name": "x" * 101}, "name", "too_long"),
        ({"country": "XX"}, "country", "unknown"),
        ({"subdivision": "BY"}, "subdivision", "required"),
        ({"country": "DE", "subdivision": "ENG"}, "subdivision", "unknown"),
        ({"weekend": "sat"}, "weekend", "invalid_choice"),
        ({"weekend": ["saturday"]}, "weekend", "invalid_choice"),
        ({"weekend": ["mon", "tue", "wed", "thu", "fri", "sat", "sun"]}, "weekend", "never"),
        ({"days": "2027-01-01"}, "days", "type"),
        ({"days": ["2027-02-29"]}, "days.0.date", "date_invalid"),
        ({"days": [{"date": None}]}, "days.0.date", "date_invalid"),
        ({"days": ["2027-01-01", 7]}, "days.1", "type"),
        ({"days": [{"date": "2027-01-01", "when": 1}]}, "days.0.when", "unknown_field"),
        ({"days": [{"date": "2027-01-01", "name": 1}]}, "days.0.name", "type"),
        ({"days": [{"date": "2027-01-01", "source": "x"}]}, "days.0.source", "invalid_choice"),
        ({"days": ["2027-01-01"] * 2001}, "days", "too_many"),
    ],
)
def test_each_fault_is_named_at_its_field(alice: User, values: dict[str, Any], path: str, code: str) -> None:
    with pytest.raises(CarillonError) as caught:
        new(alice, **values)
    assert {where: [fault.code for fault in faults] for where, faults in caught.value.fields.items()} == {path: [code]}
    assert not Calendar.objects.exists()


def test_a_name_is_taken_once(alice: User) -> None:
    new(alice)
    with pytest.raises(Invalid) as caught:
        new(alice)
    assert caught.value.fields["name"][0].code == "taken"


def test_days_are_sorted_and_each_is_kept_once(alice: User) -> None:
    calendar = new(alice, days=["2027-05-14", {"date": "12-24", "name": " Christmas  Eve "}, "2027-05-14"])
    assert calendar.days == [
        {"date": "12-24", "name": "Christmas Eve", "source": "typed"},
        {"date": "2027-05-14", "name": "", "source": "typed"},
    ]


def test_an_edit_leaves_a_slot_that_spread_holds_back_its_moment(alice: User, clock: Any) -> None:
    calendar = new(alice)
    task = daily(alice, calendar, spread_seconds=86_400)
    due_at = task.next_due_at
    assert due_at is not None
    assert due_at > datetime(2026, 10, 1, 9, 1, tzinfo=UTC)
    clock.move_to(datetime(2026, 10, 1, 9, 1, tzinfo=UTC))
    change(calendar, alice, days=["2026-10-02"])
    run = TaskRun.objects.get(task=task)
    assert (run.slot, run.status, run.due_at) == (datetime(2026, 10, 1, 9, 0, tzinfo=UTC), "scheduled", due_at)
    task.refresh_from_db()
    assert task.next_slot == datetime(2026, 10, 5, 9, 0, tzinfo=UTC)


def test_a_pause_is_one_row_and_counts_each_stretch_by_the_days_that_it_had(alice: User, clock: Any) -> None:
    calendar = new(alice, weekend=[])
    task = task_pause(task=daily(alice, calendar), actor="test")
    clock.move_to(datetime(2026, 10, 5, 12, 0, tzinfo=UTC))
    change(calendar, alice, weekend=["sat", "sun"])
    clock.move_to(datetime(2026, 10, 12, 12, 0, tzinfo=UTC))
    task_resume(task=task, actor="test")
    upkeep.expand_missed("test")
    rows = TaskRun.objects.filter(task=task).order_by("id")
    assert [(row.status, row.reason, row.range_count) for row in rows] == [("skipped", "paused", 10)]


@pytest.mark.parametrize(
    ("policy", "starts"),
    [
        ("skip", ["Thu 01", "Fri 02", "Mon 05", "Tue 06"]),
        ("previous", ["Thu 01", "Fri 02", "Mon 05", "Tue 06"]),
        ("next", ["Thu 01", "Fri 02", "Mon 05", "Tue 06"]),
    ],
)
def test_what_is_to_come_happens_once_on_each_instant(alice: User, clock: Any, policy: str, starts: list[str]) -> None:
    task = daily(alice, new(alice), calendar_policy=policy)
    found = upcoming_slots(alice, until=None, limit=4)
    assert [f"{one.due_at:%a %d}" for one in found] == starts
    assert [f"{one:%a %d}" for one in planning.planned_instants(task, 4)] == starts


@pytest.mark.parametrize(("policy", "moved"), [("skip", {}), ("previous", {}), ("next", {"Mon 05": "Sat 03"})])
def test_a_moved_run_names_the_slot_that_it_stands_for(
    alice: User, clock: Any, policy: str, moved: dict[str, str]
) -> None:
    task = daily(alice, new(alice), calendar_policy=policy)
    seen = planning.upcoming(task, planning.placed(task, task.next_slot or datetime.max).at, 4)
    for told in (seen, planning.planned_runs(task, 5)):
        assert {f"{one.at:%a %d}": f"{one.instead_of:%a %d}" for one in told if one.instead_of} == moved
    shown = upcoming_slots(alice, until=None, limit=5)
    assert {f"{one.due_at:%a %d}": f"{one.instead_of:%a %d}" for one in shown if one.instead_of} == moved


@pytest.mark.parametrize(("policy", "days"), [("skip", [1, 2, 5, 6]), ("previous", [1, 2, 3, 4, 5, 6])])
def test_a_backfill_leaves_out_what_the_calendar_leaves_out(
    alice: User, clock: Any, policy: str, days: list[int]
) -> None:
    task = daily(alice, new(alice), calendar_policy=policy)
    start, end = datetime(2026, 10, 1, tzinfo=UTC), datetime(2026, 10, 6, 12, tzinfo=UTC)
    assert [slot.day for slot in backfill_slots.instants(task, start, end)] == days
    assert backfill_slots.some_ago(task, end, 2).day == 5


def attach(task: ScheduledTask, calendar: Calendar | None, policy: str = "next") -> ScheduledTask:
    """Let a task keep a calendar from now on."""
    changes = {"calendar": str(calendar.id) if calendar else None, "calendar_policy": policy}
    return task_update(task=task, changes=changes, actor="test")


def test_a_working_day_runs_though_a_slot_moved_onto_it_has_run_already(alice: User, clock: Any) -> None:
    spec = TaskSpec(name="Daily", type="http_request", payload=PAYLOAD, cron="0 9 * * *")
    task = task_create(owner=alice, spec=spec, actor="test")
    fire_until(clock, task, datetime(2026, 10, 4, 9, 0, tzinfo=UTC))
    clock.move_to(datetime(2026, 10, 4, 12, 0, tzinfo=UTC))
    attach(ScheduledTask.objects.get(id=task.id), new(alice))
    rows = fire_until(clock, task, datetime(2026, 10, 5, 12, 0, tzinfo=UTC))
    assert rows[-1] == "Mon 05 succeeded due Mon 05 09:00"
    assert ScheduledTask.objects.get(id=task.id).slots_fired == len(rows) == 5


def test_a_day_off_that_is_taken_back_lets_its_slot_run_at_once(alice: User, clock: Any) -> None:
    calendar = new(alice, days=["2026-10-02"])
    task = daily(alice, calendar, calendar_policy="next")
    fire_until(clock, task, datetime(2026, 10, 1, 9, 0, tzinfo=UTC))
    clock.move_to(datetime(2026, 10, 3, 12, 0, tzinfo=UTC))
    change(calendar, alice, days=[])
    assert firing.release_due(actor="test") == 1
    rows = fire_until(clock, task, datetime(2026, 10, 3, 12, 0, tzinfo=UTC))
    assert rows == ["Thu 01 succeeded due Thu 01 09:00", "Fri 02 queued due Sat 03 12:00"]


def test_a_slot_that_has_run_uses_up_no_run_when_it_comes_again(alice: User, clock: Any) -> None:
    calendar = new(alice, days=["2026-10-05"])
    spec = TaskSpec(
        name="Mondays",
        type="http_request",
        payload=PAYLOAD,
        cron="0 9 * * 1",
        calendar="Office",
        calendar_policy="previous",
        max_runs=2,
    )
    task = task_create(owner=alice, spec=spec, actor="test")
    fire_until(clock, task, datetime(2026, 10, 2, 9, 0, tzinfo=UTC))
    clock.move_to(datetime(2026, 10, 3, 12, 0, tzinfo=UTC))
    change(calendar, alice, days=[])
    fire_until(clock, task, datetime(2026, 10, 5, 9, 0, tzinfo=UTC))
    task.refresh_from_db()
    assert (task.status, task.slots_fired) == ("active", 1)
    assert TaskRun.objects.filter(task=task).count() == 1


def test_more_days_off_in_a_row_than_can_be_looked_past_are_refused(alice: User, clock: Any) -> None:
    first = datetime(2026, 11, 2, tzinfo=UTC).date()
    for weekend, allowed in ((["sat", "sun"], 60), ([], 62)):
        days = [str(first + timedelta(days=number)) for number in range(allowed)]
        calendar = new(alice, name=f"Closed {allowed}", weekend=weekend, days=days)
        with pytest.raises(Invalid) as caught:
            change(calendar, alice, days=[*days, str(first + timedelta(days=allowed))])
        assert [fault.code for fault in caught.value.fields["days"]] == ["too_long"]


def test_a_yearly_holiday_that_is_always_off_is_refused_not_planned_for_the_next_century(alice: User) -> None:
    new(alice, country="DE")
    spec = TaskSpec(name="Xmas", type="http_request", payload=PAYLOAD, cron="0 6 25 12 *", calendar="Office")
    with pytest.raises(Invalid) as caught:
        task_create(owner=alice, spec=spec, actor="test")
    assert list(caught.value.fields) == ["calendar"]


def test_a_cron_line_does_not_say_what_a_calendar_does(alice: User) -> None:
    task = daily(alice, new(alice))
    assert task.cron_expression is None
    assert attach(task, None).cron_expression == "0 9 * * *"
