"""What starts when: the counts are those that walking every task by itself gives, and the work is bounded."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.contrib.auth.models import User

from tasks_app.models import Calendar, ScheduledTask
from tasks_app.selectors.planned import PlannedFilters
from tasks_app.services.crowding import crowd_size, crowded_minutes, crowds
from tasks_app.services.load import Load, hours_of
from tasks_app.services.starts import Window, starts_within
from tasks_app.services.upcoming import upcoming_slots
from tests import runs
from tests.services.planned import START, by_minute, daily, plan, walked

pytestmark = pytest.mark.django_db

DAY = timedelta(days=1)
EVERYTHING = PlannedFilters()


def load(user: User, *, start: datetime = START, length: timedelta = DAY, most: int = 0) -> Load:
    window = Window.of(start, start + length)
    return Load(starts_within(user, window, EVERYTHING), hours_of(window), most=most)


@pytest.fixture
def all_kinds(alice: User) -> None:
    """Tasks of every kind of schedule, on time and later, bounded and not."""
    for shift in ({}, {"spread_seconds": 5400}, {"jitter_seconds": 400}, {"spread_seconds": 90, "jitter_seconds": 7}):
        for _ in range(2):
            plan(alice, daily("03:00"), **shift)
            plan(alice, {"kind": "hourly", "minute": 59}, **shift)
            plan(alice, {"kind": "every", "seconds": 41}, **shift)
        plan(alice, {"kind": "every", "minutes": 45}, max_runs=9, slots_fired=2, **shift)
        plan(alice, {"kind": "every", "seconds": 15}, ends_at=START + timedelta(hours=3), **shift)
        plan(alice, {"kind": "every", "days": 1}, **shift)
        plan(alice, {"kind": "cron", "expression": "*/4 1-9 * * *"}, max_runs=40, **shift)
        plan(alice, {"kind": "once", "run_at": "2026-11-29T05:30:00Z"}, **shift)
        plan(alice, {"kind": "any", "of": [daily("09:00"), {"kind": "hourly", "minute": 5}]}, **shift)
        plan(alice, {"kind": "weekly", "days": ["mon"], "time": "01:30"}, timezone="Asia/Kolkata", **shift)


@pytest.mark.usefixtures("all_kinds")
@pytest.mark.parametrize(
    ("later", "length"),
    [
        (timedelta(0), DAY),
        (timedelta(0), timedelta(hours=1)),
        (timedelta(hours=5, minutes=17), timedelta(hours=1)),
        (timedelta(days=3), timedelta(hours=30)),
    ],
)
def test_the_load_is_what_walking_every_task_gives(alice: User, later: timedelta, length: timedelta) -> None:
    window = Window.of(START + later, START + later + length)
    found = load(alice, start=START + later, length=length)
    counts, tasks = by_minute(window)
    minutes = range(window.start, window.end, 60)
    assert {minute: count for minute, count in zip(minutes, found.runs, strict=True) if count} == counts
    assert {minute: count for minute, count in zip(minutes, found.tasks, strict=True) if count} == tasks
    assert found.total == sum(counts.values()) == sum(part.runs for part in found.parts)
    assert found.is_complete
    busiest, most = found.counts().busiest()
    assert most == found.runs_at(busiest) == max(counts.values())


@pytest.mark.usefixtures("all_kinds")
def test_the_parts_count_each_task_once(alice: User) -> None:
    window = Window.of(START, START + DAY)
    per_hour: dict[int, set[Any]] = {}
    for task in ScheduledTask.objects.all():
        for due_at in walked(task, window):
            per_hour.setdefault(int(due_at.timestamp()) // 3600, set()).add(task.id)
    found = {part.start // 3600: part.tasks for part in load(alice).parts if part.tasks}
    assert found == {hour: len(tasks) for hour, tasks in per_hour.items()}


def test_a_part_names_what_begins_earliest_in_it(alice: User) -> None:
    end = START + timedelta(hours=5)
    for minute in (40, 10, 30, 20):
        plan(alice, {"kind": "hourly", "minute": minute}, name=f"at {minute}", ends_at=end)
    often = plan(alice, {"kind": "every", "minutes": 5}, name="often", ends_at=end)
    found = load(alice, most=3)
    second = found.parts[1].earliest()
    named = [(found.groups[number].tasks[0], count) for number, count in second]
    names = {task.id: task.name for task in ScheduledTask.objects.all()}
    assert [(names[task], count) for task, count in named] == [("often", 12), ("at 10", 1), ("at 20", 1)]
    assert found.parts[1].tasks == 5
    assert [task for task, _ in found.most_often(1)] == [often.id]
    assert [task for task, _ in found.soonest(2)] == [often.id, ScheduledTask.objects.get(name="at 10").id]


def test_what_starts_in_every_hour_takes_no_place_in_any(alice: User) -> None:
    often = plan(alice, {"kind": "every", "minutes": 5})
    hourly = plan(alice, {"kind": "hourly", "minute": 40})
    rare = plan(alice, {"kind": "every", "hours": 2})
    found = load(alice, most=3)
    assert [task for task, _ in found.steadiest(5)] == [often.id, hourly.id]
    assert found.steady_tasks() == 2
    assert {part.steady for part in found.parts[1:-1]} == {2}
    assert {task for part in found.parts for number, _ in part.earliest() for task in found.groups[number].tasks} == {
        rare.id
    }
    assert load(alice).steady == []


def test_others_tasks_do_not_count(alice: User, charlie: User, staff: User) -> None:
    plan(alice, daily("03:00"))
    assert [load(user).total for user in (alice, charlie, staff)] == [1, 0, 1]


def test_a_schedule_that_cannot_be_read_counts_with_its_next_slot_only(alice: User) -> None:
    at = START + timedelta(hours=2)
    runs.make_task(alice, kind="recurring", schedule={"kind": "lunar"}, next_slot=at, next_due_at=at)
    plan(alice, daily("03:00"))
    assert (load(alice).total, load(alice, start=START + DAY).total) == (2, 1)


@pytest.mark.parametrize("broken", [{"timezone": "Mars/Olympus"}, {"schedule": {"kind": "lunar"}}])
def test_one_task_that_cannot_be_read_takes_nothing_from_the_others(alice: User, broken: dict[str, Any]) -> None:
    free = Calendar.objects.create(owner=alice, name="Free", weekend=["sat", "sun"])
    task = plan(alice, daily("09:00"), calendar=free, calendar_policy="next", spread_seconds=3600)
    plan(alice, daily("03:00"))
    ScheduledTask.objects.filter(id=task.id).update(**broken)
    assert load(alice, start=START, length=3 * DAY).total == 4
    assert task.next_due_at in [one.due_at for one in upcoming_slots(alice, until=START + 3 * DAY, limit=9)]


def test_what_is_alike_is_counted_however_much_it_is(alice: User) -> None:
    for _ in range(40):
        plan(alice, {"kind": "every", "seconds": 5})
    found = load(alice, length=7 * DAY)
    assert found.is_complete
    assert len(found.groups) == 1
    assert found.total == 40 * (7 * 17_280 + 5), "to the end of the last minute"


def test_too_much_to_count_is_said_and_nothing_is_made_up(alice: User) -> None:
    for number in range(20):
        plan(alice, {"kind": "cron", "expression": f"*/{1 + number % 2} {number}-23,0-{number} * * *"})
    rare = plan(alice, daily("04:00"), timezone="UTC")
    found = load(alice, length=7 * DAY)
    assert not found.is_complete
    assert found.total > 10_000
    assert max(found.runs) <= 21, "no task starts twice in a minute"
    assert found.task_count == 21
    assert [len(seconds) for task, seconds in found.soonest(50) if task == rare.id] == [7], "the rare lose nothing"


def test_too_much_jitter_is_told_by_what_is_sure(alice: User) -> None:
    for _ in range(9):
        plan(alice, {"kind": "every", "seconds": 5}, jitter_seconds=600)
    window = Window.of(START, START + DAY)
    found = load(alice)
    counted = {task: len(seconds) for task, seconds in found.soonest(9)}
    walks = {task.id: sum(1 for _ in walked(task, window)) for task in ScheduledTask.objects.all()[:2]}
    assert not found.is_complete
    assert all(walks[task] - 300 < counted[task] <= walks[task] for task in walks)
    assert sum(count < 17_100 for count in counted.values()) == 4, "those beyond the bound"


# -- crowded minutes


def test_a_minute_is_crowded_when_five_tasks_start_in_it(alice: User) -> None:
    five = [plan(alice, daily("04:00")).id for _ in range(5)]
    for _ in range(4):
        plan(alice, daily("05:00"))
    found = load(alice)
    ((crowd,), count) = crowds(found, most=10)
    assert (set(crowd.tasks), crowd.runs, count) == (set(five), 5, 1)
    assert crowd.minutes == [int(datetime(2026, 11, 29, 3, 0, tzinfo=UTC).timestamp())]
    assert crowded_minutes(found) == set(crowd.minutes)


def test_minutes_with_the_same_tasks_are_told_once(alice: User) -> None:
    hourly = [plan(alice, {"kind": "hourly", "minute": 0}).id for _ in range(6)]
    nightly = [plan(alice, daily("03:00")).id for _ in range(3)]
    others = [plan(alice, daily("05:00")).id for _ in range(3)]
    (first, second, third), count = crowds(load(alice), most=10)
    assert ([len(crowd.minutes) for crowd in (first, second, third)], count) == ([1, 1, 22], 3)
    assert (set(first.tasks), set(second.tasks)) == ({*hourly, *nightly}, {*hourly, *others})
    assert set(third.tasks) == set(hourly)
    assert len(crowds(load(alice), most=1)[0]) == 1


def test_spread_tasks_are_no_crowd(alice: User) -> None:
    for _ in range(12):
        plan(alice, daily("04:00"), spread_seconds=43_200)
    assert crowds(load(alice), most=10) == ([], 0)


def test_what_starts_every_minute_cannot_be_spread(alice: User) -> None:
    steady = {plan(alice, {"kind": "every", "seconds": seconds}).id for seconds in (10, 20, 30, 60)}
    night = [plan(alice, daily("04:00")).id for _ in range(9)]
    (crowd,), _ = crowds(load(alice), most=10)
    assert crowd.steady == steady
    assert crowd.movable == night
    assert crowd.runs == 6 + 3 + 2 + 1 + 9


def test_what_is_usual_is_no_crowd(alice: User) -> None:
    for _ in range(7):
        plan(alice, {"kind": "every", "minutes": 1})
    night = [plan(alice, daily("04:00")).id for _ in range(14)]
    assert crowd_size(load(alice)) == 22, "three times seven and a little"
    assert crowded_minutes(load(alice)) == set()
    night.append(plan(alice, daily("04:00")).id)
    (crowd,), _ = crowds(load(alice), most=10)
    assert crowd.movable == night
