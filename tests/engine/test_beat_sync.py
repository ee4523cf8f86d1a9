"""The PeriodicTask mirror: says what the task says as far as Celery can, and wakes no beat."""

from datetime import UTC, datetime, timedelta
from itertools import islice
from typing import Any

import pytest
from django.contrib.auth.models import User
from django_celery_beat.models import (
    ClockedSchedule,
    CrontabSchedule,
    IntervalSchedule,
    PeriodicTask,
    PeriodicTasks,
)

from tasks_app import beat_sync, recurrence
from tasks_app.models import ScheduledTask, db_now
from tasks_app.recurrence import build
from tasks_app.services import firing, tasks, upkeep
from tasks_app.services.calendars import calendar_create
from tasks_app.services.specs import TaskSpec
from tasks_app.states import TaskStatus

pytestmark = pytest.mark.django_db

PAYLOAD = {"url": "https://example.org/"}
SOON = datetime(2100, 1, 1, 9, 30, tzinfo=UTC)


def make(owner: User, **fields: Any) -> ScheduledTask:
    """Make a task through the service."""
    values = {"name": "Nightly", "type": "http_request", "payload": PAYLOAD, **fields}
    return tasks.task_create(owner=owner, spec=TaskSpec(**values), actor="test")


def mirror_of(task: ScheduledTask) -> PeriodicTask:
    """Read the mirror."""
    return PeriodicTask.objects.get(scheduled_task=task)


def five(row: CrontabSchedule) -> str:
    """Write a crontab as one expression."""
    return " ".join([row.minute, row.hour, row.day_of_month, row.month_of_year, row.day_of_week])


CRONS = [
    "0 9 * * *",
    "*/15 * * * *",
    "5/15 * * * *",
    "0 9-17 * * 1-5",
    "0 9 * * MON-FRI",
    "0 9 * * MON#5",
    "0 9 L * *",
    "0 9 LW * *",
    "0 9 15W * *",
    "0 9 * * 5L",
    "0 9 1,15 * *",
    "0 9 13 * 5",
    "0 9 */2 * 1",
    "0 9 * * 7",
    "0 9 * * 0,6",
    "0 9 * * 5-7",
    "30 4 1 1,7 *",
    "0 0 1 1 *",
    "0 1-23/2 * * *",
    "1,2,5-9/2 * * * *",
    "@daily",
]


def matches(schedule: Any, moment: datetime) -> bool:
    """Say whether Celery would run at this minute; it counts weekdays from Sunday."""
    return (
        moment.minute in schedule.minute
        and moment.hour in schedule.hour
        and moment.day in schedule.day_of_month
        and moment.month in schedule.month_of_year
        and moment.isoweekday() % 7 in schedule.day_of_week
    )


def minutes_of(schedule: Any, days: int) -> set[datetime]:
    """Give every minute of some days at which Celery would run."""
    start = datetime(2026, 1, 1, tzinfo=UTC)
    every = (start + timedelta(minutes=count) for count in range(days * 1440))
    return {moment for moment in every if matches(schedule, moment)}


@pytest.mark.parametrize("cron", CRONS)
def test_a_cron_mirror_says_the_same_or_more_in_celerys_own_reading(cron: str, alice: User) -> None:
    row = mirror_of(make(alice, cron=cron))
    rule = recurrence.parse(cron, "UTC")
    days = 70
    start = datetime(2026, 1, 1, tzinfo=UTC)
    ours: set[datetime] = set()
    slot = rule.next_after(start - timedelta(minutes=1))
    while slot is not None and slot < start + timedelta(days=days):
        ours.add(slot)
        slot = rule.next_after(slot)
    assert row.crontab is not None
    theirs = minutes_of(row.crontab.schedule, days)
    assert ours <= theirs
    assert ("Exactly:" in row.description) == (ours != theirs)


@pytest.mark.parametrize(
    ("schedule", "shown"),
    [
        ({"kind": "hourly", "minute": 15}, "15 * * * *"),
        ({"kind": "daily", "time": "09:30"}, "30 9 * * *"),
        ({"kind": "weekly", "days": ["mon", "fri"], "time": "09:30"}, "30 9 * * 1,5"),
        ({"kind": "monthly", "day": 5, "time": "09:30"}, "30 9 5 * *"),
        ({"kind": "monthly", "day": "last", "time": "09:30"}, "30 9 28-31 * *"),
        ({"kind": "monthly", "nth": "last", "weekday": "mon", "time": "09:30"}, "30 9 22-31 * 1"),
        ({"kind": "monthly", "workday": 3, "time": "09:30"}, "30 9 3-5 * 1-5"),
        ({"kind": "yearly", "month": 7, "day": 4, "time": "09:30"}, "30 9 4 7 *"),
        ({"kind": "text", "text": "every weekday at 9:30"}, "30 9 * * 1-5"),
        ({"kind": "text", "text": "on the third working day of the month at 9:30"}, "30 9 3-5 * 1-5"),
        (
            {"kind": "any", "of": [{"kind": "daily", "time": "09:30"}, {"kind": "hourly", "minute": 7}]},
            "7,30 * * * *",
        ),
        (
            {"kind": "any", "of": [{"kind": "daily", "time": "09:30"}, {"kind": "every", "minutes": 7}]},
            "* * * * *",
        ),
    ],
)
def test_a_friendly_schedule_is_shown_as_the_nearest_wider_crontab(
    schedule: dict[str, Any], shown: str, alice: User
) -> None:
    task = make(alice, schedule=schedule, timezone="Europe/Berlin")
    row = mirror_of(task)
    assert row.crontab is not None
    assert five(row.crontab) == shown
    assert str(row.crontab.timezone) == "Europe/Berlin"
    assert row.description.endswith(task.schedule_text)
    assert ("Exactly:" in row.description) == (shown != task.cron_expression)


@pytest.mark.parametrize(
    ("cron", "shown"),
    [
        ("0 9 * * MON-FRI", "0 9 * * 1-5"),
        ("0 9 * * 5-7", "0 9 * * 0,5,6"),
        ("0 9 * JAN,jul 7", "0 9 * 1,7 0"),
        ("0 9 * * 1/2", "0 9 * * 0,1,3,5"),
        ("5/20 9 * * *", "5,25,45 9 * * *"),
        ("*/15 9 */2 * 1", "*/15 9 */2 * 1"),
        ("0 9 * * MON#5", "0 9 29-31 * 1"),
        ("0 9 L 2 *", "0 9 28,29 2 *"),
        ("0 9 13 * 5", "0 9 * * *"),
    ],
)
def test_a_cron_is_said_in_celerys_grammar_and_no_wider_than_it_must(cron: str, shown: str, alice: User) -> None:
    row = mirror_of(make(alice, cron=cron))
    assert row.crontab is not None
    assert five(row.crontab) == shown
    is_wider = cron in ("0 9 L 2 *", "0 9 13 * 5")
    assert ("Shown as the nearest wider crontab. Exactly:" in row.description) == is_wider


@pytest.mark.parametrize(
    ("unit", "count"), [("seconds", 30), ("minutes", 5), ("minutes", 7), ("hours", 2), ("days", 3)]
)
def test_an_interval_is_an_interval(unit: str, count: int, alice: User) -> None:
    row = mirror_of(make(alice, schedule={"kind": "every", unit: count}))
    assert row.interval is not None
    assert (row.interval.every, row.interval.period, row.crontab) == (count, unit, None)


def test_a_text_is_mirrored_as_what_it_means(alice: User) -> None:
    row = mirror_of(make(alice, schedule={"kind": "text", "text": "every 7 minutes"}))
    assert row.interval is not None
    assert (row.interval.every, row.interval.period) == (7, "minutes")
    task = make(alice, schedule={"kind": "text", "text": "on 1 January 2100 at 9:30"})
    assert (task.kind, task.schedule_text) == ("once", "Once, on 1 January 2100 at 09:30, UTC")
    clocked = mirror_of(task).clocked
    assert clocked is not None
    assert clocked.clocked_time == SOON


def test_a_one_time_task_is_clocked_and_one_off(alice: User) -> None:
    row = mirror_of(make(alice, run_at=SOON))
    assert row.clocked is not None
    assert (row.clocked.clocked_time, row.one_off, row.expires, row.start_time) == (SOON, True, None, None)


def test_a_mirror_tells_its_task_queue_and_window(alice: User) -> None:
    window = {"starts_at": SOON, "ends_at": SOON + timedelta(days=400)}
    task = make(alice, cron="0 9 * * *", **window)
    row = mirror_of(task)
    assert (row.name, row.task, row.queue) == (f"carillon:{task.id}", "tasks_app.fire", task.queue)
    assert row.kwargs == f'{{"task_id": "{task.id}"}}'
    assert (row.start_time, row.expires) == (window["starts_at"], window["ends_at"])
    assert row.enabled
    assert str(row)


def test_a_manual_task_has_no_mirror_and_loses_the_one_it_had(alice: User) -> None:
    task = make(alice, cron="0 9 * * *")
    assert make(alice).periodic_task_id is None
    edited = tasks.task_update(task=task, changes={"cron": None}, actor="test")
    assert edited.periodic_task_id is None
    assert not PeriodicTask.objects.exists()
    tasks.task_update(task=edited, changes={"cron": "0 9 * * *"}, actor="test")
    assert PeriodicTask.objects.count() == 1


def test_an_edit_changes_the_same_mirror_from_one_kind_to_another(alice: User) -> None:
    task = make(alice, cron="0 9 * * *")
    row = mirror_of(task)
    tasks.task_update(task=task, changes={"run_at": SOON}, actor="test")
    clocked = mirror_of(task)
    assert (clocked.pk, clocked.crontab, clocked.one_off) == (row.pk, None, True)
    tasks.task_update(task=task, changes={"schedule": {"kind": "every", "hours": 1}}, actor="test")
    interval = mirror_of(task)
    assert (interval.pk, interval.clocked, interval.one_off) == (row.pk, None, False)


def test_a_mirror_is_enabled_while_its_task_is_active(alice: User) -> None:
    task = make(alice, cron="0 9 * * *")
    task = tasks.task_pause(task=task, actor="test")
    assert not mirror_of(task).enabled
    task = tasks.task_resume(task=task, actor="test")
    assert mirror_of(task).enabled
    tasks.task_cancel(task=task, actor="test")
    assert not mirror_of(task).enabled
    tasks.task_delete(task=task, actor="test")
    assert not PeriodicTask.objects.exists()


def due(task: ScheduledTask, **fields: Any) -> None:
    """Let the slot of the task come now."""
    ScheduledTask.objects.filter(id=task.id).update(next_slot=db_now(), next_due_at=db_now(), **fields)
    firing.fire_due(actor="test")
    task.refresh_from_db()


def test_a_task_that_has_ended_by_itself_is_switched_off_in_its_mirror(alice: User) -> None:
    once = make(alice, run_at=db_now() - timedelta(seconds=1))
    firing.fire_due(actor="test")
    once.refresh_from_db()
    broken = make(alice, cron="0 9 * * *")
    due(broken, schedule={"kind": "cron", "expression": "nonsense"})
    assert (once.status, broken.status) == (TaskStatus.COMPLETED, TaskStatus.PAUSED)
    assert (once.version, broken.version) == (2, 2)
    assert not mirror_of(once).enabled
    assert not mirror_of(broken).enabled


def test_firing_writes_nothing_to_the_mirror_and_upkeep_counts_in_bulk(alice: User) -> None:
    task = make(alice, cron="0 9 * * *")
    before = PeriodicTask.objects.values().get()
    due(task)
    assert PeriodicTask.objects.values().get() == before
    ran_at = db_now()
    ScheduledTask.objects.filter(id=task.id).update(last_run_at=ran_at)
    assert upkeep.mirror("test") == 1
    row = mirror_of(task)
    assert (row.last_run_at, row.total_run_count) == (ran_at, 1)
    assert upkeep.mirror("test") == 0


def test_nothing_here_wakes_a_beat(alice: User) -> None:
    schedules: list[dict[str, Any]] = [
        {"cron": "0 9 * * *"},
        {"run_at": SOON},
        {"schedule": {"kind": "every", "hours": 1}},
        {"schedule": {"kind": "monthly", "workday": 3, "time": "09:30"}},
    ]
    for fields in schedules:
        task = make(alice, **fields)
        task = tasks.task_update(task=task, changes={"name": "Daily", "priority": 6}, actor="test")
        task = tasks.task_pause(task=task, actor="test")
        task = tasks.task_resume(task=task, actor="test")
        due(task)
        upkeep.mirror("test")
        tasks.task_delete(task=task, actor="test")
    assert not PeriodicTasks.objects.exists()


def test_equal_schedules_share_their_rows(alice: User) -> None:
    for _ in range(3):
        make(alice, cron="0 9 * * *")
        make(alice, run_at=SOON)
        make(alice, schedule={"kind": "every", "hours": 1})
    make(alice, cron="0 9 * * *", timezone="Europe/Berlin")
    assert (CrontabSchedule.objects.count(), IntervalSchedule.objects.count()) == (2, 1)
    assert ClockedSchedule.objects.count() == 1


def test_rows_made_twice_by_hand_do_no_harm(alice: User) -> None:
    for _ in range(2):
        CrontabSchedule.objects.create(minute="0", hour="9")
        IntervalSchedule.objects.create(every=1, period="hours")
        ClockedSchedule.objects.create(clocked_time=SOON)
    for fields in ({"cron": "0 9 * * *"}, {"run_at": SOON}, {"schedule": {"kind": "every", "hours": 1}}):
        assert mirror_of(make(alice, **fields))
    assert CrontabSchedule.objects.count() == 2


def test_a_mirror_deleted_by_hand_comes_back_with_the_next_edit(alice: User) -> None:
    task = make(alice, cron="0 9 * * *")
    mirror_of(task).delete()
    task.refresh_from_db()
    assert task.periodic_task_id is None
    tasks.task_update(task=task, changes={"name": "Daily"}, actor="test")
    assert mirror_of(task).description.startswith("Daily:")


def test_stale_counts_leave_out_what_is_up_to_date(alice: User) -> None:
    task = make(alice, cron="0 9 * * *")
    manual = make(alice)
    ScheduledTask.objects.update(last_run_at=db_now())
    assert list(beat_sync.stale_counts(ScheduledTask.objects.all())) == [task]
    task.refresh_from_db()
    beat_sync.record_fired(task)
    assert not beat_sync.stale_counts(ScheduledTask.objects.all())
    assert manual.periodic_task_id is None


def test_the_longest_cron_of_every_kind_fits_its_columns(alice: User) -> None:
    long = ",".join(str(minute) for minute in range(0, 60, 2)) + " 1-5 * * *"
    many = [{"kind": "daily", "time": f"09:{minute:02d}"} for minute in islice(range(0, 60, 2), 20)]
    for fields in ({"cron": long}, {"schedule": {"kind": "any", "of": many}}):
        task = make(alice, **fields)
        task.refresh_from_db()
        assert mirror_of(task).enabled


@pytest.mark.parametrize(("policy", "shown"), [("skip", "0 9 1 7 *"), ("previous", "0 9 * * *"), ("next", "0 9 * * *")])
def test_a_mirror_says_that_a_calendar_leaves_out_or_moves_slots(policy: str, shown: str, alice: User) -> None:
    calendar_create(owner=alice, values={"name": "Office"})
    row = mirror_of(make(alice, cron="0 9 1 7 *", calendar="Office", calendar_policy=policy))
    assert row.crontab is not None
    assert five(row.crontab) == shown
    assert "Exactly: Every year on 1 July at 09:00, UTC, " in row.description
    assert row.description.endswith("days off of “Office”")


@pytest.mark.parametrize("calendar", [None, "Office ... closed"])
def test_a_mirror_says_the_whole_of_a_sentence_that_its_task_had_to_cut(calendar: str | None, alice: User) -> None:
    if calendar:
        calendar_create(owner=alice, values={"name": calendar})
    days = [{"kind": "yearly", "month": 1 + day % 12, "day": 1 + day, "time": f"09:{day:02d}"} for day in range(20)]
    task = make(alice, schedule={"kind": "any", "of": days}, calendar=calendar, max_runs=7)
    rest = f", but not on days off of “{calendar}”" if calendar else ""
    assert " ..." in task.schedule_text
    assert task.schedule_text.endswith(rest)
    said = build(task.schedule or {}, task.timezone).describe()
    assert len(said) > 300
    assert mirror_of(task).description.endswith(f"Exactly: {said}{rest}; runs 7 times at most")


def test_a_mirror_says_that_its_task_starts_later(alice: User) -> None:
    row = mirror_of(make(alice, cron="0 9 * * *", jitter_seconds=20, spread_seconds=600))
    assert row.description.endswith("; starts up to 620 s later")


def test_a_mirror_does_not_call_wider_what_runs_less_often(alice: User) -> None:
    parts = [{"kind": "every", "seconds": 10}, {"kind": "daily", "time": "09:00"}]
    row = mirror_of(make(alice, schedule={"kind": "any", "of": parts}, max_runs=7))
    assert "Shown roughly, as no crontab says seconds. Exactly: Every 10 seconds" in row.description
    assert row.description.endswith("; runs 7 times at most")


@pytest.mark.parametrize("unit", [{"minutes": 7}, {"days": 2}])
def test_a_mirror_does_not_call_wider_what_runs_within_the_minute(alice: User, unit: dict[str, int]) -> None:
    late = {"kind": "every", **unit, "anchor": "2026-01-01T00:00:30Z"}
    row = mirror_of(make(alice, schedule={"kind": "any", "of": [late, {"kind": "daily", "time": "09:00"}]}))
    assert "Shown roughly, as no crontab says seconds" in row.description
